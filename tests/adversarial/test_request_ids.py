"""Every refusal has an id of its own that cannot be guessed or chosen, wherever it is made."""

import re

import pytest

from tests.support import raw
from tests.support.raw import Answer, Wire
from tests.support.target import Target

ID = re.compile(r"[0-9a-f]{32}")


def wired(target: Target, sent: bytes) -> Answer:
    """The answer to bytes as they are."""
    with Wire(target.port, timeout=30) as wire:
        wire.send(sent)
        answer = wire.answer()
        assert answer is not None
        return answer


HOST = b"Host: tessera.test\r\n"

SENT = {
    400: b"GET / HTTP/1.1\r\n\r\n",
    404: b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n",
    405: b"GET /oauth/token HTTP/1.1\r\n" + HOST + b"\r\n",
    413: b"POST /oauth/token HTTP/1.1\r\nContent-Length: 20000\r\n" + HOST + b"\r\n" + b"a" * 20_000,
    431: b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("status", SENT)
def test_every_refusal_has_one_id(target: Target, status: int) -> None:
    """The protocol's own refusals too, each in lower-case hex of 128 bits."""
    answer = wired(target, SENT[status])
    assert answer.status == status
    assert len(answer.all("x-request-id")) == 1
    assert ID.fullmatch(str(answer.header("x-request-id")))


@pytest.mark.parametrize("chosen", ["f" * 32, "' or 1=1", "a" * 4000, "../../etc"])
def test_an_id_that_is_sent_is_not_taken(target: Target, chosen: str) -> None:
    """What a client calls its request is not what we call it, nor is it in the answer."""
    for path, status in (("/nowhere", 404), ("/oauth/token", 405)):
        answer = raw.ask(target.port, "GET", path, b"", [("X-Request-Id", chosen)])
        assert answer.status == status
        assert chosen not in repr(answer)
        assert ID.fullmatch(str(answer.header("x-request-id")))


def test_ids_are_all_different(target: Target) -> None:
    """A thousand refusals on a connection have a thousand ids, and what is answered well has none."""
    with Wire(target.port) as wire:
        seen = set()
        for _ in range(10):
            wire.send(raw.request("GET", "/nowhere") * 100)
            for _ in range(100):
                answer = wire.answer()
                assert answer is not None
                seen.add(answer.header("x-request-id"))
        assert len(seen) == 1000
        assert len({str(each)[:8] for each in seen}) > 990
    known, secret = target.values["client_id"], target.values["client_secret"]
    good = target.ask_token(f"grant_type=client_credentials&client_id={known}&client_secret={secret}")
    assert (good.status, good.header("x-request-id")) == (200, None)
