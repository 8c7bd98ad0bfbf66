"""Warnings: each told once, by an event, in the log and in the list, however many processes look and begin anew."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tessera import wiring
from tessera.app.clients import applications, expiry_warnings, property_secrets, secret_rotation
from tessera.app.clients.expiry_warnings import ExpiryWatcher
from tessera.app.management import purges
from tessera.app.management.housekeeping import write_usage
from tessera.app.runtime import leases
from tessera.cli.advice import advised
from tessera.core.changes import CountHour, PurgeWarnings
from tessera.core.clients.expiry_warnings import HOUR, WRITTEN_AFTER
from tessera.core.times import DAY, SECOND
from tessera.ports import StoreError
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play
from tests.support.settings import settings_of
from tests.support.waiting import until


async def told(scene: Scene) -> list[tuple[str, dict[str, Any]]]:
    """The events of applications that webhooks are told of, in their order: kind and data."""
    found = await scene.context.store.events_after(1, 0, 1000)
    return [(each.kind, msgspec.json.decode(each.data)) for each in found if each.kind.startswith("application.")]


async def ends_in(scene: Scene, days: float) -> int:
    """End the only secret of the scene's application in so many days; when that is."""
    at = scene.clock.now() + int(days * DAY)
    await applications.expire_secret(scene.context, scene.partner.client_id, "first", at)
    return at


def test_the_end_of_the_last_secret_is_told_at_thirty_seven_and_one_day(tmp_path: Path) -> None:
    """Nothing earlier, each step once, by the microsecond, and nothing after the end."""

    async def scenario(scene: Scene) -> None:
        at = await ends_in(scene, 40)
        watch, steps = ExpiryWatcher(scene.context, step_seconds=0), []
        for days in (30, 7, 1, 0):
            for moment in (at - days * DAY - 1, at - days * DAY, at - days * DAY + SECOND):
                scene.clock.at = moment
                steps.append(await watch.look())
        assert steps == [0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]
        events = await told(scene)
        assert [(kind, data["days"]) for kind, data in events] == [
            ("application.secret_ending", days) for days in (30, 7, 1)
        ]
        assert events[0][1] == {
            "retailer_id": scene.retailer_id,
            "client_id": scene.partner.client_id,
            "application": "partner",
            "credential": "first",
            "kind": "keyed",
            "ends_at": "2030-04-26T17:46:40Z",
            "days": 30,
            "reason": "last_credential",
        }

    play(tmp_path, scenario)


def test_a_restart_and_a_second_process_tell_nothing_twice(tmp_path: Path) -> None:
    """Processes that begin anew, or look at the same moment, tell each warning once between them."""

    async def scenario(scene: Scene) -> None:
        at = await ends_in(scene, 7)
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as other:
            counts = await asyncio.gather(
                *(ExpiryWatcher(context, step_seconds=0).look() for context in (scene.context, other, scene.context))
            )
            assert sum(counts) == 1
            assert await ExpiryWatcher(other, step_seconds=0).look() == 0
            scene.clock.at = at - DAY
            assert (
                sum(
                    await asyncio.gather(
                        ExpiryWatcher(other, step_seconds=0).look(), ExpiryWatcher(scene.context, step_seconds=0).look()
                    )
                )
                == 1
            )
        assert len(await told(scene)) == 2

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_a_lost_answer_tells_nothing_twice(tmp_path: Path, fault: Fault) -> None:
    """A warning whose commit was not answered is told once, whether it was written or not."""

    async def scenario(scene: Scene) -> None:
        await ends_in(scene, 7)
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        store.faults = [fault]
        watch = ExpiryWatcher(scene.context, step_seconds=0)
        with pytest.raises(StoreError):
            await watch.look()
        for _ in range(2):
            await watch.look()
        assert len(await told(scene)) == 1

    play(tmp_path, scenario)


def test_an_end_that_was_moved_is_told_anew(tmp_path: Path) -> None:
    """A secret whose end was told and put off is told again when it comes near again."""

    async def scenario(scene: Scene) -> None:
        await ends_in(scene, 6)
        watch = ExpiryWatcher(scene.context, step_seconds=0)
        assert await watch.look() == 1
        await applications.expire_secret(scene.context, scene.partner.client_id, "first", scene.clock.now() + 60 * DAY)
        assert await watch.look() == 0
        scene.clock.step(54 * 86_400)
        assert await watch.look() == 1

    play(tmp_path, scenario)


def test_a_successor_in_use_makes_it_quiet(tmp_path: Path) -> None:
    """After a rotation nothing is told once the new secret is used and the old one is not."""

    async def scenario(scene: Scene) -> None:
        await scene.token()
        made = await secret_rotation.rotate(
            scene.context, await applications.find(scene.context, scene.partner.client_id), 7 * 86_400, None
        )
        await scene.token(secret=made.client_secret)
        await write_usage(scene.context)
        scene.clock.step(86_400)
        assert [each.text for each in await expiry_warnings.current(scene.context)] == []
        assert await ExpiryWatcher(scene.context, step_seconds=0).look() == 0

    play(tmp_path, scenario)


def test_an_old_secret_still_used_is_told_at_seven_and_one_day(tmp_path: Path) -> None:
    """A secret in use that ends though it has a successor is told, with the time and address of its last use."""

    async def scenario(scene: Scene) -> None:
        made = await secret_rotation.rotate(
            scene.context, await applications.find(scene.context, scene.partner.client_id), 10 * 86_400, None
        )
        watch = ExpiryWatcher(scene.context, step_seconds=0)
        for _ in range(19):
            await scene.token(source="192.0.2.9")
            await scene.token(secret=made.client_secret)
            await write_usage(scene.context)
            await watch.look()
            scene.clock.step(43_200)
        events = [data for _, data in await told(scene)]
        assert [(data["reason"], data["days"]) for data in events] == [("still_used", 7), ("still_used", 1)]
        assert events[0]["last_used_at"] == "2030-03-20T17:46:40Z"
        (now,) = await expiry_warnings.current(scene.context)
        assert "192.0.2.9" in now.text

    play(tmp_path, scenario)


def test_a_successor_never_used_is_told(tmp_path: Path) -> None:
    """A partner that got its token long ago and never used the new secret is told of, though the old one rests."""

    async def scenario(scene: Scene) -> None:
        await scene.token()
        await write_usage(scene.context)
        await secret_rotation.rotate(
            scene.context, await applications.find(scene.context, scene.partner.client_id), 10 * 86_400, None
        )
        scene.clock.step(4 * 86_400)
        (warned,) = await expiry_warnings.current(scene.context)
        assert (warned.reason, warned.days) == ("still_used", 7)

    play(tmp_path, scenario)


def test_disabled_applications_are_left_alone(tmp_path: Path) -> None:
    """Nobody is warned of a secret of an application that is disabled."""

    async def scenario(scene: Scene) -> None:
        await ends_in(scene, 7)
        await applications.disable(scene.context, scene.partner.client_id)
        assert await expiry_warnings.current(scene.context) == []
        assert await ExpiryWatcher(scene.context, step_seconds=0).look() == 0

    play(tmp_path, scenario)


async def asked(scene: Scene, hour: int, tokens: int, calls: int) -> None:
    """So many tokens and calls of the scene's application in an hour."""
    await scene.context.store.commit(CountHour(1, hour, tokens, calls, 0))


def test_a_token_for_each_call_is_told_once_a_day(tmp_path: Path) -> None:
    """An hour is judged when it is over and written; the next one that day tells nothing, the next day does."""

    async def scenario(scene: Scene) -> None:
        hour = scene.clock.now() // HOUR
        scene.clock.at = hour * HOUR
        watch = ExpiryWatcher(scene.context, step_seconds=0)
        await asked(scene, hour, 100, 199)
        looks = []
        for moment in ((hour + 1) * HOUR + WRITTEN_AFTER - 1, (hour + 1) * HOUR + WRITTEN_AFTER):
            scene.clock.at = moment
            looks.append(await watch.look())
        await asked(scene, hour + 1, 500, 3)
        scene.clock.step(3600)
        looks.append(await watch.look())
        tomorrow = (hour // 24 + 1) * 24
        await asked(scene, tomorrow, 500, 3)
        scene.clock.at = (tomorrow + 1) * HOUR + WRITTEN_AFTER
        looks += [await watch.look(), await ExpiryWatcher(scene.context, step_seconds=0).look()]
        assert looks == [0, 1, 0, 1, 0]
        kinds = Counter(kind for kind, _ in await told(scene))
        assert kinds == {"application.token_per_call": 2}
        assert (await told(scene))[0][1] == {
            "retailer_id": scene.retailer_id,
            "client_id": scene.partner.client_id,
            "application": "partner",
            "hour": "2030-03-17T17:00:00Z",
            "tokens": 100,
            "calls": 199,
        }
        (warned,) = await expiry_warnings.current(scene.context)
        assert "500 tokens" in warned.text
        assert "--token-reuse on" in advised(warned)

    play(tmp_path, scenario)


@pytest.mark.parametrize(("tokens", "calls"), [(99, 0), (100, 200), (1000, 2000)])
def test_few_tokens_or_enough_calls_are_no_matter(tmp_path: Path, tokens: int, calls: int) -> None:
    """Fewer than a hundred tokens in an hour, or two calls with each, are told to nobody."""

    async def scenario(scene: Scene) -> None:
        await asked(scene, scene.clock.now() // HOUR, tokens, calls)
        scene.clock.step(2 * 3600)
        assert await ExpiryWatcher(scene.context, step_seconds=0).look() == 0
        assert await expiry_warnings.current(scene.context) == []

    play(tmp_path, scenario)


def test_old_counts_are_purged(tmp_path: Path) -> None:
    """Hours older than they are kept go, also many of them; those within stay; what was told goes later."""

    async def scenario(scene: Scene) -> None:
        this = scene.clock.now() // HOUR
        first = this - 90 * 24 - 2 * purges.BATCH
        await scene.context.store.commit(*(CountHour(1, hour, 1, 1, 1) for hour in range(first, this + 1)))
        await ends_in(scene, 7)
        await ExpiryWatcher(scene.context, step_seconds=0).look()
        await scene.purge()
        left = await scene.context.store.usage_hours(1, 0)
        assert [each.hour for each in left] == list(range(this - 90 * 24, this + 1))
        assert await ExpiryWatcher(scene.context, step_seconds=0).look() == 0
        scene.clock.at += 91 * DAY
        await scene.purge()
        assert await scene.context.store.usage_hours(1, 0) == []
        assert not await scene.context.store.purgeable(PurgeWarnings, scene.clock.now())

    play(tmp_path, scenario)


def test_one_process_tells_while_it_holds_the_duty(tmp_path: Path) -> None:
    """The singleton task looks by itself, and goes on when the database did not answer."""

    async def scenario(scene: Scene) -> None:
        await ends_in(scene, 7)
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        task = asyncio.create_task(
            leases.run_with_lease(
                scene.context, "warnings", "me", lambda: expiry_warnings.watch(scene.context, 0.01, step_seconds=0)
            )
        )
        try:
            events: list[tuple[str, dict[str, Any]]] = []
            async with asyncio.timeout(20):
                while not events:
                    events = await told(scene)
                    await asyncio.sleep(0.02)
            store.faults = [Fault.BEFORE]
            scene.clock.step(6 * 86_400)
            await until(lambda: not store.faults, 20)
            async with asyncio.timeout(20):
                while len(events) < 2:
                    events = await told(scene)
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    play(tmp_path, scenario)


def test_the_end_of_a_property_s_secret_is_told(tmp_path: Path) -> None:
    """The last secret of a digital property is told as an application's is, by an event and text of its own."""

    async def scenario(scene: Scene) -> None:
        at = scene.clock.now() + 7 * DAY
        await property_secrets.expire(scene.context, scene.shop.api_key, "first", at)
        await ends_in(scene, 7)  # a credential with the same number and end
        watch = ExpiryWatcher(scene.context, step_seconds=0)
        assert [await watch.look(), await watch.look()] == [2, 0]
        found = await scene.context.store.events_after(1, 0, 1000)
        (data,) = [msgspec.json.decode(each.data) for each in found if each.kind == "property.secret_ending"]
        assert data == {
            "retailer_id": scene.retailer_id,
            "api_key": scene.shop.api_key,
            "property": "shop",
            "credential": "first",
            "ends_at": data["ends_at"],
            "days": 7,
            "reason": "last_credential",
        }
        (told_of,) = [each for each in await expiry_warnings.current(scene.context) if each.owner.is_property]
        assert f"`tessera properties secrets rotate {scene.shop.api_key}`" in advised(told_of)
        await property_secrets.add(scene.context, scene.shop.api_key, "next")
        assert not [each for each in await expiry_warnings.current(scene.context) if each.owner.is_property]

    play(tmp_path, scenario)
