"""Idle connections: kept for the client's next request, then closed without a word."""

from collections.abc import Iterator

import pytest

from tessera.settings import Settings
from tessera.web.server import management_listener
from tests.support.raw import Wire
from tests.support.server import Server, running

GET = b"GET / HTTP/1.1\r\nhost: tessera\r\n\r\n"
POST_HEAD = b"POST /nowhere HTTP/1.1\r\nhost: tessera\r\ncontent-length: 4\r\n\r\n"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that keeps an idle connection for half a second."""
    with running(tmp_path_factory.mktemp("idle") / "data", TESSERA_KEEP_ALIVE_TIMEOUT_SECONDS="0.5") as server:
        yield server


def test_an_idle_connection_is_closed(impatient: Server) -> None:
    """A connection carries requests one after the other, and is closed when none comes."""
    with Wire(impatient.port) as wire:
        for _ in range(3):
            wire.send(GET)
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 404
        assert wire.answer() is None


def test_a_request_is_answered_when_its_body_is_whole(impatient: Server) -> None:
    """Nothing is said before, though the address is known to be none; then the connection is idle."""
    with Wire(impatient.port) as wire:
        wire.send(POST_HEAD + b"la")
        wire.send(b"te")
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 404
        wire.send(GET)
        assert wire.answer() is not None
        assert wire.answer() is None


def test_an_idle_connection_outlives_that_of_common_proxies() -> None:
    """Proxies reuse a connection for up to 60 seconds; the side that closes first must be theirs."""
    assert Settings.model_fields["keep_alive_timeout_seconds"].default >= 75
    assert management_listener.LIMITS.keep_alive_timeout_seconds >= 75
