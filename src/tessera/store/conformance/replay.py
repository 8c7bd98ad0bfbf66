"""A proof is used once, by whoever comes first."""

import asyncio

from tessera.core import changes
from tessera.ports import Conflict, Store
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT

TOPIC = Topic("proofs")

USERS = 25


@TOPIC
async def a_proof_is_used_once(stores: Stores) -> None:
    """A proof that was used is refused, whatever end the second use gives it; another one is not."""
    store = await stores()
    expect(await store.consumed_proof("one"), None, "a proof that nobody used")
    await store.commit(changes.ConsumeProof("one", AT))
    await expect_conflict(store, changes.ConsumeProof("one", AT))
    await expect_conflict(store, changes.ConsumeProof("one", AT + 1))
    await store.commit(changes.ConsumeProof("One", AT))
    expect(await store.consumed_proof("one"), AT, "its end")


@TOPIC
async def of_many_users_one_is_first(stores: Stores) -> None:
    """However many use a proof at one moment, over two stores: one does, and the others are told."""
    pair = [await stores(), await stores()]

    async def use(store: Store) -> bool:
        try:
            await store.commit(changes.ConsumeProof("one", AT))
        except Conflict:
            return False
        return True

    used = await asyncio.gather(*(use(store) for store in pair for _ in range(USERS)))
    expect(sum(used), 1, "how many used it")
