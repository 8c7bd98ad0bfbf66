"""Moving from one secret to the next, warnings that are told once, and counts by the hour."""

from collections.abc import Iterable

import msgspec

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.clients.applications import FOREVER, Credential, CredentialKind
from tessera.core.clients.expiry_warnings import Ending, Owner, WastefulClient
from tessera.core.clients.secret_rotation import OF_APPLICATION, Writes
from tessera.core.times import HOUR, PurgeTime
from tessera.ports import HourCount
from tessera.store.conformance import material
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT, World

TOPIC = Topic("rotation")

OWNER = Owner(CLIENT, f"name of {CLIENT}", 1, "Org", "retailer of Org")


def of_secrets(owner: str, secret: int, writes: Writes) -> Iterable[Condition]:
    """For the changes that rotate secrets of an application or property: where they hold, and where they do not."""
    yield Condition(
        (writes.keep(owner, secret, None),),
        (
            writes.keep(owner, secret, AT),
            writes.keep(owner, secret + 100, None),
            writes.keep("unknown", secret, None),
        ),
    )
    yield Condition(
        (writes.finish(owner, secret, AT, None, FOREVER), writes.finish(owner, secret, 1, None, 1)),
        (
            writes.finish(owner, secret, AT, AT, FOREVER),
            writes.finish(owner, secret, AT, None, 0),
            writes.finish(owner, secret + 100, AT, None, FOREVER),
            writes.finish("unknown", secret, AT, None, FOREVER),
        ),
    )


def facts(world: World) -> Iterable[tuple[tuple[Change, ...], tuple[Change, ...]]]:
    """For every change of a rotation that restates a fact: where it holds, and every way in which it does not."""
    secret = world.secret
    yield from ((each.holds, each.broken) for each in of_secrets(CLIENT, secret, OF_APPLICATION))
    yield (
        (changes.RekeyCredential(CLIENT, secret, b"fast", bytes(32)),),
        (
            changes.RekeyCredential(CLIENT, secret, b"fast", b"fast"),
            changes.RekeyCredential(CLIENT, secret + 100, b"fast", bytes(32)),
            changes.RekeyCredential("unknown", secret, b"fast", bytes(32)),
        ),
    )
    yield (
        (changes.SetTokenReuse(CLIENT, True), changes.SetTokenReuse(CLIENT, False)),
        (changes.SetTokenReuse("unknown", True),),
    )
    yield (changes.AddWarning("new", AT),), (changes.AddWarning("told", AT), changes.AddWarning("told", AT + 1))


def repeatable(world: World) -> list[Change]:
    """Changes that restate no fact, and may be committed again all the same."""
    return [
        changes.MarkCredentialUsed(world.secret, AT, "192.0.2.1"),
    ]


@TOPIC
async def a_newer_credential_stands_in_the_way(stores: Stores) -> None:
    """A credential that is not the newest any more cannot be kept as the newest, whatever its end."""
    store = await stores()
    world = await material.furnish(store)
    keep = changes.KeepCredential(CLIENT, world.secret, None)
    await store.commit(keep, material.secret(CLIENT, "next"))
    await expect_conflict(store, keep)


@TOPIC
async def a_use_stands_in_the_way_of_finishing(stores: Stores) -> None:
    """A credential used at the bound or after it is not finished, one used before it is; its source is kept."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.MarkCredentialUsed(world.secret, AT, "192.0.2.7"))
    (used,) = await store.secrets(CLIENT)
    expect((used.last_used_at, used.last_used_from), (AT, "192.0.2.7"), "the last use")
    await expect_conflict(store, changes.FinishCredential(CLIENT, world.secret, AT + 9, None, AT))
    await store.commit(changes.FinishCredential(CLIENT, world.secret, AT + 9, None, AT + 1))
    (ended,) = await store.secrets(CLIENT)
    expect(ended.ends_at, AT + 9, "its end")
    await store.commit(changes.MarkCredentialUsed(world.secret, AT + 1))
    (used,) = await store.secrets(CLIENT)
    expect((used.last_used_at, used.last_used_from), (AT + 1, None), "a last use from an unknown address")


@TOPIC
async def a_secret_is_rekeyed_once(stores: Stores) -> None:
    """A secret with a slow hash gets a keyed digest, and nothing else of it changes; a second time it is refused."""
    store = await stores()
    await material.furnish(store)
    slow = int(CredentialKind.ARGON2ID)
    await store.commit(changes.AddCredential(CLIENT, "imported", slow, b"$argon2id$", "abcd", AT, AT + 9))
    known = await store.application(CLIENT)
    records = await store.secrets(CLIENT)
    number = records[-1].number
    rekey = changes.RekeyCredential(CLIENT, number, b"k" * 32, b"$argon2id$")
    await store.commit(rekey)
    found = await store.application(CLIENT)
    first = known.credentials[0] if known else None
    now = [first, Credential(number, CredentialKind.KEYED, b"k" * 32, AT + 9)]
    expect(found and found.credentials, now, "the credentials as checked")
    shown = msgspec.structs.replace(records[-1], kind="keyed")
    expect(await store.secrets(CLIENT), [*records[:-1], shown], "the credentials as listed")
    await expect_conflict(store, rekey)


@TOPIC
async def token_reuse_reads_back(stores: Stores) -> None:
    """What is set is seen by requests and by the operator."""
    store = await stores()
    await material.furnish(store)
    for reuse in (True, False):
        await store.commit(changes.SetTokenReuse(CLIENT, reuse))
        found, record = await store.application(CLIENT), await store.application_record(CLIENT)
        expect((found and found.options.token_reuse, record and record.token_reuse), (reuse, reuse), "token reuse")


@TOPIC
async def credentials_about_to_end_come_in_pages(stores: Stores) -> None:
    """They come by their end, those with the same end too, with the end of the last and the use of the newer ones."""
    store = await stores()
    world = await material.furnish(store)
    first = world.secret
    await store.commit(
        *(material.secret(CLIENT, name, AT + after) for name, after in (("b", 20), ("c", 10), ("d", 10), ("e", 30))),
        changes.EndCredential(CLIENT, first, AT + 40, None),
        changes.MarkCredentialUsed(first + 1, AT + 1, "192.0.2.1"),
        changes.MarkCredentialUsed(first + 4, AT + 2, None),
    )
    rows = [
        Ending(OWNER, first + 2, "c", "keyed", AT + 10, AT + 40, None, None, AT + 2),
        Ending(OWNER, first + 3, "d", "keyed", AT + 10, AT + 40, None, None, AT + 2),
        Ending(OWNER, first + 1, "b", "keyed", AT + 20, AT + 40, AT + 1, "192.0.2.1", AT + 2),
        Ending(OWNER, first + 4, "e", "keyed", AT + 30, AT + 40, AT + 2, None, None),
    ]
    at, number, found = AT, FOREVER, []
    while page := await store.endings(at, number, AT + 30, 1):
        found += page
        at, number = page[-1].ends_at, page[-1].number
    expect(found, rows, "the credentials page by page")
    expect(await store.endings(AT + 10, FOREVER, AT + 30, 10), rows[2:], "those that end after a moment")
    last = Ending(OWNER, first, "first", "keyed", AT + 40, AT + 40, None, None, None)
    expect(await store.endings(AT, FOREVER, AT + 99, 10), [*rows, last], "all of them")
    await store.commit(material.secret(CLIENT, "endless"))
    expect((await store.endings(AT + 30, FOREVER, AT + 99, 10))[0].application_until, FOREVER, "until when it serves")
    await store.commit(changes.DisableApplication(CLIENT, AT))
    expect(await store.endings(AT, FOREVER, AT + 99, 10), [], "those of a disabled application")


@TOPIC
async def a_warning_is_told_once(stores: Stores) -> None:
    """The name of a warning is taken until it is forgotten."""
    store = await stores()
    await material.furnish(store)
    warning = changes.AddWarning("new", AT + 5)
    expect([await store.warning_sent(name) for name in ("told", "new")], [True, False], "what was told")
    await store.commit(warning)
    await expect_conflict(store, warning)
    await store.commit(changes.PurgeWarnings(PurgeTime(AT + 4), 9))
    expect([await store.warning_sent(name) for name in ("told", "new")], [False, True], "what was told then")


@TOPIC
async def hours_add_up_and_are_purged(stores: Stores) -> None:
    """Counts of an hour add up, each application's apart; the oldest go first, and no more than is asked for."""
    store = await stores()
    world = await material.furnish(store)
    who = world.application
    await store.commit(
        material.application(world.organization, "other"),
        changes.CountHour(who, 11, 1, 2, 3),
        changes.CountHour(who, 11, 10, 20, 30, 4),
        changes.CountHour(who, 11, 0, 0, 0, 5),
        changes.CountHour(who, 12, 1, 0, 0),
        changes.CountHour(who + 1, 11, 7, 7, 7),
        changes.CountHour(0, 11, 7, 7, 7),
        changes.CountHour(who + 100, 11, 7, 7, 7),
    )
    hours = [HourCount(10, 3, 4, 1), HourCount(11, 11, 22, 33, 9), HourCount(12, 1, 0, 0)]
    expect(await store.usage_hours(who, 0), hours, "the hours")
    expect(await store.usage_hours(who, 11), hours[1:], "the hours from one on")
    expect(await store.usage_hours(who + 100, 0), [], "the hours of nobody")
    before = PurgeTime(11 * HOUR - 1)
    expect(await store.purgeable(changes.PurgeHours, before), False, "whether the tenth hour is over before its end")
    await store.commit(changes.PurgeHours(before, 9))
    expect(await store.usage_hours(who, 0), hours, "the hours that are not over")
    await store.commit(changes.PurgeHours(PurgeTime(12 * HOUR), 2))
    expect([len(await store.usage_hours(each, 0)) for each in (who, who + 1)], [2, 0], "what is left of both")
    expect(await store.purgeable(changes.PurgeHours, 99 * HOUR), True, "whether any hour is left")
    await store.commit(changes.PurgeHours(PurgeTime(99 * HOUR), 9))
    expect(await store.purgeable(changes.PurgeHours, 99 * HOUR), False, "whether any hour is left")


@TOPIC
async def callers_without_a_memory_are_found(stores: Stores) -> None:
    """An application is found by an hour in which it got enough tokens and made fewer calls than so many to each."""
    store = await stores()
    world = await material.furnish(store)
    who = world.application
    await store.commit(
        changes.CountHour(who, 20, 100, 199, 0),
        changes.CountHour(who, 21, 100, 200, 0),
        changes.CountHour(who, 22, 99, 0, 0),
        changes.CountHour(who, 23, 500, 0, 0, 401),
        changes.CountHour(who, 24, 500, 0, 0, 400),
    )
    found = [await store.wasteful_clients(hour, 100, 2) for hour in range(19, 25)]
    expect(
        found,
        [[], [WastefulClient(OWNER, who, 20, 100, 199)], [], [], [], [WastefulClient(OWNER, who, 24, 100, 0)]],
        "those found by hour",
    )
