"""A server that publishes key sets over TLS, with a certificate made for it, and answers as it is told to."""

import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import pki

Answer = Callable[[BaseHTTPRequestHandler], None]


class KeyServer:
    """Where it listens, what it was asked for, and what it answers; `trust` is the file of its authority."""

    def __init__(self, port: int, trust: Path) -> None:
        self.port = port
        self.trust = trust
        self.asked: list[tuple[str, str]] = []
        self.body = b'{"keys":[]}'
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.answer: Answer | None = None

    def url(self, host: str = "localhost") -> str:
        """The address of the set."""
        return f"https://{host}:{self.port}/jwks.json"


@contextmanager
def serving(*names: str) -> Iterator[KeyServer]:
    """A server whose certificate is for these names, `dns:localhost` when none is said."""
    root = pki.authority()
    pair = pki.certificate("server", root, *(names or ("dns:localhost",)), usage=ExtendedKeyUsageOID.SERVER_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        trust, chain = Path(folder) / "trust.pem", Path(folder) / "server.pem"
        trust.write_bytes(root.pem)
        chain.write_bytes(pair.pem + pair.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known.asked.append((self.headers["host"], self.path))
                if known.answer is not None:
                    known.answer(self)
                    return
                self.send_response(known.status)
                for name, value in known.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(known.body)))
                self.end_headers()
                self.wfile.write(known.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        known = KeyServer(server.server_port, trust)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
