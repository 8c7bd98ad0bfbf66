"""Keys that a client publishes, end to end: a key server over TLS, the command that names it, a server that asks it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tessera.app.clients import credentials
from tessera.app.state.key_sets import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, KeySets
from tessera.core.keys.jws import PrivateKey
from tessera.ops.fetcher import HTTPSFetcher
from tests.app.clients.test_private_key_jwt import ask, good, refused
from tests.cli.command import run
from tests.support import assertions, raw
from tests.support.key_server import KeyServer, serving
from tests.support.operator import until
from tests.support.scene import Scene, play
from tests.support.server import Server, running

ASKING = {"TESSERA_OUTBOUND_NETWORKS_ALLOWED": "127.0.0.0/8"}
"""The key server of a test is on this machine."""

PATIENCE_SECONDS = 60.0


def publish(server: KeyServer, **keys: PrivateKey) -> None:
    """Have the key server publish these keys, by their names, and no others."""
    server.body = b'{"keys":[' + b",".join(assertions.jwk(key, kid=name) for name, key in keys.items()) + b"]}"


@pytest.fixture
def key_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    """A key server whose authority is trusted here, and by the servers that are started."""
    with serving() as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.trust))
        yield server


@pytest.fixture(autouse=True)
def _operator_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of a test may name a key server on this machine; what a server may ask each test says."""
    monkeypatch.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", "127.0.0.0/8")


def partner(folder: Path, key_server: KeyServer) -> str:
    """An application that an operator makes and whose keys they name by their address; its client id."""
    at = ("--data-dir", folder)
    client_id: str = run("apps", "create", "Partner", "--json", *at).document["client_id"]
    added = run("apps", "keys", "add", "Partner", "--jwks-uri", key_server.url(), "--json", *at).document
    assert added["named"] == key_server.url()
    return client_id


def status(server: Server, client_id: str, key: PrivateKey, kid: str) -> int:
    """What a token request by a new assertion with this key and name of a key gets."""
    says = assertions.claims(client_id, server.url, time.time())
    body = assertions.form(assertions.signed(key, says, kid=kid)).encode()
    with raw.Wire(server.port, timeout=PATIENCE_SECONDS) as wire:
        wire.send(raw.request("POST", "/oauth/token", body, [raw.FORM]))
        answer = wire.answer()
    assert answer is not None
    return answer.status


def test_a_server_takes_the_keys_that_are_published(tmp_path: Path, key_server: KeyServer) -> None:
    """It asks once, also when a name is missing; one that begins anew knows the new key, and no longer the old one."""
    folder = tmp_path / "data"
    old, new = assertions.new_key(), assertions.new_key()
    publish(key_server, old=old)
    with running(folder, **ASKING) as server:
        client_id = partner(folder, key_server)
        assert status(server, client_id, old, "old") == 200
        assert status(server, client_id, new, "old") == 401
        publish(key_server, new=new)
        assert status(server, client_id, old, "old") == 200
        assert [status(server, client_id, new, "new") for _ in range(3)] == [401] * 3
        assert key_server.asked == [(f"localhost:{key_server.port}", "/jwks.json")]
    with running(folder, **ASKING) as server:
        assert status(server, client_id, new, "new") == 200
        assert status(server, client_id, old, "old") == 401
        key_server.status = 500
        assert status(server, client_id, new, "new") == 200
        assert len(key_server.asked) == 2


def test_a_server_asks_nobody_in_its_own_networks_unless_told(tmp_path: Path, key_server: KeyServer) -> None:
    """Without the setting the key server hears nothing, the client is refused, and the log says which setting it is."""
    folder, key = tmp_path / "data", assertions.new_key()
    publish(key_server, key=key)
    with running(folder, TESSERA_OUTBOUND_NETWORKS_ALLOWED="10.0.0.0/8") as server:
        client_id = partner(folder, key_server)
        assert status(server, client_id, key, "key") == 401
        until(lambda: server.output, lambda output: "outbound_networks_allowed" in output)
    assert key_server.asked == []


def test_a_key_server_that_does_not_answer_holds_up_nobody_else(tmp_path: Path, key_server: KeyServer) -> None:
    """While one client waits for its keys to be got, another has its token."""
    folder, asked, over = tmp_path / "data", threading.Event(), threading.Event()

    def silent(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        over.wait(PATIENCE_SECONDS)
        handler.send_error(500)

    key_server.answer = silent
    with running(folder, **ASKING) as server, ThreadPoolExecutor(1) as pool:
        client_id = partner(folder, key_server)
        waiting = pool.submit(status, server, client_id, assertions.new_key(), "key")
        try:
            assert asked.wait(PATIENCE_SECONDS)
            assert server.token()
        finally:
            over.set()
        assert waiting.result(PATIENCE_SECONDS) == 401


def test_keys_follow_one_another_at_the_key_server(tmp_path: Path, key_server: KeyServer) -> None:
    """A new key is found after the pause, a withdrawn one refused when the set is old; without the server all goes on.

    For names that nobody has the key server is asked once in a pause; when it is away, what is known lasts for a day.
    """
    old, new = assertions.new_key(), assertions.new_key()

    async def scenario(scene: Scene) -> None:
        scene.context.state = scene.context.state._replace(
            key_sets=KeySets(HTTPSFetcher(scene.context.outbound), scene.clock)
        )
        await credentials.add_key_set(scene.context, scene.partner.client_id, "set", key_server.url())
        publish(key_server, old=old)
        await ask(scene, good(scene, old, kid="old"))
        publish(key_server, old=old, new=new)
        scene.clock.step(PAUSE_SECONDS - 1)
        await refused(scene, good(scene, new, kid="new"))
        assert len(key_server.asked) == 1
        scene.clock.step(1)
        await ask(scene, good(scene, new, kid="new"))
        for count in range(5):
            await refused(scene, good(scene, new, kid=f"made up {count}"))
        assert len(key_server.asked) == 2
        publish(key_server, new=new)
        scene.clock.step(FRESH_SECONDS)
        await refused(scene, good(scene, old, kid="old"))
        await ask(scene, good(scene, new, kid="new"))
        assert len(key_server.asked) == 3
        key_server.status = 500
        scene.clock.step(STALE_SECONDS)
        await ask(scene, good(scene, new, kid="new"))
        assert len(key_server.asked) == 4
        scene.clock.step(PAUSE_SECONDS)
        await refused(scene, good(scene, new, kid="new"))

    play(tmp_path, scenario)
