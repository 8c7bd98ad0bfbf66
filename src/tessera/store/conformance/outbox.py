"""The outbox: each organization's events in their order, webhooks and how far they are, deliveries until they end."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.times import PurgeTime
from tessera.core.webhooks.webhooks import Delivery, Event, Webhook
from tessera.ports import Counts, Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, World

TOPIC = Topic("outbox")


def facts(world: World) -> Iterable[tuple[tuple[Change, ...], tuple[Change, ...]]]:
    """For every change of the outbox that restates a fact: where it holds, and every way in which it does not."""
    hook, at = world.webhook, world.event
    owner, other = world.organization, world.other_organization
    yield (
        (material.webhook(owner, "new"), material.webhook(other, "hook")),
        (material.webhook(owner, "hook"),),
    )
    yield (changes.SetWebhook(hook, "https://new", "all"),), (changes.SetWebhook(hook + 100, "https://new", "all"),)
    yield (
        (changes.RotateWebhook(hook, b"new", b"secret", AT),),
        (changes.RotateWebhook(hook, b"new", b"other", AT), changes.RotateWebhook(hook + 100, b"new", b"secret", AT)),
    )
    yield (changes.DisableWebhook(hook, AT, "x"),), (changes.DisableWebhook(hook + 100, AT, None),)
    yield (changes.DeleteWebhook(hook),), (changes.DeleteWebhook(hook + 100),)
    yield (
        (changes.MoveWebhook(hook, at + 1, at, 0, 0, AT, None), changes.MoveWebhook(hook, at, at, 1, AT, None, "x")),
        (
            changes.MoveWebhook(hook, at + 1, at + 1, 0, 0, AT, None),
            changes.MoveWebhook(hook, at + 1, at - 1, 0, 0, AT, None),
            changes.MoveWebhook(hook + 100, at + 1, at, 0, 0, AT, None),
        ),
    )
    yield (
        (changes.PostponeDelivery(hook, at, 2, 1, AT, "x", None),),
        (
            changes.PostponeDelivery(hook, at, 2, 2, AT, "x", None),
            changes.PostponeDelivery(hook, at + 100, 2, 1, AT, "x", None),
            changes.PostponeDelivery(hook + 100, at, 2, 1, AT, "x", None),
        ),
    )


def repeatable(world: World) -> list[Change]:
    """Changes of the outbox that restate no fact, and may be committed again all the same."""
    hook, at = world.webhook, world.event
    return [
        changes.AddDelivery(hook, at, 0, AT + 5, None),
        changes.AddDelivery(hook, at - 2, 1, AT + 5, "x"),
        changes.EndDelivery(hook, at, 1, AT),
        changes.RetryDeliveries(hook, AT + 9),
    ]


async def _only(store: Store, world: World) -> Webhook:
    found = await store.webhook(world.organization, "hook")
    if found is None:
        raise AssertionError("the webhook is absent")
    return found


@TOPIC
async def a_webhook_reads_back(stores: Stores) -> None:
    """A webhook begins at the newest event, keeps what it was given, and is found in its organization only."""
    store = await stores()
    world = await material.furnish(store)
    begun = Webhook(world.webhook, world.organization, "hook", "https://hook", "all", b"secret", None, None, AT, None,
                    world.event, 0, 0, None, None)  # fmt: skip
    expect(await store.webhook(world.organization, "hook"), begun, "the webhook")
    expect(await store.webhook(world.other_organization, "hook"), None, "the webhook of another organization")
    expect(await store.webhook(world.organization, "Hook"), None, "the webhook by another name")
    expect([await store.webhooks(), await store.webhooks_in_force(AT)], [[begun], [(begun, True)]], "all webhooks")
    expect(await store.webhooks_in_force(AT - 1), [(begun, False)], "whether a delivery is due before it is")
    await store.commit(
        changes.MoveWebhook(begun.number, world.event + 1, world.event, 2, AT + 3, AT + 1, "failed"),
        changes.MoveWebhook(begun.number, world.event + 2, world.event + 1, 3, AT + 4, None, None),
        changes.RotateWebhook(begun.number, b"second", b"secret", AT + 5),
    )
    moved = await _only(store, world)
    expect((moved.position, moved.failures, moved.next_attempt_at), (world.event + 2, 3, AT + 4), "where it is")
    expect((moved.delivered_at, moved.last_error), (AT + 1, "failed"), "what stays when nothing is said")
    expect((moved.secret, moved.former_secret, moved.former_ends_at), (b"second", b"secret", AT + 5), "its secrets")
    await store.commit(changes.SetWebhook(begun.number, "https://new", "points.earned"))
    moved = await _only(store, world)
    expect((moved.url, moved.kinds, moved.failures, moved.next_attempt_at), ("https://new", "points.earned", 0, 0))


@TOPIC
async def a_webhook_is_disabled_and_enabled_in_turn(stores: Stores) -> None:
    """A webhook is disabled once, then enabled once, and a deleted one takes its deliveries away."""
    store = await stores()
    world = await material.furnish(store)
    disable, enable = changes.DisableWebhook(world.webhook, AT, "gone"), changes.EnableWebhook(world.webhook)
    await expect_conflict(store, enable)
    await store.commit(changes.MoveWebhook(world.webhook, world.event, world.event, 5, AT + 9, None, "x"), disable)
    disabled = await _only(store, world)
    expect((disabled.disabled_at, disabled.last_error), (AT, "gone"), "the time and its reason")
    expect(await store.webhooks_in_force(AT), [], "the webhooks in force")
    await expect_conflict(store, disable)
    await store.commit(enable)
    enabled = await _only(store, world)
    expect((enabled.disabled_at, enabled.failures, enabled.next_attempt_at), (None, 0, 0), "the enabled webhook")
    await store.commit(changes.DeleteWebhook(world.webhook))
    expect(await store.delivery_counts(world.webhook), Counts(0, 0), "its deliveries")


@TOPIC
async def events_read_back_by_organization(stores: Stores) -> None:
    """Events are read forward and back, by number and by id, each organization's apart from the other's."""
    store = await stores()
    world = await material.furnish(store)
    owner, other, last = world.organization, world.other_organization, world.event
    new = [changes.AddEvent(f"new-{n}", (owner, other)[n % 2], f"kind-{n % 3}", "{}", AT + n) for n in range(12)]
    await store.commit(*new)
    ours = [Event(last + 1 + n, f"new-{n}", owner, f"kind-{n % 3}", "{}", AT + n) for n in range(0, 12, 2)]
    expect(await store.last_event(), last + 12, "the newest event")
    expect(await store.events_after(owner, last, 100), ours, "the events after")
    expect(await store.events_after(owner, last + 2, 2), ours[1:3], "two of them")
    expect(await store.events_before(owner, last + 12, 2), [ours[5], ours[4]], "the newest before")
    expect({each.organization for each in await store.events_after(other, 0, 100)}, {other}, "whose events they are")
    expect(await store.event("new-4"), ours[2], "the event by its id")
    expect(await store.event("NEW-4"), None, "an event by another id")
    expect(await store.event_span(last, 3), [(last + 1, AT), (last + 2, AT + 1), (last + 3, AT + 2)], "the span")
    expect(await store.waiting(owner, last), {"kind-0": 2, "kind-1": 2, "kind-2": 2}, "what waits")
    expect(await store.waiting(owner, last + 8), {"kind-1": 1, "kind-2": 1}, "what still waits")


@TOPIC
async def deliveries_read_back(stores: Stores) -> None:
    """Deliveries come with their events, the longest due first; one that ended or was given up is due no more."""
    store = await stores()
    world = await material.furnish(store)
    hook, at = world.webhook, world.event
    event = await store.event("event-2")
    if event is None:
        raise AssertionError("the event is absent")
    first = Delivery(hook, 1, AT, "failed", None, event)
    expect(await store.deliveries(hook, 0, 9), [first], "the deliveries")
    expect(await store.deliveries(hook, at, 9), [], "the deliveries after it")
    expect(await store.deliveries_due(hook, AT - 1, 9), [], "what is due before")
    await store.commit(changes.AddDelivery(hook, at - 2, 0, AT - 5, None))
    expect([each.event.number for each in await store.deliveries_due(hook, AT, 9)], [at - 2, at], "what is due")
    expect([each.event.number for each in await store.deliveries_due(hook, AT, 1)], [at - 2], "the longest due")
    await store.commit(changes.EndDelivery(hook, at - 2, 1, AT), changes.EndDelivery(hook, at, 1, AT + 7))
    expect(await store.delivery_counts(hook), Counts(1, 0), "the delivery that was asked for anew stays")
    expect((await _only(store, world)).delivered_at, AT + 7, "when something last arrived")
    await store.commit(changes.PostponeDelivery(hook, at - 2, 1, 0, 2**62, "never", AT + 8))
    expect(await store.delivery_counts(hook), Counts(1, 1), "the counts when it was given up")
    await store.commit(changes.RetryDeliveries(hook, AT + 9))
    begun = (await store.deliveries(hook, 0, 9))[0]
    expect((begun.attempts, begun.next_attempt_at, begun.gave_up_at), (0, AT + 9, None), "what begins again")


@TOPIC
async def another_organization_s_event_is_never_delivered(stores: Stores) -> None:
    """A delivery that names an event of another organization is not there for anybody who reads."""
    store = await stores()
    world = await material.furnish(store)
    theirs = (await store.events_after(world.other_organization, 0, 9))[0]
    await store.commit(
        changes.EndDelivery(world.webhook, world.event, 1, AT),
        changes.AddDelivery(world.webhook, theirs.number, 0, AT, ""),
    )
    expect(await store.deliveries_due(world.webhook, AT, 9), [], "what is due")
    expect(await store.deliveries(world.webhook, 0, 9), [], "the deliveries")


@TOPIC
async def events_are_purged_when_nobody_needs_them(stores: Stores) -> None:
    """Old events go once every webhook of their organization has passed them and has no delivery of them."""
    store = await stores()
    world = await material.furnish(store)
    owner, at = world.organization, world.event
    await store.commit(
        changes.AddEvent("old", owner, "k", "{}", AT - 1),
        changes.AddEvent("other's", world.other_organization, "k", "{}", AT - 1),
        changes.AddEvent("later", owner, "k", "{}", AT + 1),
    )
    await store.commit(changes.PurgeEvents(PurgeTime(AT - 1), 0, at + 10))
    expect(
        [await store.event("other's"), (await store.event("old")) is not None], [None, True], "what nobody waits for"
    )
    await store.commit(changes.MoveWebhook(world.webhook, at + 3, at, 0, 0, AT, None))
    await store.commit(changes.PurgeEvents(PurgeTime(AT - 1), at + 2, at + 10))
    expect((await store.event("old")) is not None, True, "an event out of the range")
    await store.commit(changes.PurgeEvents(PurgeTime(AT - 1), 0, at + 10))
    expect(await store.event("old"), None, "an event that was passed")
    await store.commit(changes.PurgeEvents(PurgeTime(AT), 0, at + 10))
    expect([each.id for each in await store.events_after(owner, 0, 9)], ["event-2", "later"], "what has a delivery")
    await store.commit(changes.PostponeDelivery(world.webhook, at, 2, 1, 2**62, "x", AT))
    await store.commit(changes.PurgeDeliveries(PurgeTime(AT - 1), 9), changes.PurgeEvents(PurgeTime(AT), 0, at + 10))
    expect(len(await store.events_after(owner, 0, 9)), 2, "the events while the delivery is young")
    await store.commit(changes.PurgeDeliveries(PurgeTime(AT), 9), changes.PurgeEvents(PurgeTime(AT + 1), 0, at + 10))
    expect(await store.events_after(owner, 0, 9), [], "the events at last")
    await store.commit(changes.AddEvent("next", owner, "k", "{}", AT))
    expect(await store.last_event(), at + 4, "that no number is used again")
