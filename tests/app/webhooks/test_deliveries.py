"""Webhooks are told what happens: whatever receivers do, nothing is lost, and nobody is delayed by another."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from tessera.app.organizations import organizations
from tessera.app.webhooks import deliveries, webhooks, workers
from tessera.core.times import SECOND
from tessera.core.webhooks.deliveries import RETRY_SCHEDULE_SECONDS, UNANSWERED_MAX
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.post import Deliverer, delivering, happen, look, subscribe
from tests.support.receiver import Received, Receiver, receiving
from tests.support.scene import Scene, play, status
from tests.support.waiting import SOON_SECONDS, until

SILENT_SECONDS = 0.3
"""Time for which the receiver that says nothing is waited for."""


async def pass_time(scene: Scene, deliverer: Deliverer, name: str, seconds: float) -> None:
    """Let time pass from one try of a webhook to the next, the deliverer looking in between."""
    await deliverer.idle()
    end = scene.clock.now() + int(seconds * SECOND)
    while scene.clock.now() < end:
        hook = await look(scene.context, name)
        scene.clock.at = min(end, max(hook.next_attempt_at, scene.clock.now() + SECOND) if hook.failures else end)
        await deliverer.idle()


def test_what_happens_arrives_once_and_soon(tmp_path: Path) -> None:
    """Every event of a deposit arrives once, soon after its commit, in every webhook that asks for its kind."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as every, receiving() as tiers, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "every", every)
            await subscribe(scene.context, "tiers", tiers, "tier.promoted,tier.demoted")
            customer = await scene.customer("card")
            began = time.monotonic()
            await scene.deposit(customer, status(600))
            await until(lambda: len(every.taken) == 3 and len(tiers.taken) == 1)
            assert time.monotonic() - began < 5
            assert deliveries.POLL_SECONDS < 1
            await deliverer.idle()
            assert Counter(each.kind for each in every.attempts) == {
                "customer.created": 1, "points.earned": 1, "tier.promoted": 1
            }  # fmt: skip
            assert len(tiers.attempts) == 1

    play(tmp_path, scenario)


def test_a_receiver_that_is_down_for_an_hour_loses_nothing_and_delays_nobody(tmp_path: Path) -> None:
    """While one receiver refuses connections the other gets everything at once; afterwards the one gets all as well."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as down, receiving() as up, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "down", down)
            await subscribe(scene.context, "up", up)
            await down.close()
            told: list[str] = []
            for _ in range(12):
                told += await happen(scene.context, 10)
                await until(lambda told=told: len(up.taken) == len(told))  # type: ignore[misc]
                await pass_time(scene, deliverer, "down", 300)
            failing = await look(scene.context, "down")
            assert failing.failures >= UNANSWERED_MAX
            assert failing.last_error is not None
            assert "connection" in failing.last_error
            assert down.attempts == []
            await down.open()
            scene.clock.step(600)
            await until(lambda: set(down.ids) == set(told))
            await deliverer.idle()
            assert sorted(up.ids) == sorted(down.ids) == sorted(told)
            assert (await look(scene.context, "down")).failures == 0
            assert await scene.context.store.deliveries(failing.number, 0, 10) == []

    play(tmp_path, scenario)


def test_a_receiver_that_is_down_is_tried_with_one_event_and_ever_longer_pauses(tmp_path: Path) -> None:
    """After the first window, each try is one event, and none comes before the pause is over."""

    async def scenario(scene: Scene) -> None:
        async def fails(_message: Received) -> int | None:
            return None

        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver)
            receiver.behaviour = fails
            await happen(scene.context, 100)
            await until(lambda: len(receiver.attempts) == workers.BATCH_MAX)
            pauses = []
            for attempts in range(workers.BATCH_MAX, workers.BATCH_MAX + 7):
                await deliverer.idle()
                assert len(receiver.attempts) == attempts
                pauses.append((await look(scene.context, "hook")).next_attempt_at - scene.clock.now())
                scene.clock.at += pauses[-1] - 1
                await deliverer.idle()
                assert len(receiver.attempts) == attempts
                scene.clock.at += 1
                await until(lambda attempts=attempts: len(receiver.attempts) == attempts + 1)  # type: ignore[misc]
            bounds = (5, 30, 120, 300, 600, 600, 600)
            assert all(0.8 * bound <= pause / SECOND <= bound for pause, bound in zip(pauses, bounds, strict=True))

    play(tmp_path, scenario)


@pytest.mark.parametrize("alone", [False, True])
def test_one_event_that_a_receiver_cannot_take_stops_no_other(tmp_path: Path, alone: bool) -> None:
    """An event that is answered with 500 is tried by itself for about three days and then given up; others arrive."""

    async def scenario(scene: Scene) -> None:
        poison = ""

        async def behaves(message: Received) -> int | None:
            return 500 if message.id == poison else 200

        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver)
            receiver.behaviour = behaves
            if not alone:
                await happen(scene.context, 3)
            (poison,) = await happen(scene.context, 1)
            await until(lambda: any(each.id == poison for each in receiver.attempts))
            await deliverer.idle()
            others = await happen(scene.context, 40)
            await pass_time(scene, deliverer, "hook", 6)
            await until(lambda: set(others) <= set(receiver.ids))
            hook = await look(scene.context, "hook")
            assert hook.failures == 0
            begun = scene.clock.now()
            for _ in range(len(RETRY_SCHEDULE_SECONDS) + 1):
                (delivery,) = await scene.context.store.deliveries(hook.number, 0, 10)
                if delivery.gave_up_at is not None:
                    break
                scene.clock.at = max(scene.clock.at, delivery.next_attempt_at)
                await until(lambda attempts=delivery.attempts: _tries(receiver, poison) > attempts)  # type: ignore[misc]
                await deliverer.idle()
            assert delivery.gave_up_at is not None
            assert 2.4 * 86_400 < (delivery.gave_up_at - begun) / SECOND < 3.2 * 86_400
            assert delivery.last_error == "the answer was 500"
            assert _tries(receiver, poison) == len(RETRY_SCHEDULE_SECONDS) + 1
            assert len(receiver.ids) == len(set(receiver.ids))

    play(tmp_path, scenario)


def _tries(receiver: Receiver, event_id: str) -> int:
    return sum(each.id == event_id for each in receiver.attempts)


def test_an_event_that_is_never_answered_stands_in_the_way_for_a_while_only(tmp_path: Path) -> None:
    """When one event makes a receiver hang, the ones behind it are told after a few tries."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver)
            (poison,) = await happen(scene.context, 1)

            async def behaves(message: Received) -> int | None:
                return None if message.id == poison else 200

            receiver.behaviour = behaves
            await until(lambda: len(receiver.attempts) == 1)
            others = await happen(scene.context, 5)
            await pass_time(scene, deliverer, "hook", 1200)
            await until(lambda: set(others) <= set(receiver.ids))
            assert (await look(scene.context, "hook")).failures == 0

    play(tmp_path, scenario)


def test_slow_silent_and_broken_receivers_delay_nobody(tmp_path: Path) -> None:
    """Beside receivers that hold back, are silent or broken a sound one gets all, and the slow one all of its own."""

    async def scenario(scene: Scene) -> None:
        held = asyncio.Event()

        async def slow(_message: Received) -> int | None:
            await held.wait()
            return 200

        async def silent(_message: Received) -> int | None:
            await asyncio.Event().wait()
            return 200

        async def closes(_message: Received) -> int | None:
            return None

        async with receiving() as one, receiving() as two, receiving() as three, receiving() as sound:
            receivers = {"slow": one, "silent": two, "closes": three, "sound": sound}
            for (name, receiver), behaviour in zip(receivers.items(), (slow, silent, closes), strict=False):
                receiver.behaviour = behaviour
                await subscribe(scene.context, name, receiver)
            await subscribe(scene.context, "sound", sound)
            async with delivering(scene.context, two, SILENT_SECONDS) as deliverer:
                told = await happen(scene.context, 200)
                await until(lambda: len(sound.taken) == 200)
                assert one.taken == []
                assert one.most == workers.BATCH_MAX
                held.set()
                await pass_time(scene, deliverer, "slow", 60)
                await until(lambda: set(one.ids) == set(told))
                async with asyncio.timeout(SOON_SECONDS):
                    while (hook := await look(scene.context, "silent")).last_error is None:
                        await deliverer.idle()
                assert hook.last_error == f"no answer within {SILENT_SECONDS:g} seconds"
                assert (await look(scene.context, "closes")).failures >= 1

    play(tmp_path, scenario)


def test_a_receiver_that_is_gone_is_paused(tmp_path: Path) -> None:
    """After 410 a webhook is told nothing until it is enabled again; then it gets everything."""

    async def scenario(scene: Scene) -> None:
        async def gone(_message: Received) -> int | None:
            return 410

        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver)
            receiver.behaviour = gone
            told = await happen(scene.context, 1)
            await until(lambda: len(receiver.attempts) == 1)
            await deliverer.idle()
            hook = await look(scene.context, "hook")
            assert hook.disabled_at is not None
            assert "410" in (hook.last_error or "")
            told += await happen(scene.context, 5)
            scene.clock.step(3600)
            await deliverer.idle()
            assert len(receiver.attempts) == 1
            receiver.behaviour = Receiver().behaviour
            await webhooks.enable(scene.context, hook)
            await until(lambda: sorted(receiver.ids) == sorted(told))

    play(tmp_path, scenario)


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    """A redirect is a failure, and the other address hears nothing."""

    async def scenario(scene: Scene) -> None:
        async def moved(_message: Received) -> int | None:
            return 307

        async with receiving() as receiver, receiving() as other, delivering(scene.context) as deliverer:
            receiver.behaviour = moved
            receiver.extra = f"location: {other.url}\r\nset-cookie: session=1\r\n".encode()
            await subscribe(scene.context, "hook", receiver)
            await happen(scene.context, 1)
            await until(lambda: len(receiver.attempts) == 1)
            await deliverer.idle()
            scene.clock.step(10)
            await until(lambda: len(receiver.attempts) == 2)
            assert other.attempts == []
            assert [each.headers.get("cookie") for each in receiver.attempts] == [None, None]

    play(tmp_path, scenario)


def test_another_organization_s_events_never_arrive(tmp_path: Path) -> None:
    """A webhook hears of its own organization only, though two have the same name."""

    async def scenario(scene: Scene) -> None:
        other = await organizations.create(scene.context, "Other")
        async with receiving() as ours, receiving() as theirs, delivering(scene.context):
            await subscribe(scene.context, "hook", ours)
            await subscribe(scene.context, "hook", theirs, organization="Other")
            mine = await happen(scene.context, 20)
            his = await happen(scene.context, 20, organization=other.number)
            await until(lambda: len(ours.taken) == len(theirs.taken) == 20)
            assert (sorted(ours.ids), sorted(theirs.ids)) == (sorted(mine), sorted(his))

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_a_position_that_could_not_be_written_is_written_again(tmp_path: Path, fault: Fault) -> None:
    """When the commit of a window fails, before or after it took effect, nothing is lost, nor sent again and again."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        async with receiving() as receiver:
            await subscribe(scene.context, "hook", receiver)
            told = await happen(scene.context, 100)
            store.faults = [fault, None, None, fault, fault]
            async with delivering(scene.context) as deliverer:
                await until(lambda: set(receiver.ids) == set(told), 10)
                await deliverer.idle()
            assert store.faults == []
            assert len(receiver.ids) == len(told)
            hook = await look(scene.context, "hook")
            assert hook.position == await scene.context.store.last_event()

    play(tmp_path, scenario)


def test_what_was_not_asked_for_is_passed(tmp_path: Path) -> None:
    """Events of other kinds are passed in few commits; a webhook that asks for them later gets those from then on."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver, "tier.promoted")
            for _ in range(3):
                await happen(scene.context, 500)
                await deliverer.idle()
            hook = await look(scene.context, "hook")
            assert hook.position >= 1000
            (wanted,) = await happen(scene.context, 1, kind="tier.promoted")
            await until(lambda: receiver.ids == [wanted])
            await webhooks.change(scene.context, hook, None, "all")
            later = await happen(scene.context, 2)
            await until(lambda: set(later) <= set(receiver.ids))
            assert len(receiver.ids) == 3

    play(tmp_path, scenario)


def test_a_pause_takes_effect_in_the_middle(tmp_path: Path) -> None:
    """A webhook that is disabled while much waits for it is told no more than what is under way."""

    async def scenario(scene: Scene) -> None:
        async def slow(_message: Received) -> int | None:
            await asyncio.sleep(0.1)
            return 200

        async with receiving() as receiver:
            receiver.behaviour = slow
            await subscribe(scene.context, "hook", receiver)
            await happen(scene.context, 500)
            async with delivering(scene.context) as deliverer:
                await until(lambda: len(receiver.taken) > workers.BATCH_MAX)
                begun = len(receiver.attempts)
                await webhooks.disable(scene.context, await look(scene.context, "hook"))
                await deliverer.idle()
                assert len(receiver.attempts) <= begun + workers.BATCH_MAX

    play(tmp_path, scenario)


def test_a_paused_webhook_is_told_nothing(tmp_path: Path) -> None:
    """While it is paused nothing is sent; when it is resumed, or made anew, it hears what it should and no more."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as receiver, delivering(scene.context) as deliverer:
            await subscribe(scene.context, "hook", receiver)
            hook = await look(scene.context, "hook")
            await webhooks.disable(scene.context, hook)
            told = await happen(scene.context, 3)
            await deliverer.idle()
            assert receiver.attempts == []
            await webhooks.enable(scene.context, hook)
            await until(lambda: sorted(receiver.ids) == sorted(told))
            await deliverer.idle()  # a worker that has read the webhook just before may still send it what is new
            await webhooks.delete(scene.context, hook)
            await happen(scene.context, 3)
            await subscribe(scene.context, "hook", receiver)
            (last,) = await happen(scene.context, 1)
            await until(lambda: last in receiver.ids)
            assert receiver.ids[3:] == [last]
            assert len(receiver.attempts) == 4

    play(tmp_path, scenario)
