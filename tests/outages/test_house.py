"""A context whose database is away: known clients go on, the log says it once, readiness and the numbers are true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from tessera import bootstrap, wiring
from tessera.app.management import housekeeping
from tessera.app.runtime import readiness
from tessera.app.tokens import revocation
from tessera.ops import metrics
from tessera.ports import StoreError
from tessera.settings import load
from tests.outages.stand import BOUND_SECONDS, healed, socket_of
from tests.support import postgres
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.scene import Scene
from tests.support.waiting import until
from tests.support.wire_proxy import WireProxy

FEED_SECONDS = 0.05


class Standing:
    """A scene behind a proxy, with the feed followed and writes tried as in a server; `past` leads past the proxy."""

    def __init__(self, scene: Scene, proxy: WireProxy, past: str) -> None:
        self.scene = scene
        self.context = scene.context
        self.proxy = proxy
        self.past = past

    async def database(self) -> readiness.Check:
        """What readiness says of the database, which it must say in time."""
        async with asyncio.timeout(BOUND_SECONDS):
            found = await readiness.readiness(self.context, going_down=False)
        return next(each for each in found.checks if each.name == "database")


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Standing]:
    """A furnished context on PostgreSQL."""
    cluster = postgres.cluster()
    name = cluster.create_database()
    clock = StepClock()
    async with WireProxy(socket_of(cluster)) as proxy:
        url = f"postgresql://tessera@127.0.0.1:{proxy.port}/{name}?sslmode=disable"
        wiring_settings = load(data_dir=folder / "data", database=url)
        await asyncio.to_thread(bootstrap.set_up, wiring_settings)
        async with wiring.open_context(wiring_settings, clock=clock, entropy=CountedEntropy()) as context:
            scene = Scene(context, clock, folder)
            await scene.furnish()
            tasks = [
                asyncio.create_task(housekeeping.follow_feed(context, FEED_SECONDS)),
                asyncio.create_task(housekeeping.try_writing(context, "holder")),
                asyncio.create_task(housekeeping.flush_usage(context, FEED_SECONDS)),
            ]
            try:
                await healed(context.store)
                yield Standing(scene, proxy, cluster.url(name))
            finally:
                proxy.flow()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _off(proxy: WireProxy, how: str) -> None:
    """Have the database away."""
    proxy.stall()
    if how == "broken":
        proxy.reset()


@pytest.mark.parametrize("how", ["silent", "broken"])
def test_known_clients_go_on_for_as_long_as_it_lasts(tmp_path: Path, how: str) -> None:
    """Tokens are issued and checked without a wait for the database; what needs it is refused; then all is well."""

    async def scenario() -> None:
        async with standing(tmp_path) as at:
            scene = at.scene
            before = await scene.token()
            assert (await at.database()).ok
            _off(at.proxy, how)
            with structlog.testing.capture_logs() as said:
                with pytest.raises(StoreError):
                    await scene.customer("while away")
                for _ in range(200):
                    token = await scene.token()
                    assert await scene.alive(token)
                    assert await scene.alive(before)
                    await asyncio.sleep(0.01)
                assert not (await at.database()).ok
                assert at.context.metrics.own(metrics.DATABASE_FAILING) == 1
                at.proxy.flow()
                await until(lambda: not at.context.metrics.own(metrics.DATABASE_FAILING), 30)
                await healed(at.context.store)
                await until(lambda: "feed_back" in [each["event"] for each in said], 30)
            assert (await at.database()).ok
            events = [each["event"] for each in said]
            for event in ("feed_unavailable", "feed_back"):
                assert events.count(event) == 1, events
            assert events.count("usage_not_written") <= 1, "the same is told again and again"
            await scene.customer("afterwards")

    asyncio.run(scenario())


def test_what_is_not_heard_is_not_told_as_heard(tmp_path: Path) -> None:
    """While nothing of other processes can be read, the moment when they were last heard stands still."""

    async def scenario() -> None:
        async with standing(tmp_path) as at:
            at.proxy.stall()
            with structlog.testing.capture_logs() as said:
                await until(lambda: any(each["event"] == "feed_unavailable" for each in said), 30)
                heard = at.context.heard_at
                at.scene.clock.step(60)
                await asyncio.sleep(10 * FEED_SECONDS)
                assert at.context.heard_at == heard
                at.proxy.flow()
                await until(lambda: at.context.heard_at > heard, 30)

    asyncio.run(scenario())


def test_a_change_made_while_nothing_was_heard_is_in_force_afterwards(tmp_path: Path) -> None:
    """Another process revokes while this one is cut off: once it hears again, it knows."""

    async def scenario() -> None:
        async with standing(tmp_path) as at:
            token = await at.scene.token()
            direct = wiring.open_context(
                load(data_dir=tmp_path / "data", database=at.past), clock=at.scene.clock, entropy=CountedEntropy()
            )
            at.proxy.stall()
            async with direct as other:
                assert await revocation.revoke(other, token.access_token)
            assert await at.scene.alive(token)
            at.proxy.flow()
            async with asyncio.timeout(30):
                while await at.scene.alive(token):  # noqa: ASYNC110  # what is waited for has no event of its own
                    await asyncio.sleep(0.02)

    asyncio.run(scenario())
