"""The proxy of the compose file, run: a real HAProxy with that very configuration in front of two real nodes."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.deploy.files import COMPOSE, compose, image_environment
from tests.proxy import haproxy
from tests.support import ciphers
from tests.support.operator import Operated, operated, until
from tests.support.programs import program
from tests.support.server import free_port

START_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
NAMES = ("one", "two")
CONFIGURATION = (COMPOSE / "haproxy.cfg").read_text()


class Behind:
    """Two nodes, and where the proxy in front of them listens."""

    def __init__(self, nodes: list[Operated], url: str) -> None:
        self.nodes = nodes
        self.url = url

    def token(self, url: str | None = None) -> int:
        """The status of a token request through the proxy, or at this address."""
        demo = self.nodes[0].server.demo
        asked = {"grant_type": "client_credentials"}
        pair = (demo["client_id"], demo["client_secret"])
        return httpx.post(f"{url or self.url}/oauth/token", data=asked, auth=pair, verify=False, timeout=30).status_code


def here(folder: Path, port: int, nodes: list[Operated]) -> str:
    """The configuration with the addresses of this machine in the place of those of the containers."""
    text = CONFIGURATION.replace("bind :8443", f"bind 127.0.0.1:{port}")
    text = text.replace("/run/secrets/proxy_certificate", str(folder / "secrets" / "proxy.pem"))
    for name, node in zip(NAMES, nodes, strict=True):
        beside = node.management.rpartition(":")[2]
        line = f"server {name} 127.0.0.1:{node.server.port} check port {beside}"
        text, times = re.subn(rf"server {name} {name}:8000$", line, text, flags=re.MULTILINE)
        assert times == 2
    return text


@contextmanager
def proxy(folder: Path, nodes: list[Operated]) -> Iterator[str]:
    """The proxy for the length of a block, and its address."""
    port = free_port()
    program("openssl")
    subprocess.run(["sh", str(COMPOSE / "secrets.sh"), str(folder / "secrets")], check=True, timeout=60)
    with haproxy.running(folder, here(folder, port, nodes), port):
        until(lambda: _answers(port), bool, START_SECONDS)
        yield f"https://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    try:
        answer = httpx.get(f"https://127.0.0.1:{port}/.well-known/oauth-authorization-server", verify=False, timeout=60)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """Two nodes that share what they know, and the proxy; requests through it are answered when this is given."""
    folder = tmp_path_factory.mktemp("behind")
    trusting = {"TESSERA_TRUSTED_PROXIES": "127.0.0.1"}
    with (
        operated(folder / "data", **trusting) as one,
        operated(folder / "data", **trusting) as two,
        proxy(folder, [one, two]) as url,
    ):
        yield Behind([one, two], url)


def test_the_proxy_knows_the_nodes_and_their_ports() -> None:
    """The servers of both backends are the nodes of the compose file, on the image's ports; queries are not logged."""
    ports = image_environment()
    servers = re.findall(r"^ +server (\w+) (\w+):(\d+)$", CONFIGURATION, re.MULTILINE)

    assert sorted(servers) == sorted((name, name, ports["TESSERA_PORT"]) for name in NAMES * 2)
    assert set(NAMES) <= set(compose()["services"])
    assert re.findall(r"check port (\d+)", CONFIGURATION) == [ports["TESSERA_MANAGEMENT_PORT"]] * 2
    assert re.findall(r"meth GET uri (\S+)", CONFIGURATION) == ["/readyz", "/livez"]
    assert re.search(r"%(r|HU|HQ)\b", CONFIGURATION) is None
    assert any(port.endswith(":8443") for port in compose()["services"]["proxy"]["ports"])
    assert "bind :8443" in CONFIGURATION


def test_weak_ciphers_are_refused(behind: Behind) -> None:
    """The proxy takes the two of BCP 195 that go with its certificate, and no other that a client can offer."""
    port = int(behind.url.rpartition(":")[2])
    assert ciphers.taken(port) == ciphers.RECOMMENDED["ECDSA"]
    assert not ciphers.takes_older(port)


def test_only_the_proxy_says_where_callers_are(behind: Behind) -> None:
    """What a caller says of its own address or certificate does not get through; what the proxy saw does."""
    said = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1", "Client-Cert": ":AAAA:"}
    answer = httpx.get(f"{behind.url}/priv/v1/apps/x/users/y?secret=hidden", headers=said, verify=False, timeout=30)

    assert answer.status_code == 401
    events = until(lambda: [event for node in behind.nodes for event in node.events()], lambda seen: _of(seen) != [])
    assert [event["source"] for event in _of(events)] == ["127.0.0.1"]


def _of(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [event for event in events if event.get("route") == "/priv/v1/apps/{api_key}/users/{user_id}"]


def test_callers_reach_nodes_that_live_whatever_happens_to_others(behind: Behind) -> None:
    """Tokens from both, while the database takes nothing and none is ready, and after one was killed, for good."""
    assert behind.token() == 200
    with closing(sqlite3.connect(behind.nodes[0].server.folder / "tessera.db", isolation_level=None)) as holder:
        holder.execute("begin immediate")
        for node in behind.nodes:
            assert behind.token(node.server.url) == 200  # which there is a count of to be written
            until(partial(_ready, node), lambda ready: not ready)
        ended = time.monotonic() + 4  # the proxy looks once a second, and believes the second look
        statuses = set()
        while time.monotonic() < ended:
            statuses.add(behind.token())
        assert statuses == {200}
        holder.execute("rollback")
    behind.nodes[0].server.process.kill()
    behind.nodes[0].server.process.wait()
    until(behind.token, lambda status: status == 200, PATIENCE_SECONDS)


def _ready(node: Operated) -> bool:
    return node.ask("/readyz").status_code == 200
