"""Keys that follow one another by themselves, and what an operator does with them."""

import asyncio

import msgspec

from tessera.app.context import Context
from tessera.app.keys import creation
from tessera.app.operators import OperatorError
from tessera.app.operators import commit as commit_asked
from tessera.app.runtime import purge_clock
from tessera.core.changes import Change, EndKey, PurgeKey
from tessera.core.keys import rotation_schedule
from tessera.core.keys.rotation_schedule import ROTATED, KeyState
from tessera.core.keys.signing import ALGORITHMS
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.nearest import nearest
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ports import Conflict

POLL_SECONDS = 60
"""How often it is looked whether a key is due."""

AT_ONCE_SECONDS = 1
"""How long after it was made a key signs that is needed at once: every process of ours has heard of it by then."""


class KeyRecord(msgspec.Struct, frozen=True):
    """A key as its operator sees it; `key_id` is the `kid` of one that signs."""

    name: str
    purpose: str
    state: str
    key_id: str | None
    created_at: int
    signs_from: int
    verifies_until: int | None


async def rotate_when_due(context: Context) -> None:
    """Have keys follow one another, until cancelled."""
    while True:
        await look(context)
        await asyncio.sleep(POLL_SECONDS)


async def look(context: Context) -> None:
    """Add the keys that are due, end those that others have followed, delete those long ended.

    Doing it twice at once does it once: a number is taken once, an end is set once.
    """
    found, now = await context.store.keys(), context.clock.now()
    for purpose in rotation_schedule.due(found, context.settings.key_rotation_days, now):
        number = rotation_schedule.next_number(found, purpose)
        if number is not None:
            signs_from = now + context.settings.key_publish_seconds * SECOND
            made = await creation.new(
                purpose, number, context.directory.wrap, context.entropy, now=now, signs_from=signs_from
            )
            await _commit(context, made, "key_added", purpose, number)
    followed = rotation_schedule.replaced(found, 0, now)
    longest = await context.store.longest_token_lifetime() if followed else 0
    for key, end in rotation_schedule.replaced(found, longest, now):
        change = EndKey(key.purpose, key.number, end, None)
        await _commit(context, change, "key_ends", key.purpose, key.number)
    until = await purge_clock.until(context, rotation_schedule.PURGED_AFTER_SECONDS * SECOND)
    if until is None:
        return
    for key in rotation_schedule.purged(found, until):
        await _commit(context, PurgeKey(until, key.purpose, key.number), "key_forgotten", key.purpose, key.number)


async def _commit(context: Context, change: Change, event: str, purpose: KeyPurpose, number: int) -> None:
    try:
        await context.commit(change)
    except Conflict:
        return  # another process was first
    log.info(event, key=_name(purpose, number))


def _name(purpose: KeyPurpose, number: int) -> str:
    return f"{purpose}-{number}"


async def every(context: Context) -> list[KeyRecord]:
    """All keys but the pepper, by purpose and age."""
    found = await context.store.keys()
    return [_record(context, found, key) for purpose in ROTATED for key in rotation_schedule.of(found, purpose)]


def _record(context: Context, found: list[WrappedKey], key: WrappedKey) -> KeyRecord:
    return KeyRecord(
        name=_name(key.purpose, key.number),
        purpose=key.purpose.value,
        state=rotation_schedule.state(found, key, context.clock.now()).value,
        key_id=context.directory.signing.name(ALGORITHMS[key.purpose], key.number)
        if key.purpose in ALGORITHMS
        else None,
        created_at=key.created_at,
        signs_from=key.signs_from,
        verifies_until=key.verifies_until,
    )


async def rotate(context: Context, purposes: list[KeyPurpose], *, at_once: bool = False) -> list[KeyRecord]:
    """Add the next key for each of these purposes; those that were added. Raises OperatorError."""
    found, now = await context.store.keys(), context.clock.now()
    wait = AT_ONCE_SECONDS if at_once else context.settings.key_publish_seconds
    made = []
    for purpose in purposes:
        number = rotation_schedule.next_number(found, purpose)
        if number is None:
            raise OperatorError("key_numbers_taken")
        made.append(
            await creation.new(
                purpose, number, context.directory.wrap, context.entropy, now=now, signs_from=now + wait * SECOND
            )
        )
    await commit_asked(context, *made)
    added = {(each.purpose, each.number) for each in made}
    found = await context.store.keys()
    return [_record(context, found, key) for key in found if (key.purpose, key.number) in added]


async def find(context: Context, name: str) -> KeyRecord:
    """The key with this name or `kid`. Raises OperatorError when there is none."""
    known = await every(context)
    for record in known:
        if name in (record.name, record.key_id):
            return record
    raise OperatorError("key_not_found", name=name, nearest=nearest(name, [each.name for each in known]))


async def retire(context: Context, name: str) -> KeyRecord:
    """End a key now; what it made is dead. Raises OperatorError for the one that signs, and for one that has ended."""
    record = await find(context, name)
    if record.state == KeyState.SIGNING:
        raise OperatorError("key_signs", name=record.name, purpose=str(record.purpose))
    if record.state == KeyState.ENDED:
        raise OperatorError("key_ended", name=record.name)
    purpose, _, number = record.name.rpartition("-")
    now = context.clock.now()
    await commit_asked(context, EndKey(KeyPurpose(purpose), int(number), now, record.verifies_until))
    return await find(context, record.name)
