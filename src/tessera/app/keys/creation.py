"""The keys of a database: those it begins with, those that an older one lacks, and a new one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tessera.core.administration import audit
from tessera.core.changes import AddKey, RecordAuditEntry
from tessera.core.keys.sealing import KEY_BYTES
from tessera.core.keys.signing import ALGORITHMS
from tessera.core.keys.wrapping import PEPPER_BYTES, KeyPurpose, MasterKey
from tessera.core.times import UUID_RANDOM_BYTES, uuid_of
from tessera.ops import signing_keys
from tessera.ports import Clock, Conflict, Entropy, Store

Wrap = Callable[[KeyPurpose, int, bytes], bytes]
"""Wraps a key for its place in the database."""

_RANDOM_BYTES = {KeyPurpose.SEALING: KEY_BYTES, KeyPurpose.PEPPER: PEPPER_BYTES}


async def new(purpose: KeyPurpose, number: int, wrap: Wrap, entropy: Entropy, *, now: int, signs_from: int) -> AddKey:
    """A new key, wrapped. One that signs is made in a thread: looking for primes takes its time."""
    if purpose in ALGORITHMS:
        material = await asyncio.to_thread(signing_keys.make, ALGORITHMS[purpose])
    else:
        material = entropy.random_bytes(_RANDOM_BYTES[purpose])
    return AddKey(purpose, number, wrap(purpose, number, material), now, signs_from)


async def create_first(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first key of each purpose. Raises Conflict when there are some."""
    now = clock.now()
    made = [await new(purpose, 1, master_key.wrap, entropy, now=now, signs_from=0) for purpose in KeyPurpose]
    await _commit(store, made, entropy, now)


async def add_missing(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first signing keys of a database that is older than they are; another process may be first."""
    there = {key.purpose for key in await store.keys()}
    now = clock.now()
    for purpose in ALGORITHMS:
        if purpose not in there:
            made = await new(purpose, 1, master_key.wrap, entropy, now=now, signs_from=0)
            with suppress(Conflict):
                await _commit(store, [made], entropy, now)


async def _commit(store: Store, keys: list[AddKey], entropy: Entropy, now: int) -> None:
    """Write keys before there is a context, and record them as it would."""
    operations = [
        RecordAuditEntry(
            id=uuid_of(now, entropy.random_bytes(UUID_RANDOM_BYTES)),
            at=now,
            actor=audit.SERVER.name,
            source=None,
            action=each.action,
            target=each.target,
            detail=each.detail,
        )
        for each in audit.recorded(keys, audit.SERVER, str)  # of no customer
    ]
    await store.commit(*keys, *operations)
