"""The keys a new database begins with."""

from tessera.core import audit
from tessera.core.changes import AddKey, RecordDeed
from tessera.core.keys import PEPPER_BYTES, KeyPurpose, MasterKey
from tessera.core.sealing import KEY_BYTES
from tessera.core.times import UUID_RANDOM_BYTES, uuid_of
from tessera.ports import Clock, Entropy, Store


async def create_first(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first sealing key and the pepper, wrapped by the master key. Raises Conflict when there are some."""
    now = clock.now()
    keys = [
        AddKey(purpose, 1, master_key.wrap(purpose, 1, entropy.random_bytes(length)), now, 0)
        for purpose, length in ((KeyPurpose.SEALING, KEY_BYTES), (KeyPurpose.PEPPER, PEPPER_BYTES))
    ]
    deeds = [
        RecordDeed(uuid_of(now, entropy.random_bytes(UUID_RANDOM_BYTES)), now, audit.SERVER.name, None, *each)
        for each in audit.recorded(keys, audit.SERVER)
    ]
    await store.commit(*keys, *deeds)
