"""When the store cannot commit: what has to be used up once is refused with 503, and nothing is issued for it."""

import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tessera import wiring
from tessera.app.clients import applications, credentials
from tessera.app.context import Context
from tessera.core.changes import CountTokens
from tessera.core.keys.jws import PrivateKey
from tessera.web.asgi import App, Served
from tessera.web.routes import Routes
from tests.support import assertions, operator_session, raw
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.lock_holder import held_by_another_process
from tests.support.players import answer_of
from tests.support.possession import Holder
from tests.support.raw import Answer
from tests.support.scene import Scene, play
from tests.support.server import Server, running

PATIENCE_SECONDS = 60.0
"""How long an answer is waited for; the server gives a commit up after two seconds."""


class Partner(NamedTuple):
    """A client with a key pair and a DPoP key, and the issuer to which it speaks."""

    client_id: str
    key: PrivateKey
    holder: Holder
    issuer: str

    def assertion(self, now: float, **other: str) -> bytes:
        """The body of a token request by a new assertion."""
        return assertions.form(
            assertions.signed(self.key, assertions.claims(self.client_id, self.issuer, now)), **other
        ).encode()

    def proof(self, now: float, nonce: str | None, path: str = "/oauth/token", token: str | None = None) -> str:
        """A new proof for a request."""
        method = "POST" if token is None else "GET"
        return self.holder.proof(method, self.issuer + path, nonce=nonce, at=now, token=token)


def told(answer: Answer, code: str = "temporarily_unavailable") -> None:
    """The answer is a 503 that says when to try again, and holds no token."""
    assert answer.status == 503, answer
    assert answer.header("retry-after") == "1"
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-request-id")
    members = json.loads(answer.body)
    assert code in (members.get("error"), members.get("errors", {}).get("code")), answer
    assert b"access_token" not in answer.body


class Door:
    """The application over a store that fails on demand, and the one client that there is."""

    def __init__(self, scene: Scene, partner: Partner) -> None:
        self.scene = scene
        self.store = FaultyStore(scene.context.store)
        scene.context.store = self.store.as_store()
        self.partner = partner
        self.app = App(partial(wiring.serving, scene.context.settings), Served(Routes(wiring.routes(scene.context))))
        self.issued = 0

    @property
    def now(self) -> float:
        """The time by the scene's clock, in seconds."""
        return self.scene.clock.now() / 1_000_000

    async def ask(self, body: bytes, *headers: tuple[str, str]) -> Answer:
        """The answer to a token request; a token in it is counted."""
        answer = await answer_of(self.app, "POST", "/oauth/token", [*headers, raw.FORM], body)
        self.issued += b"access_token" in answer.body
        return answer

    async def nonce(self) -> str | None:
        """What the next proof has to contain."""
        refused = await self.ask(self.by_secret(), ("DPoP", self.partner.proof(self.now, None)))
        assert refused.status == 400, refused
        return refused.header("dpop-nonce")

    def by_secret(self) -> bytes:
        """The body of a token request by the secret."""
        known = self.scene.partner
        return f"grant_type=client_credentials&client_id={known.client_id}&client_secret={known.client_secret}".encode()


def at_the_door(folder: Path, scenario: Callable[[Door], Awaitable[None]]) -> None:
    """Play a scenario at the door; all tokens that were counted as issued were in answers, at its end."""

    async def whole(scene: Scene) -> None:
        partner = Partner(scene.partner.client_id, assertions.new_key(), Holder(), scene.context.issuer)
        await credentials.add_key(scene.context, partner.client_id, "key", assertions.jwk(partner.key))
        door = Door(scene, partner)
        assert (await door.ask(partner.assertion(door.now))).status == 200
        await scenario(door)
        assert door.store.faults == []
        counts = scene.context.state.usage.take(scene.clock.now())
        assert sum(each.issued for each in counts if isinstance(each, CountTokens)) == door.issued

    play(folder, whole)


@pytest.mark.parametrize("fault", Fault)
def test_an_assertion_that_cannot_be_used_up_gets_no_token(tmp_path: Path, fault: Fault) -> None:
    """It gets a 503. The same one opens afterwards if nothing was written, else a new one does."""

    async def scenario(door: Door) -> None:
        body = door.partner.assertion(door.now)
        door.store.faults = [fault]
        told(await door.ask(body))
        assert (await door.ask(body)).status == (200 if fault is Fault.BEFORE else 401)
        assert (await door.ask(door.partner.assertion(door.now))).status == 200

    at_the_door(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_a_proof_that_cannot_be_used_up_gets_no_token(tmp_path: Path, fault: Fault) -> None:
    """Likewise for the proof of a token that is to be bound, beside a secret."""

    async def scenario(door: Door) -> None:
        nonce = await door.nonce()
        proof = ("DPoP", door.partner.proof(door.now, nonce))
        door.store.faults = [fault]
        told(await door.ask(door.by_secret(), proof))
        assert (await door.ask(door.by_secret(), proof)).status == (200 if fault is Fault.BEFORE else 400)
        answer = await door.ask(door.by_secret(), ("DPoP", door.partner.proof(door.now, nonce)))
        assert json.loads(answer.body)["token_type"] == "DPoP"

    at_the_door(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_an_assertion_and_the_proof_beside_it_are_used_up_together(tmp_path: Path, fault: Fault) -> None:
    """They are one commit: when that fails nothing is issued, and when nothing was written both are still good."""

    async def scenario(door: Door) -> None:
        nonce = await door.nonce()
        body, proof = door.partner.assertion(door.now), ("DPoP", door.partner.proof(door.now, nonce))
        door.store.faults = [fault]
        told(await door.ask(body, proof))
        assert (await door.ask(body, proof)).status == (200 if fault is Fault.BEFORE else 401)
        again = door.partner.assertion(door.now), ("DPoP", door.partner.proof(door.now, nonce))
        assert (await door.ask(*again)).status == 200

    at_the_door(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_a_call_whose_proof_cannot_be_used_up_is_not_let_in(tmp_path: Path, fault: Fault) -> None:
    """The platform answers 503 in its own form, and the same call with a new proof is fine."""

    async def scenario(door: Door) -> None:
        nonce = await door.nonce()
        answer = await door.ask(door.by_secret(), ("DPoP", door.partner.proof(door.now, nonce)))
        token = json.loads(answer.body)["access_token"]
        path = f"/priv/v1/apps/{door.scene.shop.api_key}/users/{await door.scene.customer('card-1')}"

        async def call() -> Answer:
            proof = door.partner.proof(door.now, nonce, path, token)
            return await answer_of(door.app, "GET", path, [("Authorization", f"DPoP {token}"), ("DPoP", proof)], b"")

        door.store.faults = [fault]
        answer = await call()
        told(answer, "not_available")
        assert b"card-1" not in answer.body
        assert (await call()).status == 200

    at_the_door(tmp_path, scenario)


def test_a_database_that_somebody_holds_stops_what_is_used_once_and_nothing_else(tmp_path: Path) -> None:
    """At a real server: assertions and proofs get 503 and are not used up, a secret gets a token all the same."""
    folder = tmp_path / "data"
    with running(folder, TESSERA_DPOP_NONCES="off") as server, ThreadPoolExecutor(2) as pool:
        partner, by_secret = furnished(server)
        plain = (by_secret, ())
        by_assertion = (partner.assertion(time.time()), ())
        bound = (by_secret, (("DPoP", partner.proof(time.time(), None)),))
        asked = partial(ask, server)
        assert [asked(each).status for each in (plain, (partner.assertion(time.time()), ()))] == [200, 200]
        with held_by_another_process(folder / "tessera.db"):
            waiting = list(pool.map(asked, (by_assertion, bound)))
            assert asked(plain).status == 200
        for answer in waiting:
            told(answer)
        assert [asked(each).status for each in (by_assertion, bound)] == [200, 200]
        assert [asked(each).status for each in (by_assertion, bound)] == [401, 400]
    found = operator_session.do(folder, lambda context: applications.find(context, partner.client_id))
    assert found.tokens_issued == 5


def furnished(server: Server) -> tuple[Partner, bytes]:
    """A client of a real server, and the body of a token request by its secret."""
    key = assertions.new_key()

    async def furnish(context: Context) -> tuple[str, str]:
        issued = await operator_session.partner(context, "prover")
        await credentials.add_key(context, issued.client_id, "key", assertions.jwk(key))
        return issued.client_id, issued.client_secret or ""

    client_id, secret = operator_session.do(server.folder, furnish)
    body = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}".encode()
    return Partner(client_id, key, Holder(), server.url), body


def ask(server: Server, request: tuple[bytes, tuple[tuple[str, str], ...]]) -> Answer:
    """The answer of a real server to a token request with these headers."""
    body, headers = request
    with raw.Wire(server.port, timeout=PATIENCE_SECONDS) as wire:
        wire.send(raw.request("POST", "/oauth/token", body, [*headers, raw.FORM]))
        answer = wire.answer()
    assert answer is not None
    return answer
