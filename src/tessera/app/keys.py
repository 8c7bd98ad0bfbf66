"""The keys of a database: those it begins with, and those that an older one lacks."""

from contextlib import suppress

from tessera.core import audit
from tessera.core.changes import AddKey, RecordDeed
from tessera.core.keys import PEPPER_BYTES, KeyPurpose, MasterKey
from tessera.core.sealing import KEY_BYTES
from tessera.core.signing import ALGORITHMS
from tessera.core.times import UUID_RANDOM_BYTES, uuid_of
from tessera.ops import signing_keys
from tessera.ports import Clock, Conflict, Entropy, Store

_RANDOM_BYTES = {KeyPurpose.SEALING: KEY_BYTES, KeyPurpose.PEPPER: PEPPER_BYTES}


def new(
    purpose: KeyPurpose, number: int, master_key: MasterKey, entropy: Entropy, *, now: int, signs_from: int
) -> AddKey:
    """A new key, wrapped by the master key."""
    if purpose in ALGORITHMS:
        material = signing_keys.make(ALGORITHMS[purpose])
    else:
        material = entropy.random_bytes(_RANDOM_BYTES[purpose])
    return AddKey(purpose, number, master_key.wrap(purpose, number, material), now, signs_from)


async def create_first(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first key of each purpose. Raises Conflict when there are some."""
    now = clock.now()
    first = [new(purpose, 1, master_key, entropy, now=now, signs_from=0) for purpose in KeyPurpose]
    await _commit(store, first, entropy, now)


async def add_missing(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first signing keys of a database that is older than they are; another process may be first."""
    there = {key.purpose for key in await store.keys()}
    now = clock.now()
    for purpose in ALGORITHMS:
        if purpose not in there:
            with suppress(Conflict):
                await _commit(store, [new(purpose, 1, master_key, entropy, now=now, signs_from=0)], entropy, now)


async def _commit(store: Store, keys: list[AddKey], entropy: Entropy, now: int) -> None:
    """Write keys before there is a house, and record them as it would."""
    deeds = [
        RecordDeed(uuid_of(now, entropy.random_bytes(UUID_RANDOM_BYTES)), now, audit.SERVER.name, None, *each)
        for each in audit.recorded(keys, audit.SERVER)
    ]
    await store.commit(*keys, *deeds)
