"""Golden transcripts of HTTP: reading `*.http` files, and holding answers against them.

A file is a comment (`#` lines) and exchanges. Each begins with `### its name`, then the request line, headers, an empty
line and a body; then `HTTP/1.1 STATUS`, the headers expected (all of them, but for `date`, `content-length`, and the
`x-request-id` that every refusal has; order counts among headers of one name), an empty line and the body. In bodies,
line breaks and the indentation after them carry no meaning.

In a request `{{name}}` stands for a value, `{{upper name}}` for it in upper case, `{{url name}}` percent-encoded,
`{{basic user password}}` for the credentials of HTTP Basic. In an answer `{{any_hex}}`, `{{int}}`, `{{uuid}}`,
`{{time}}` and others match such values, and `{{name=any_hex}}` keeps the one that was matched for the exchanges below
it.
"""

import base64
import re
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote, quote_plus

from tests.support.raw import Answer

Values = dict[str, str]

PATTERNS = {
    "any_hex": r"[0-9a-f]+",
    "hex_token": r"[0-9a-f]{2,128}",
    "int": r"-?[0-9]+",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "any_uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "address": r"https?://[a-z0-9.:-]+",
    "base64url": r"[A-Za-z0-9_-]+",
    "metadata_address": r"http://127\.0\.0\.1:[0-9]+/\.well-known/oauth-protected-resource",
    "core_time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "referrer_code": r"[A-Z2-9]{6}-[A-Z2-9]{6}",
    "precise_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}0Z",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}

_PLACE = re.compile(r"\{\{([^}]*)\}\}")
_UNCHECKED = ("date", "content-length", "x-request-id")
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class Player(Protocol):
    """Something that answers requests."""

    def play(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """The answer to one request."""


class Exchange(NamedTuple):
    """One request and the answer expected to it, placeholders unfilled."""

    name: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: str
    status: int
    expected_headers: list[tuple[str, str]]
    expected_body: str


def read(path: Path) -> list[Exchange]:
    """The exchanges of a file."""
    blocks = path.read_text().split("\n### ")[1:]
    return [_exchange(block) for block in blocks]


def _exchange(block: str) -> Exchange:
    name, _, rest = block.partition("\n")
    asked, separator, answered = rest.partition("\nHTTP/1.1 ")
    assert separator, f"{name!r} has no answer"
    request_line, headers, body = _message(asked)
    status, expected_headers, expected_body = _message(answered)
    method, _, target = request_line.partition(" ")
    return Exchange(name, method, target, headers, body, int(status), expected_headers, expected_body)


def _message(text: str) -> tuple[str, list[tuple[str, str]], str]:
    head, _, body = text.strip().partition("\n\n")
    first, *lines = head.splitlines()
    pairs = (line.partition(": ") for line in lines)
    return first, [(key, value) for key, _, value in pairs], "".join(line.strip() for line in body.splitlines())


def play(exchange: Exchange, player: Player, values: Values) -> None:
    """Send the request and hold the answer against what is expected; values that it names are added to `values`."""
    headers = [(key, fill(value, values)) for key, value in exchange.headers]
    body = fill(exchange.body, values).encode()
    answer = player.play(exchange.method, fill(exchange.target, values), headers, body)
    shown = f"{exchange.name}: {answer.status} {answer.body.decode()}"
    assert answer.status == exchange.status, shown
    _match_headers(exchange, answer, values)
    ids = answer.all("x-request-id")
    assert len(ids) == (answer.status >= 400), f"{shown}: a refusal has an id, and nothing else has"
    assert all(_REQUEST_ID.fullmatch(each) for each in ids), shown
    assert _matches(exchange.expected_body, answer.body.decode(), values), f"{shown}\nexpected {exchange.expected_body}"
    length = str(len(answer.body))
    assert exchange.method == "HEAD" or answer.header("content-length") == length, shown


def _match_headers(exchange: Exchange, answer: Answer, values: Values) -> None:
    sent = sorted((pair for pair in answer.headers if pair[0] not in _UNCHECKED), key=lambda pair: pair[0])
    expected = sorted(exchange.expected_headers, key=lambda pair: pair[0])
    shown = f"{exchange.name}: {sent}\nexpected {expected}"
    assert [name for name, _ in sent] == [name for name, _ in expected], shown
    for (_, value), (_, pattern) in zip(sent, expected, strict=True):
        assert _matches(pattern, value, values), shown


def fill(text: str, values: Values) -> str:
    """A text with its placeholders filled in."""

    def one(place: re.Match[str]) -> str:
        kind, *names = place.group(1).split(" ")
        if kind == "basic":
            user, password = (quote_plus(values[name]) for name in names)
            return base64.b64encode(f"{user}:{password}".encode()).decode()
        if kind == "upper":
            return values[names[0]].upper()
        return quote(values[names[0]], safe="") if kind == "url" else values[kind]

    return _PLACE.sub(one, text)


def _matches(expected: str, text: str, values: Values) -> bool:
    """Whether a text is what is expected; keeps the values it names."""
    pattern, kept = "", []
    for index, part in enumerate(_PLACE.split(expected)):
        if index % 2 == 0:
            pattern += re.escape(part)
            continue
        name, _, kind = part.rpartition("=")
        if name:
            kept.append(name)
        pattern += f"({PATTERNS[kind]})" if name else PATTERNS.get(kind) or re.escape(fill(f"{{{{{part}}}}}", values))
    found = re.fullmatch(pattern, text)
    if found is not None:
        values.update(zip(kept, found.groups(), strict=True))
    return found is not None
