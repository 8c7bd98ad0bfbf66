"""The ciphers of TLS 1.2 at the proxies that the docs show, and at the server's own TLS: those of BCP 195 alone."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tessera.ops import certificates
from tests.architecture.modules import ROOT
from tests.proxy import haproxy, nginx
from tests.support import ciphers, pki
from tests.support.ciphers import LIST, RECOMMENDED
from tests.support.pki import Pair
from tests.support.server import running

PAIRS: dict[str, Pair] = {
    "ECDSA": pki.certificate(
        "server", None, "ip:127.0.0.1", usage=pki.SERVERS, key=ec.generate_private_key(ec.SECP256R1())
    ),
    "RSA": pki.certificate(
        "server", None, "ip:127.0.0.1", usage=pki.SERVERS, key=rsa.generate_private_key(65537, 2048)
    ),
}
NOBODY = 9
"""Where nothing listens: a handshake needs nobody behind the proxy."""


def by_haproxy(folder: Path, pair: Pair) -> AbstractContextManager[int]:
    """HAProxy with the configuration for certificates of clients, which it asks for."""
    return haproxy.proxy(folder, NOBODY, pair, pki.authority().pem)


def by_nginx(folder: Path, pair: Pair) -> AbstractContextManager[int]:
    """The nginx of the docs."""
    return nginx.example(folder, NOBODY, pair)


@contextmanager
def by_itself(folder: Path, pair: Pair) -> Iterator[int]:
    """The server's own TLS."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"CERTIFICATE": folder / "server.pem", "KEY": folder / "server.key"}
    files["CERTIFICATE"].write_bytes(pair.pem)
    files["KEY"].write_bytes(pair.key_pem)
    with running(folder / "data", **{f"TESSERA_TLS_{name}_FILE": str(path) for name, path in files.items()}) as server:
        yield server.port


@pytest.mark.parametrize("kind", sorted(RECOMMENDED))
@pytest.mark.parametrize("served", [by_haproxy, by_nginx, by_itself])
def test_only_what_is_recommended_is_taken(
    tmp_path: Path, served: Callable[[Path, Pair], AbstractContextManager[int]], kind: str
) -> None:
    """Of all ciphers that a client can offer two are taken for each kind of key, and every weak one is refused."""
    with served(tmp_path / "served", PAIRS[kind]) as port:
        assert ciphers.taken(port) == RECOMMENDED[kind]
        assert not ciphers.takes_older(port)


def test_a_server_that_takes_more_is_seen(tmp_path: Path) -> None:
    """One that takes everything takes dozens, among them some without forward secrecy and some of the CBC kind."""
    file = tmp_path / "server.pem"
    file.write_bytes(PAIRS["RSA"].pem + PAIRS["RSA"].key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.set_ciphers(ciphers.EVERYTHING)
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1

    class Shakes(BaseRequestHandler):
        """Shakes hands, and no more."""

        def handle(self) -> None:
            try:
                context.wrap_socket(self.request, server_side=True).close()
            except OSError:
                return

    with ThreadingTCPServer(("127.0.0.1", 0), Shakes) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found, older = ciphers.taken(server.server_address[1]), ciphers.takes_older(server.server_address[1])
        server.shutdown()
        thread.join()
    assert older
    assert found >= RECOMMENDED["RSA"] | {
        "AES128-SHA",
        "AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA384",
    }


@pytest.mark.parametrize("path", ["docs/authentication.md", "docs/deploying.md", "deploy/compose/haproxy.cfg"])
def test_every_configuration_names_the_same(path: str) -> None:
    """One list, wherever it is written."""
    assert certificates.CIPHERS == LIST
    assert LIST in (ROOT / path).read_text()
