"""Text is compared exactly, byte by byte, whatever a collation would say, and comes back as it went in."""

from tessera.core import changes
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT

TOPIC = Topic("text")

DIFFERENT = (
    "alice", "Alice", "ALICE", "alice ", " alice", "alic", "alice%", "a%", "%", "_lice", "_____", "al*", "al?ce",
    "[a]lice", "résumé", "re\u0301sume\u0301", "resume", "RÉSUMÉ", "straße", "strasse", "ﬁ", "fi", "İ", "i", "\u0131",
    "I", "'", "''", '"', "`", "\\", "\\\\", "a'); drop table customer; --", ":client_id", "?", "$1", "{}", "%s", "null",
    "NULL", "0", "00", "1e3", "\U0001f600", "\U0001f601", "\ufeffx", "x", "\u200bx", "日本", "本日", "x" * 255,
    "x" * 254 + "y", "é" * 255, "a\tb", "a\nb",
)  # fmt: skip
"""Texts that some database somewhere takes for each other, or for something else than text."""


@TOPIC
async def client_ids_are_compared_exactly(stores: Stores) -> None:
    """Client ids that differ in anything are different applications, each found by its own id alone."""
    store = await stores()
    await store.commit(material.organization("Org"))
    owner = (await store.organizations())[0].number
    await store.commit(*(material.application(owner, text, name=f"app {n}") for n, text in enumerate(DIFFERENT)))
    for number, text in enumerate(DIFFERENT):
        found = await store.application(text)
        expect(found and found.client_id, text, "the client id that was found")
        record = await store.application_record(text)
        expect(record and record.name, f"app {number}", f"the name of {text!r}")
    for text in ("aLICE", "alice\u00a0", "", "alice%%", "x" * 253, "x" * 256):
        expect(await store.application(text), None, f"what is found by {text!r}")


@TOPIC
async def every_name_is_compared_exactly(stores: Stores) -> None:
    """API keys, external ids, folded emails and idempotency ids that differ in anything are different."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    for number, text in enumerate(DIFFERENT):
        await store.commit(
            changes.AddProperty(owner, text, text, AT),
            material.customer(owner, f"id {number}", text),
            changes.ClaimIdentifier(f"id {number}", owner, text),
            material.entry(number + 2, text, amount=number, customer=world.customer, account=world.point_account),
        )
    for number, text in enumerate(DIFFERENT):
        found = await store.property_with_key(text)
        expect(found and found.api_key, text, "the API key that was found")
        expect(await store.customer_id_with_email(owner, text), f"id {number}", f"the customer with email {text!r}")
        known = await store.customer_with_external_id(owner, text)
        expect(known and known.id, f"id {number}", f"the customer with external id {text!r}")
        entry = await store.entry(world.customer, text)
        expect(entry and entry.amount, number, f"the entry with idempotency id {text!r}")


@TOPIC
async def stored_text_comes_back(stores: Stores) -> None:
    """Profiles and standings of any text come back character by character; so do empty ones and large ones."""
    store = await stores()
    world = await material.furnish(store)
    was = material.PROFILE
    for text in (*DIFFERENT, "", "é" * 100_000):
        await store.commit(changes.ReplaceProfile(world.customer, None, text, was))
        known = await store.customer(world.organization, material.CUSTOMER)
        expect(known and known.profile == text, True, f"that {text[:40]!r} came back")
        was = text


@TOPIC
async def what_a_profile_was_is_compared_exactly(stores: Stores) -> None:
    """A profile that differs in case or blanks from the one restated is another."""
    store = await stores()
    world = await material.furnish(store)
    for was in (material.PROFILE.upper(), f"{material.PROFILE} ", material.PROFILE[:-1]):
        await expect_conflict(store, changes.ReplaceProfile(world.customer, None, "{}", was))


@TOPIC
async def nul_does_no_harm(stores: Stores) -> None:
    """NUL is refused before it gets here; should it come, it is kept whole or refused, and harms nothing else."""
    store = await stores()
    world = await material.furnish(store)
    try:
        await store.commit(material.application(world.organization, "nul\x00id"))
    except Exception:  # noqa: BLE001  # engines refuse NUL in ways of their own
        expect(await store.application("nul\x00id"), None, "what was refused")
    else:
        found = await store.application("nul\x00id")
        expect(found and found.client_id, "nul\x00id", "the client id")
    expect(await store.application("nul"), None, "what stands before the NUL")
    await store.commit(material.application(world.organization, "nul"))
    expect((await store.application_record("nul")) is not None, True, "that the next commit works")
    expect((await store.application_record(CLIENT)) is not None, True, "that others are as they were")
