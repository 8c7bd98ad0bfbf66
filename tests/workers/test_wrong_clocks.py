"""Servers whose wall clock is wrong, with purges all the time: what was revoked or used stays so, over the wire."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tessera.app.clients import applications, credentials
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.core.keys.jws import PrivateKey
from tests.support import assertions, engines, operator_session
from tests.support.operator import Operated, until
from tests.support.possession import Holder
from tests.support.server import start_bare

ARMED = "tests.faults.armed"
ISSUER = "http://127.0.0.1:1"
LIFE_SECONDS = 3600
USES = 20
ROUNDS_SECONDS = 1.0
"""Several rounds of every purge of an armed server."""

AHEAD = (2 * 3600, 26 * 3600)
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Wrong(NamedTuple):
    """A running server, and the file that says how many seconds its clock is ahead."""

    operated: Operated
    ahead: Path

    def set(self, seconds: int) -> None:
        """Set its clock ahead of the true time."""
        beside = self.ahead.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(self.ahead)

    def paused(self) -> float:
        """Whether it says that it purges nothing."""
        return self.operated.number("tessera_purges_paused")

    def post(self, path: str, body: str, proof: str | None = None) -> httpx.Response:
        """An answer of it."""
        headers = FORM if proof is None else {**FORM, "dpop": proof}
        return httpx.post(self.operated.server.url + path, content=body, headers=headers, timeout=60)


@contextmanager
def wrong(folder: Path, ahead: int = 0) -> Iterator[Wrong]:
    """A server whose clock can be set, ahead from the start by so many seconds."""
    file = folder.parent / f"{time.monotonic_ns()}.ahead"
    file.write_text(str(ahead))
    server = start_bare(
        folder, "--demo", module=ARMED, FAULTS_ARMED=f"clock:{file}", TESSERA_MANAGEMENT_PORT="0",
        TESSERA_ISSUER=ISSUER, TESSERA_DPOP_NONCES="off",
    )  # fmt: skip
    try:
        until(lambda: server.output, lambda output: "Health and metrics on" in output)
        yield Wrong(Operated(server), file)
    finally:
        server.stop()


class Client:
    """An application whose tokens live for an hour, and what of it must stay dead."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key: PrivateKey = assertions.new_key()
        self.holder = Holder()
        self.issued: Issued = operator_session.do(folder, self._furnish)
        self.tokens: list[str] = []
        self.bodies: list[tuple[str, str | None]] = []

    async def _furnish(self, context: Context) -> Issued:
        made = await applications.create(context, "prover", 1, token_lifetime_seconds=LIFE_SECONDS)
        await credentials.add_key(context, made.client_id, "key", assertions.jwk(self.key))
        return made

    @property
    def _pair(self) -> str:
        return f"client_id={self.issued.client_id}&client_secret={self.issued.client_secret}"

    def die(self, server: Wrong) -> None:
        """Use assertions and DPoP proofs for tokens, and revoke these."""
        for number in range(USES):
            says = assertions.claims(self.issued.client_id, ISSUER, time.time(), exp=int(time.time()) + 590)
            self._ask(server, assertions.form(assertions.signed(self.key, says)), None)
            proof = self.holder.proof("POST", f"{ISSUER}/oauth/token", at=time.time() + 59 - number)
            self._ask(server, f"grant_type=client_credentials&{self._pair}", proof)

    def _ask(self, server: Wrong, body: str, proof: str | None) -> None:
        answer = server.post("/oauth/token", body, proof)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        assert self._is_active(server, token)
        assert server.post("/oauth/revoke", f"{self._pair}&token={token}").status_code == 200
        self.tokens.append(token)
        self.bodies.append((body, proof))

    def _is_active(self, server: Wrong, token: str) -> bool:
        answer = server.post("/oauth/introspect", f"{self._pair}&token={token}")
        active: bool = answer.raise_for_status().json()["active"]
        return active

    def alive(self, server: Wrong) -> list[str]:
        """Everything that this server accepts again."""
        found = [token for token in self.tokens if self._is_active(server, token)]
        return found + [body for body, proof in self.bodies if server.post("/oauth/token", body, proof).is_success]


def expired(folder: Path) -> Callable[[], int]:
    """Put in a revocation and a used proof that have long expired; how many of them are left."""
    at = int((time.time() - 3 * 86_400) * 1_000_000)
    with engines.writing(folder) as database:
        for table, key, value in (("revocation", "token_id", 1), ("spent_proof", "proof", "long ago")):
            database.rows(f"delete from {table} where {key} = ?", value)
            database.rows(f"insert into {table} ({key}, expires_at) values (?, ?)", value, at)

    def left() -> int:
        with engines.reading(folder) as database:
            return sum(
                database.one(f"select count(*) from {table} where expires_at = ?", at)[0]
                for table in ("revocation", "spent_proof")
            )

    return left


def test_a_server_whose_clock_jumps_and_goes_back_brings_nothing_back(tmp_path: Path) -> None:
    """Purges go on before and after, and pause while the clock is wrong; a start changes nothing."""
    folder = tmp_path / "data"
    with wrong(folder) as server:
        client = Client(folder)
        client.die(server)
        until(expired(folder), lambda left: left == 0)
        for ahead in AHEAD:
            server.set(ahead)
            until(server.paused, lambda paused: paused == 1)
            left = expired(folder)
            time.sleep(ROUNDS_SECONDS)
            assert left() == 2, "nothing is deleted while the clock is in doubt"
            server.set(0)
            until(server.paused, lambda paused: paused == 0)
            until(left, lambda count: count == 0)
            assert client.alive(server) == []
        assert len(server.operated.events("clock_jumped")) >= 2 * len(AHEAD)
    with wrong(folder) as server:
        assert client.alive(server) == []


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_second_server_that_starts_ahead_brings_nothing_back(tmp_path: Path, ahead: int) -> None:
    """Nothing lives, on either of two, while the second one's clock is wrong, and once it was set right."""
    folder = tmp_path / "data"
    with wrong(folder) as first:
        client = Client(folder)
        client.die(first)
        with wrong(folder, ahead) as second:
            told = "purges_paused" if engines.chosen() == engines.SQLITE else "clock_skewed"
            until(lambda: second.operated.events(told), lambda events: len(events) == 1)
            time.sleep(ROUNDS_SECONDS)
            assert client.alive(first) == []
            second.set(0)
            until(second.paused, lambda paused: paused == 0)
            until(expired(folder), lambda left: left == 0)
            assert client.alive(second) == []
            assert client.alive(first) == []
    with wrong(folder) as later:
        assert client.alive(later) == []
