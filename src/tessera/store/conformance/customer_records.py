"""What is kept of customers beside the ledger: found by every key, in pages, and gone once they are forgotten."""

from tessera.core import changes
from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.tags import Tag
from tessera.core.times import PurgeTime
from tessera.core.webhooks.webhooks import Event
from tessera.ports import UserEvent
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CUSTOMER, PROFILE, STANDING

TOPIC = Topic("customers")


@TOPIC
async def many_are_found_at_once(stores: Stores) -> None:
    """Look-ups of many keys find those that are there, more than fit into one statement, in their organization only."""
    store = await stores()
    world = await material.furnish(store)
    owner, other = world.organization, world.other_organization
    names = [f"many-{n}" for n in range(250)]
    for name in names:
        await store.commit(
            material.customer(owner, name, f"{name}@x"), changes.ClaimIdentifier(name, owner, f"card of {name}")
        )
    wanted = ["nobody", *reversed(names), "many-3", "customer-other"]
    found = await store.customers(owner, wanted)
    expect(sorted(found), sorted(names), "the ids found")
    expect([found[name].id for name in names], names, "the customers by id")
    cards = await store.customers_with_external_ids(owner, [*(f"card of {name}" for name in names), "card of nobody"])
    expect({card: each.id for card, each in cards.items()}, {f"card of {name}": name for name in names})
    emails = await store.customers_with_emails(owner, [*(f"{name}@x" for name in names), "nobody@x"])
    expect({email: each.id for email, each in emails.items()}, {f"{name}@x": name for name in names})
    nothing = [
        await store.customers(other, names),
        await store.customers_with_external_ids(other, [f"card of {name}" for name in names]),
        await store.customers_with_emails(other, [f"{name}@x" for name in names]),
        await store.customers(owner, []),
    ]
    expect(nothing, [{}] * 4, "what another organization finds, and nobody")


@TOPIC
async def phones_lead_to_their_customers_in_pages(stores: Stores) -> None:
    """Customers with one number come in the order of their making, mobile ones alone when so asked, page by page."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    names = [f"phone-{n}" for n in range(20)]
    for place, name in enumerate(names):
        await store.commit(material.customer(owner, name), changes.AddPhone(name, owner, "39777", place % 2))
    for mobile, expected in ((False, names), (True, names[1::2])):
        seen: list[str] = []
        after = 0
        while page := await store.customers_with_phone(owner, "39777", mobile=mobile, after=after, limit=3):
            seen += [each.id for each in page]
            after = page[-1].number
        expect(seen, expected, "the customers with the number")
    last = (await store.customers(owner, [names[1]]))[names[1]].number
    await store.commit(changes.AddPhone(names[0], owner, "39777", 1), changes.RemovePhone(last, owner, "39777"))
    found = await store.customers_with_phone(owner, "39777", mobile=True, after=0, limit=2)
    expect([each.id for each in found], [names[0], names[3]], "those found once numbers changed")
    other = await store.customers_with_phone(world.other_organization, "39777", mobile=False, after=0, limit=9)
    expect(other, [], "what another organization finds")
    expect(await store.phones(world.customer), {"39555": True}, "the numbers of the world's customer")


@TOPIC
async def customers_come_in_pages(stores: Stores) -> None:
    """Pages of customers hold each of the organization once, in the order of their making."""
    store = await stores()
    world = await material.furnish(store)
    names = [f"page-{n}" for n in range(30)]
    await store.commit(*(material.customer(world.organization, name) for name in names))
    for limit in (1, 7, 100):
        seen: list[str] = []
        after = 0
        while page := await store.customers_after(world.organization, after, limit):
            seen += [each.id for each in page]
            after = page[-1].number
        expect(seen, [CUSTOMER, *names], f"all customers in pages of {limit}")


@TOPIC
async def notes_read_back(stores: Stores) -> None:
    """Tags, counts, custom profiles, external ids, events and what is told of a customer come back as they went in."""
    store = await stores()
    world = await material.furnish(store)
    who = world.customer
    await store.commit(
        changes.SetTag(who, "vip", 3, AT + 5, 2, None),
        changes.PurgeTags(PurgeTime(AT), who),
        changes.SetActivityCounter(who, "visit", 2**53, AT + 1, 3),
        changes.SetCustomProfile(who, '{"a":1}', None),
        changes.SetIdentifiers(who, "[1]", "[]"),
        *(changes.AddUserEvent(who, f"event-{n}", "survey", AT + n) for n in range(5)),
        *(changes.AddEvent(f"told-{n}", world.organization, "kind", "{}", AT, CUSTOMER) for n in range(3)),
        changes.AddEvent("told of nobody", world.organization, "kind", "{}", AT),
    )
    expect(await store.tags(who), [Tag("vip", 3, AT + 5)], "the tags")
    expect(await store.behaviours(who), [ActivityCounter("visit", 2**53, AT + 1)], "the counts")
    known = Customer(who, CUSTOMER, PROFILE, STANDING, 0, "[1]", '{"a":1}')
    expect(await store.customer(world.organization, CUSTOMER), known, "the customer")
    expect(await store.user_events(who, "event-1", 2), [UserEvent(f"event-{n}", "survey", AT + n) for n in (2, 3)])
    newest = await store.user_events_before(who, "event-3", 2)
    expect(newest, [UserEvent(f"event-{n}", "survey", AT + n) for n in (2, 1)], "the newest before the fourth")
    expect(await store.user_events_before(who + 1, "g", 2), [], "the events of another customer")
    told = await store.events_about(CUSTOMER, 0, 2)
    expect([each.id for each in told], ["told-0", "told-1"], "the first page of what is told")
    rest = await store.events_about(CUSTOMER, told[-1].number, 9)
    expect(rest, [Event(told[-1].number + 1, "told-2", world.organization, "kind", "{}", AT)], "the second page")


@TOPIC
async def names_are_free_once_they_are_released(stores: Stores) -> None:
    """An external id and a referrer code that are released lead nowhere, and to whoever claims them next."""
    store = await stores()
    world = await material.furnish(store)
    owner, who = world.organization, world.customer
    expect(await store.customer_id_with_referrer_code(owner, "CODE-1"), CUSTOMER, "the id by referrer code")
    elsewhere = changes.ReleaseIdentifier(who + 100, owner, "card-1"), changes.ReleaseReferrerCode(who + 100)
    await store.commit(*elsewhere)
    await expect_conflict(store, changes.ClaimIdentifier(CUSTOMER, owner, "card-1"))
    await store.commit(changes.ReleaseIdentifier(who, owner, "card-1"), changes.ReleaseReferrerCode(who))
    expect(await store.customer_with_external_id(owner, "card-1"), None, "the customer by external id")
    expect(await store.customer_id_with_referrer_code(owner, "CODE-1"), None, "the id by referrer code")
    await store.commit(
        material.customer(owner, "next", None),
        changes.ClaimIdentifier("next", owner, "card-1"),
        changes.ClaimReferrerCode("next", owner, "CODE-1"),
    )
    known = await store.customer_with_external_id(owner, "card-1")
    expect(known and known.id, "next", "the next customer by external id")
    expect(await store.customer_id_with_referrer_code(owner, "CODE-1"), "next", "the next id by referrer code")


@TOPIC
async def ids_are_found_in_any_case(stores: Stores) -> None:
    """A UUID in upper case finds the customer, and any other text does so only as it is."""
    store = await stores()
    world = await material.furnish(store)
    uuid = "2f030785-02cf-4b70-86de-ccdff6fd9b21"
    await store.commit(material.customer(world.organization, uuid, None))
    found = await store.customer(world.organization, uuid.upper())
    expect(found and found.id, uuid, "the customer by its id in upper case")
    many = await store.customers(world.organization, [uuid.upper(), CUSTOMER.upper()])
    expect(list(many), [uuid], "the customers by ids in upper case")
    expect(await store.customer(world.organization, CUSTOMER.upper()), None, "the customer by no UUID in upper case")


@TOPIC
async def a_forgotten_customer_is_gone(stores: Stores) -> None:
    """Nothing finds a forgotten customer, nothing writes to it, its names are free, and its ledger has none."""
    store = await stores()
    world = await material.furnish(store)
    owner, who = world.organization, world.customer
    named = material.entry(2, "named", customer=who, account=world.point_account)
    await store.commit(named, changes.AddUserEvent(who, "e", "survey", AT), changes.SetIdentifiers(who, "[1]", "[]"))
    await store.commit(changes.EraseCustomer(who, CUSTOMER, "tombstone", AT + 9, 2**62, 0))
    for key in (CUSTOMER, "tombstone"):
        expect(await store.customer(owner, key), None, f"the customer by {key}")
        expect(await store.customers(owner, [key]), {}, f"the customers by {key}")
    expect(await store.customer_with_external_id(owner, "card-1"), None, "the customer by external id")
    expect(await store.customer_id_with_email(owner, "ada@customers.example"), None, "the id by email")
    expect(await store.customer_id_with_referrer_code(owner, "CODE-1"), None, "the id by referrer code")
    expect(await store.customers_with_phone(owner, "39555", mobile=False, after=0, limit=9), [], "by phone")
    expect(await store.customers_after(owner, 0, 9), [], "all customers")
    notes = [await store.tags(who), await store.behaviours(who), await store.user_events(who, "", 9)]
    expect([*notes, await store.phones(who)], [[], [], [], {}], "the notes")
    kept = await store.entries_between(who, 0, 9)
    expect([(each.number, each.amount) for each in kept], [(1, 10_000), (2, 10_000)], "the ledger")
    names = {each for entry in kept for each in (entry.request, entry.idempotency_id, entry.fingerprint,
                                                 entry.reference_id, entry.reference_type)}  # fmt: skip
    expect(names, {None}, "what names the entries")
    expect([each.id for each in await store.due(2**62 - 1, 9)], ["customer-other"], "those to whom something is due")
    for late in (
        changes.SetStanding(who, "[]", AT, 0),
        changes.ReplaceProfile(who, None, "{}", PROFILE),
        changes.ReplaceProfile(who, None, "{1}", "{}"),
        changes.SetIdentifiers(who, "[2]", "[]"),
        changes.SetCustomProfile(who, "{}", None),
        changes.SetTag(who, "new", 1, None, 0, None),
        changes.SetActivityCounter(who, "new", 1, AT, 0),
        changes.AddUserEvent(who, "late", "survey", AT),
        changes.ClaimIdentifier(CUSTOMER, owner, "card-9"),
        changes.ClaimReferrerCode(CUSTOMER, owner, "CODE-9"),
        changes.ClaimReferrerCode("tombstone", owner, "CODE-9"),
        changes.AddPhone(CUSTOMER, owner, "1", 1),
        changes.AddPhone("tombstone", owner, "1", 1),
        changes.EraseCustomer(who, "tombstone", "again", AT, 2**62, 1),
    ):
        await expect_conflict(store, late)
    await store.commit(
        material.customer(owner, CUSTOMER, "ada@customers.example"), changes.ClaimIdentifier(CUSTOMER, owner, "card-1")
    )
