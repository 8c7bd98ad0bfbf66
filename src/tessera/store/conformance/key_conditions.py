"""Keys that follow one another: an end is set on what was known of it, and what has not ended is not forgotten."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.times import PurgeTime
from tessera.store.conformance import material
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT

TOPIC = Topic("keys")

SEALING = KeyPurpose.SEALING


def listed() -> Iterable[Condition]:
    """Where the facts of these changes hold, and where not."""
    yield Condition(
        (changes.EndKey(SEALING, 1, AT + 1, None),),
        (
            changes.EndKey(SEALING, 1, AT + 1, AT),
            changes.EndKey(SEALING, 1, AT + 1, 0),
            changes.EndKey(SEALING, 2, AT + 1, None),
            changes.EndKey(KeyPurpose.PEPPER, 1, AT + 1, None),
        ),
    )
    yield Condition((changes.SetTokenFormat(CLIENT, 2),), (changes.SetTokenFormat("unknown", 2),))


@TOPIC
async def a_key_s_end_reads_back_and_can_be_moved(stores: Stores) -> None:
    """A key has the end that it was given last; an end that was decided on another one is refused."""
    store = await stores()
    await material.furnish(store)
    await store.commit(changes.EndKey(SEALING, 1, AT + 9, None))
    await expect_conflict(store, changes.EndKey(SEALING, 1, AT + 8, None))
    await store.commit(changes.EndKey(SEALING, 1, AT + 5, AT + 9))
    expect(await store.keys(), [WrappedKey(SEALING, 1, b"wrapped", AT, 0, AT + 5)], "the keys")


@TOPIC
async def a_key_is_purged_when_it_has_ended(stores: Stores) -> None:
    """A key without an end, and one that ends later, stay; one that has ended goes, and its number is free again."""
    store = await stores()
    await material.furnish(store)
    await store.commit(changes.PurgeKey(PurgeTime(AT + 100), SEALING, 1))
    await store.commit(changes.EndKey(SEALING, 1, AT + 9, None), changes.PurgeKey(PurgeTime(AT + 8), SEALING, 1))
    expect(len(await store.keys()), 1, "the keys before its end")
    await store.commit(
        changes.PurgeKey(PurgeTime(AT + 9), KeyPurpose.PEPPER, 1), changes.PurgeKey(PurgeTime(AT + 9), SEALING, 2)
    )
    expect(len(await store.keys()), 1, "the keys after others were purged")
    await store.commit(changes.PurgeKey(PurgeTime(AT + 9), SEALING, 1))
    expect(await store.keys(), [], "the keys after its end")
    await store.commit(changes.AddKey(SEALING, 1, b"again", AT, 0))


@TOPIC
async def the_longest_lifetime_is_that_of_any_application(stores: Stores) -> None:
    """The longest lifetime is 0 without applications, and otherwise the greatest of all."""
    store = await stores()
    expect(await store.longest_token_lifetime(), 0, "without applications")
    world = await material.furnish(store)
    expect(await store.longest_token_lifetime(), 60, "with one")
    added = changes.AddApplication("long", "long", world.other_organization, "openid", 61, 0, AT)
    await store.commit(added)
    expect(await store.longest_token_lifetime(), 61, "with a longer one")


@TOPIC
async def the_form_of_tokens_reads_back(stores: Stores) -> None:
    """An application has the form of tokens that it was given last, for the door and for its operator."""
    store = await stores()
    await material.furnish(store)
    await store.commit(changes.SetTokenFormat(CLIENT, 1))
    await store.commit(changes.SetTokenFormat(CLIENT, 2))
    found, record = await store.application(CLIENT), await store.application_record(CLIENT)
    expect(found and found.options.token_format.name, "ES256", "the form at the door")
    expect(record and record.token_format, "es256", "the form that is shown")
