"""Tags and counts: none is lost when many come at once, also from several processes; tags end when they say."""

import asyncio
import sys
from pathlib import Path

import pytest

from tessera.app.customers import activity
from tessera.app.customers.customers import CustomerRef
from tessera.core.customers.activity import TOTAL_MAX, ActivityCounter
from tessera.core.customers.tags import Given, Tag
from tessera.core.errors import Validation
from tessera.core.times import SECOND
from tests.support import invariants
from tests.support.scene import Scene, play

SCRIPT = """
import asyncio, sys
from pathlib import Path
from tessera import wiring
from tessera.app.customers import activity
from tessera.app.callers import Caller
from tessera.app.customers.customers import CustomerRef
from tests.support.settings import settings_of

async def main(folder, api_key, customer_id, times):
    async with wiring.open_context(settings_of(Path(folder))) as context:
        caller = Caller(1, ("openid",))
        for _ in range(int(times)):
            await asyncio.gather(
                activity.count(context, caller, api_key, CustomerRef(customer_id), {"visit": 2, "other": 1}),
                activity.tag(context, caller, api_key, CustomerRef(customer_id), ["vip", "vip", "gold"], None),
            )

asyncio.run(main(*sys.argv[1:]))
"""


async def tag(scene: Scene, customer_id: str, *names: str | Given, ttl: int | None = None) -> list[Tag]:
    """Give a customer tags."""
    return await activity.tag(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), names, ttl)


async def count(scene: Scene, customer_id: str, **events: int) -> dict[str, ActivityCounter]:
    """Count what a customer did."""
    return await activity.count(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), events)


def as_answered(each: Tag) -> Given:
    """A tag as a request has it that sends back what was read, to the second."""
    ends = None if each.expires_at is None else each.expires_at // SECOND * SECOND
    return Given(each.name, each.count, ends)


def test_tags_that_were_read_can_be_sent_back(tmp_path: Path) -> None:
    """Nothing is counted again, no end moves, nothing is written; a text beside them counts."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await tag(scene, customer_id, "vip", "vip", "brief", ttl=3600)
        read = await tag(scene, customer_id, "gold")
        before = invariants.contents(scene.folder)
        assert await tag(scene, customer_id, *map(as_answered, read)) == read
        assert invariants.contents(scene.folder) == before
        again = await tag(scene, customer_id, *map(as_answered, read), "vip")
        assert {each.name: each.count for each in again} == {"brief": 1, "gold": 1, "vip": 3}

    play(tmp_path, scenario)


def test_a_count_that_was_read_takes_nothing_away(tmp_path: Path) -> None:
    """What others gave meanwhile stays; a tag that ended, or was never there, has the count that is stated."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        old = [as_answered(each) for each in await tag(scene, customer_id, "vip", ttl=60)]
        await tag(scene, customer_id, "vip", "vip")
        (held,) = await tag(scene, customer_id, *old)
        assert (held.count, held.expires_at) == (3, old[0].expires_at)
        (held,) = await tag(scene, customer_id, Given("vip", 2), ttl=120)
        assert (held.count, held.expires_at) == (3, scene.clock.now() + 120 * SECOND)
        (held,) = await tag(scene, customer_id, Given("vip"))
        assert (held.count, held.expires_at) == (4, None)
        assert await tag(scene, customer_id, Given("vip", 4, scene.clock.now() - SECOND)) == []
        (held,) = await tag(scene, customer_id, Given("vip", 7))
        assert (held.count, held.expires_at) == (7, None)

    play(tmp_path, scenario)


def test_none_is_lost_in_one_process(tmp_path: Path) -> None:
    """Many at once for one customer are each counted once, and each told once."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        await asyncio.gather(
            *(tag(scene, customer_id, "vip", f"t{n}") for n in range(40)),
            *(count(scene, customer_id, visit=2) for _ in range(40)),
        )
        tags = {each.name: each.count for each in await tag(scene, customer_id, "last")}
        assert tags == {"vip": 40, "last": 1, **{f"t{n}": 1 for n in range(40)}}
        assert (await count(scene, customer_id, visit=1))["visit"].count == 81
        told = [each.kind for each in await scene.context.store.events_about(customer_id, 0, 1000)]
        assert told.count("customer.changed") == 82

    play(tmp_path, scenario)


def test_none_is_lost_among_processes(tmp_path: Path) -> None:
    """Three processes at once count exactly."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        arguments = [str(scene.folder), scene.shop.api_key, customer_id, "30"]
        running = [await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, *arguments) for _ in range(3)]
        codes = [await each.wait() for each in running]
        assert codes == [0, 0, 0]
        known = await scene.context.store.customer(1, customer_id)
        assert known is not None
        counts = {each.name: each.count for each in await scene.context.store.behaviours(known.number)}
        assert counts == {"visit": 180, "other": 90}
        tags = {each.name: each.count for each in await scene.context.store.tags(known.number)}
        assert tags == {"vip": 180, "gold": 90}
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_tag_ends_when_it_says(tmp_path: Path) -> None:
    """A tag is shown until its very end, not at it; given again it begins anew; the latest giving says when it ends."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")

        async def shown() -> list[tuple[str, int, int | None]]:
            held = await activity.read_tags(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id))
            return [(each.name, each.count, each.expires_at) for each in held]

        begun = scene.clock.now()
        await tag(scene, customer_id, "sale", ttl=60)
        await tag(scene, customer_id, "sale", "vip", ttl=60)
        end = begun + 60 * SECOND
        assert await shown() == [("sale", 2, end), ("vip", 1, end)]
        await tag(scene, customer_id, "vip")
        scene.clock.step(59.999999)
        assert await shown() == [("sale", 2, end), ("vip", 2, None)]
        scene.clock.step(0.000001)
        assert await shown() == [("vip", 2, None)]
        await tag(scene, customer_id, "sale", ttl=1)
        assert await shown() == [("sale", 1, scene.clock.now() + SECOND), ("vip", 2, None)]
        assert invariants.row_counts(scene.folder)["tag"] == 2

    play(tmp_path, scenario)


def test_a_customer_has_so_many_and_no_more(tmp_path: Path) -> None:
    """Names are bounded for each customer, and a count stays exact in JSON; what is refused is refused whole."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        for start in range(0, activity.NAMES_MAX, 100):
            await tag(scene, customer_id, *(f"t{start + n}" for n in range(100)))
            await count(scene, customer_id, **{f"e{start + n}": 1 for n in range(100)})
        before = invariants.contents(scene.folder)
        with pytest.raises(Validation, match="tags: a customer has at most 1000"):
            await tag(scene, customer_id, "t1", "one more")
        with pytest.raises(Validation, match="events: a customer has at most 1000"):
            await count(scene, customer_id, e1=1, more=1)
        with pytest.raises(Validation, match="would pass"):
            await count(scene, customer_id, e1=1, e2=TOTAL_MAX)
        assert invariants.contents(scene.folder) == before
        assert (await count(scene, customer_id, e2=TOTAL_MAX - 1))["e2"].count == TOTAL_MAX

    play(tmp_path, scenario)
