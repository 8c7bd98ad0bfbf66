"""Wrong clocks, and every purge run under them: no revoked token is active again, no used proof is taken again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from tessera import wiring
from tessera.app import callers
from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.app.management import housekeeping, purges
from tessera.app.runtime import purge_clock
from tessera.app.tokens import inspection, revocation, verification
from tessera.core.clients.assertions import LIFE_SECONDS_MAX, SKEW_SECONDS
from tessera.core.clocks import STEADY
from tessera.core.errors import InvalidAuthToken
from tessera.core.presented import RequestCredentials
from tessera.core.times import DAY, HOUR, SECOND
from tests.support import engines
from tests.support.clock import StepClock
from tests.support.consumed import consume_one
from tests.support.scene import Scene, play
from tests.support.settings import settings_of
from tests.support.stepped_store import SteppedStore

AHEAD = (2 * HOUR, 26 * HOUR, 40 * DAY)
MINUTES = 11

LIVES_SECONDS = (600, 3600, 14 * 86_400)


class Dead:
    """A revoked token of each life, and proofs that were used: all of it must stay refused."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tokens: list[str] = []
        self.proofs: list[tuple[str, int]] = []

    async def add(self) -> None:
        """Revoke a fresh token of each life, and use proofs of every age that one may have."""
        context = self.scene.context
        for seconds in LIVES_SECONDS:
            name = f"lives {seconds} {len(self.tokens)}"
            issued = await applications.create(context, name, 1, token_lifetime_seconds=seconds)
            token = (await self.scene.token(issued)).access_token
            assert await verification.check(context, token) is not None
            await revocation.revoke(context, token)
            self.tokens.append(token)
        for lives in range(0, LIFE_SECONDS_MAX + 2 * SKEW_SECONDS, 30):
            proof = f"{lives} {len(self.proofs)}", context.clock.now() + lives * SECOND
            assert await consume_one(context, "assertion", proof[:1], proof[1])
            self.proofs.append(proof)

    async def alive(self, context: Context) -> list[str]:
        """Everything that this process accepts again."""
        found = [token for token in self.tokens if await verification.check(context, token) is not None]
        return found + [name for name, at in self.proofs if await consume_one(context, "assertion", (name,), at)]


async def purge(context: Context) -> None:
    """Every purge of one process."""
    await purges.purge_all(context)
    await housekeeping.drop_revocations(context)


@asynccontextmanager
async def node(scene: Scene, clock: StepClock | None = None) -> AsyncIterator[Context]:
    """Another process on the same database, with a clock of its own, or the scene's."""
    own = clock or scene.clock
    async with wiring.open_context(settings_of(scene.folder), clock=own) as context:
        context.store = SteppedStore(context.store, scene.clock).as_store()
        yield context


async def rows(scene: Scene) -> int:
    """How many revocations and used proofs there are."""
    with engines.reading(scene.folder) as database:
        return sum(database.one(f"select count(*) from {table}")[0] for table in ("revocation", "spent_proof"))


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_clock_that_jumps_and_goes_back_brings_nothing_back(tmp_path: Path, ahead: int) -> None:
    """Eleven minutes ahead with a purge in each: nothing is deleted, and what was dead stays so, also after a start."""

    async def scenario(scene: Scene) -> None:
        dead = Dead(scene)
        await dead.add()
        scene.clock.jump(ahead / SECOND)
        before = await rows(scene)
        for _ in range(MINUTES):
            await purge(scene.context)
            scene.clock.step(60)
        assert await rows(scene) == before
        scene.clock.jump(-ahead / SECOND)
        for _ in range(2):
            assert await dead.alive(scene.context) == []
            async with node(scene) as later:
                assert await dead.alive(later) == []
            await purge(scene.context)

    play(tmp_path, scenario)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_process_that_starts_ahead_brings_nothing_back(tmp_path: Path, ahead: int) -> None:
    """Node B of two starts with a wrong clock and purges; nothing lives, there, on node A, nor once B is set right."""

    async def scenario(scene: Scene) -> None:
        dead = Dead(scene)
        await dead.add()
        clock = StepClock(scene.clock.now() + ahead)
        async with node(scene, clock) as other:
            for _ in range(MINUTES):
                await purge(other)
                await purge_clock.look(scene.context)
                scene.clock.step(60)
                clock.step(60)
            assert await dead.alive(scene.context) == []
            clock.jump(-ahead / SECOND)
            await purge(other)
            assert await dead.alive(other) == []
        async with node(scene) as later:
            assert await dead.alive(later) == []

    play(tmp_path, scenario)


@pytest.mark.parametrize("behind", [90 * 60 * SECOND, *AHEAD])
def test_a_process_that_is_behind_takes_nothing_that_was_purged(tmp_path: Path, behind: int) -> None:
    """Where rows are gone, since their time is over, a node for which it is not over takes nothing of that age."""

    async def scenario(scene: Scene) -> None:
        dead = Dead(scene)
        await dead.add()
        clock = StepClock(scene.clock.now())
        async with node(scene, clock) as other:
            clock.jump(-behind / SECOND)
            for days in range(16):
                for seconds in (3600, 3600, 3600, 86_400 - 3 * 3600):
                    scene.clock.step(seconds)
                    clock.step(seconds)
                    await purge(scene.context)
                    assert await dead.alive(other) == [], days
            async with node(scene, clock) as later:
                assert await dead.alive(later) == []
        assert await rows(scene) == 0

    play(tmp_path, scenario)


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_wrong_clock_that_was_believed_lets_nobody_in(tmp_path: Path, ahead: int) -> None:
    """Ahead for so long that it is believed: rows go too early, and still nothing is taken when it is right."""

    async def scenario(scene: Scene) -> None:
        scene.clock.jump(ahead / SECOND)
        await purge_clock.look(scene.context)
        scene.clock.step(STEADY / SECOND)
        await purge_clock.look(scene.context)
        assert scene.context.clocks.doubt is None
        scene.clock.jump(-ahead / SECOND)
        dead = Dead(scene)
        await dead.add()
        scene.clock.jump(ahead / SECOND)
        for _ in range(MINUTES):
            await purge(scene.context)
            scene.clock.step(60)
        scene.clock.jump(-ahead / SECOND)
        assert await dead.alive(scene.context) == []
        async with node(scene) as later:
            assert await dead.alive(later) == []

    play(tmp_path, scenario)


def test_on_postgresql_the_earlier_clock_decides(tmp_path: Path) -> None:
    """The database's clock ahead, and then the node's: either way rows go by the earlier one, and none too early."""

    async def scenario(scene: Scene) -> None:
        if engines.chosen() == engines.SQLITE:
            assert await scene.context.store.database_time() is None
            return
        dead = Dead(scene)
        await dead.add()
        database = StepClock(scene.clock.now())
        async with node(scene) as context:
            context.store = SteppedStore(scene.context.store, database).as_store()
            await purge(context)
            database.jump(2 * 86_400)
            untils = []
            for step in (0, STEADY):
                for clock in (scene.clock, database):
                    clock.step(step / SECOND)
                await purge(context)
                untils.append(context.clocks.until)
            assert untils == [None, scene.clock.now()]
            database.jump(-2 * 86_400)
            scene.clock.jump(2 * 86_400)
            for step in (0, STEADY):
                for clock in (scene.clock, database):
                    clock.step(step / SECOND)
                await purge(context)
                untils.append(context.clocks.until)
            assert untils[2:] == [None, database.now()]
            scene.clock.jump(-2 * 86_400)
            assert await dead.alive(scene.context) == []

    play(tmp_path, scenario)


def test_what_is_wrong_with_a_clock_is_told(tmp_path: Path) -> None:
    """A jump, the pause and its end are in the log and in the numbers, once each; so is a node that differs."""

    async def scenario(scene: Scene) -> None:
        context, numbers = scene.context, scene.context.metrics
        with structlog.testing.capture_logs() as said:
            await purge_clock.look(context)
            scene.clock.jump(7200)
            for _ in range(3):
                await purge_clock.look(context)
            paused = [each for name, each in _gauges(context).items() if name == "tessera_purges_paused"]
            scene.clock.jump(-7200)
            for _ in range(3):
                await purge_clock.look(context)
        assert [(each["event"], each.get("seconds")) for each in said if each["event"] != "clock_skewed"] == [
            ("clock_jumped", 7200), *([("clock_jumped", 7200)] if _has_clock() else []), ("purges_paused", 7200),
            ("clock_jumped", -7200), *([("clock_jumped", -7200)] if _has_clock() else []), ("purges_resumed", None),
        ]  # fmt: skip
        assert paused == [1]
        assert _gauges(context)["tessera_purges_paused"] == 0
        assert _gauges(context)["tessera_clock_jumps"] == (4 if _has_clock() else 2)
        assert numbers is context.metrics

    play(tmp_path, scenario)


def _has_clock() -> bool:
    """Whether the database has a clock of its own; it is the scene's, and jumps with it."""
    return engines.chosen() == engines.POSTGRES


def _gauges(context: Context) -> dict[str, int]:
    return {name.family: cells[0] for name, cells in context.metrics.together(context.clock.now()).items()}


def test_an_operator_is_told_why_a_token_of_a_purged_age_is_dead(tmp_path: Path) -> None:
    """On a node whose clock is behind a token that has long expired is refused as expired, and inspection says why."""

    async def scenario(scene: Scene) -> None:
        issued = await applications.create(scene.context, "brief", 1, token_lifetime_seconds=600)
        token = (await scene.token(issued)).access_token
        revoked = (await scene.token(issued)).access_token
        await revocation.revoke(scene.context, revoked)
        clock = StepClock(scene.clock.now())
        scene.clock.step(26 * 3600)
        await purge(scene.context)
        async with node(scene, clock) as behind:
            found = await inspection.inspect(behind, token)
            assert not found.live
            assert any("whatever this machine's clock says" in reason for reason in found.reasons)
            with pytest.raises(InvalidAuthToken) as refusal:
                await callers.identify(behind, RequestCredentials(f"Bearer {token}".encode(), "192.0.2.9"))
            assert refusal.value.check == "token.expired"

    play(tmp_path, scenario)
