"""The keys a new database begins with."""

from tessera.core.changes import AddKey
from tessera.core.keys import PEPPER_BYTES, KeyPurpose, MasterKey
from tessera.core.sealing import KEY_BYTES
from tessera.ports import Clock, Entropy, Store


async def create_first(store: Store, master_key: MasterKey, clock: Clock, entropy: Entropy) -> None:
    """Make the first sealing key and the pepper, wrapped by the master key. Raises Conflict when there are some."""
    now = clock.now()
    await store.commit(
        *(
            AddKey(purpose, 1, master_key.wrap(purpose, 1, entropy.random_bytes(length)), now, 0)
            for purpose, length in ((KeyPurpose.SEALING, KEY_BYTES), (KeyPurpose.PEPPER, PEPPER_BYTES))
        )
    )
