"""HTTP by hand over a socket: sends any bytes, well-formed or not, and reads answers one by one."""

import base64
import socket
from types import TracebackType
from typing import NamedTuple
from urllib.parse import quote_plus

TIMEOUT_SECONDS = 30.0
"""Only a server that hangs takes as long, on a machine however busy."""


class Answer(NamedTuple):
    """One answer; header names in lower case, in the order of the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key == name]


class Wire:
    """One connection."""

    def __init__(self, port: int, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._read = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def answer(self, *, head: bool = False) -> Answer | None:
        """The next answer, or None when the server closed the connection instead. Raises TimeoutError."""
        while b"\r\n\r\n" not in self._read:
            if not self._more():
                return None
        raw, _, self._read = self._read.partition(b"\r\n\r\n")
        status_line, *lines = raw.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        status = int(status_line.split(" ")[1])
        length = 0 if head or status < 200 else int(dict(headers).get("content-length", "0"))
        while len(self._read) < length:
            if not self._more():
                return None
        body, self._read = self._read[:length], self._read[length:]
        return Answer(status, headers, body)

    def answered(self) -> Answer:
        """The next answer. Raises AssertionError when the connection is closed instead."""
        answer = self.answer()
        assert answer is not None, "closed without an answer"
        return answer

    def closed(self) -> bool:
        """Whether the server has closed, or closes within the timeout, with nothing more to say."""
        try:
            return not self._read and not self._more()
        except TimeoutError:
            return False

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return False
        self._read += data
        return bool(data)


def request(
    method: str, target: str, body: bytes = b"", headers: list[tuple[str, str]] | None = None, version: str = "1.1"
) -> bytes:
    """A request with `Host` and `Content-Length`, where `headers` names neither."""
    lines = list(headers or [])
    named = {name.lower() for name, _ in lines}
    if "host" not in named:
        lines.insert(0, ("Host", "tessera.test"))
    if not {"content-length", "transfer-encoding"} & named and (body or method not in ("GET", "HEAD")):
        lines.append(("Content-Length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{method} {target} HTTP/{version}\r\n{head}\r\n".encode("latin-1") + body


def ask(port: int, method: str, target: str, body: bytes = b"", headers: list[tuple[str, str]] | None = None) -> Answer:
    """One request on a connection of its own. Raises AssertionError when it is not answered."""
    with Wire(port) as wire:
        wire.send(request(method, target, body, headers))
        answer = wire.answer(head=method == "HEAD")
        assert answer is not None, f"{method} {target[:80]} was not answered"
        return answer


FORM = ("Content-Type", "application/x-www-form-urlencoded")


def basic(user: str, password: str) -> tuple[str, str]:
    """The header of HTTP Basic, its halves as they are."""
    return "Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def encoded_basic(user: str, password: str) -> tuple[str, str]:
    """The header of HTTP Basic with its halves form-encoded first (RFC 6749 section 2.3.1)."""
    return basic(quote_plus(user), quote_plus(password))


def bearer(token: str) -> tuple[str, str]:
    """The header that carries a token."""
    return "Authorization", f"Bearer {token}"
