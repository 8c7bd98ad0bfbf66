"""Somebody guesses secrets, and the client whose secret it is notices nothing: two attacks on a real server."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tessera.app.context import Context
from tests.support import operator_session, raw
from tests.support.raw import Answer, Wire
from tests.support.server import Server, running

pytestmark = pytest.mark.engines("sqlite", "postgres")

SECRET = "a secret that was imported"
WRONG = 15
CONNECTIONS = 40
REQUESTS = 20


@pytest.fixture(scope="module")
def guarded(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that slows wrong secrets as it does by itself."""
    with running(tmp_path_factory.mktemp("guarded") / "data", TESSERA_FAILED_ATTEMPTS_MAX="10") as server:
        yield server


def imported(server: Server, client_id: str) -> None:
    """A client that was brought along from another system, and was never used here."""
    operator_session.make_partner(server.folder, client_id, client_id=client_id, client_secret=SECRET)


def request(client_id: str, secret: str) -> bytes:
    """A token request with HTTP Basic."""
    body = b"grant_type=client_credentials"
    return raw.request("POST", "/oauth/token", body, [raw.FORM, raw.encoded_basic(client_id, secret)])


def asked(wire: Wire, client_id: str, secret: str) -> Answer:
    """The answer to a token request on this connection."""
    wire.send(request(client_id, secret))
    answer = wire.answer()
    assert answer is not None
    return answer


def test_the_right_secret_is_let_through_after_wrong_ones(guarded: Server) -> None:
    """Fifteen wrong secrets at once, those after the tenth slowed, and then the right one: a token, again and again."""
    imported(guarded, "guessed-at")
    with Wire(guarded.port) as wire:
        statuses = [asked(wire, "guessed-at", f"wrong {number}").status for number in range(WRONG)]
        assert statuses[:10] == [401] * 10
        assert set(statuses) <= {401, 429}  # on a slow machine the pause between two may be over
        assert [asked(wire, "guessed-at", SECRET).status for _ in range(3)] == [200] * 3
        assert {asked(wire, "guessed-at", f"wrong {number}").status for number in range(WRONG)} <= {401, 429}
        assert asked(wire, "guessed-at", SECRET).status == 200


def flood(port: int, statuses: Counter[int], stop: threading.Event) -> None:
    """Guess at a client id that is made up for every request, on one connection, until told to stop."""
    with Wire(port) as wire:
        while not stop.is_set():
            statuses[asked(wire, f"made-up-{os.urandom(8).hex()}", "a guess").status] += 1


def test_clients_that_were_never_used_get_in_beside_a_flood_of_unknown_ids(guarded: Server) -> None:
    """Forty connections with a new client id for each request: twenty clients get their first tokens."""
    for number in range(REQUESTS):
        imported(guarded, f"new-{number}")
    statuses: Counter[int] = Counter()
    stop = threading.Event()
    threads = [threading.Thread(target=flood, args=(guarded.port, statuses, stop)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        with Wire(guarded.port) as wire:
            answers = [asked(wire, f"new-{number}", SECRET).status for number in range(REQUESTS)]
            again = [asked(wire, f"new-{number}", SECRET).status for number in range(REQUESTS)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert answers == again == [200] * REQUESTS
    assert set(statuses) <= {401, 429}
    assert sum(statuses.values()) >= CONNECTIONS


async def kind(context: Context, client_id: str) -> str:
    """Kind of a client's secret, as the database holds it."""
    (secret,) = await context.store.secrets(client_id)
    return secret.kind


def test_a_used_secret_is_held_by_the_keyed_digest_when_the_server_ends(engine: str, tmp_path: Path) -> None:
    """What was presented before the end is moved at the end: the next start checks nothing slowly."""
    folder = tmp_path / "data"
    with running(folder, TESSERA_USAGE_FLUSH_INTERVAL_SECONDS="3600") as server, Wire(server.port) as wire:
        imported(server, "used")
        imported(server, "unused")
        assert asked(wire, "used", SECRET).status == 200
    kinds = [operator_session.do(folder, partial(kind, client_id=client_id)) for client_id in ("used", "unused")]
    assert kinds == ["keyed", "argon2id"]
