"""What cases put into a store: a world with one row of everything, and a snapshot of all that can be read."""

import msgspec

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.keys.wrapping import KeyPurpose
from tessera.ports import Store

AT = 1_900_000_000_123_457
"""Microseconds since the epoch at which everything in the world happened."""

STANDING = "[[],[]]"
PROFILE = '{"opted_in":false}'
CUSTOMER = "customer-1"
CLIENT = "client-1"
API_KEY = "api-key-1"
STOCK = "https://stock.example/api"


class World(msgspec.Struct, frozen=True):
    """The numbers that the store gave to the world's rows."""

    organization: int
    other_organization: int
    application: int
    secret: int
    property_secret: int
    customer: int
    point_account: int
    tier_system: int
    low_level: int
    high_level: int
    webhook: int
    event: int


ANY_WORLD = World(1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 1, 3)
"""Stands in for the world where cases are only listed."""


def organization(name: str) -> changes.AddOrganization:
    """An organization whose retailer id follows from its name."""
    return changes.AddOrganization(name, f"retailer of {name}", AT)


def application(owner: int, client_id: str, name: str | None = None) -> changes.AddApplication:
    """An application with the default settings."""
    return changes.AddApplication(client_id, name or f"name of {client_id}", owner, "openid", 60, 0, AT)


def secret(client_id: str, name: str, ends_at: int | None = None) -> changes.AddCredential:
    """A keyed secret."""
    return changes.AddCredential(client_id, name, 0, bytes(32), "abcd", AT, ends_at)


def property_secret(api_key: str, name: str, ends_at: int | None = None) -> changes.AddPropertySecret:
    """A secret of a digital property."""
    return changes.AddPropertySecret(api_key, name, bytes(range(32)), "wxyz", AT, ends_at)


def customer(owner: int, customer_id: str, email: str | None = None) -> changes.AddCustomer:
    """A customer without points."""
    return changes.AddCustomer(customer_id, owner, email, PROFILE, STANDING, AT, "[]", None, AT)


def entry(
    number: int, idempotency_id: str | None, *, amount: int = 10_000, customer: int = 1, account: int = 1
) -> changes.AddEntry:
    """A ledger entry of the world's customer."""
    return changes.AddEntry(
        customer,
        number,
        f"entry-{number}",
        account,
        amount,
        "deposit",
        "request",
        0,
        idempotency_id,
        "fingerprint",
        None,
        None,
        None,
        AT,
        None,
    )


def purchase(customer: int, name: str, *, request: str | None = None, transaction: str | None = None,
             original: str | None = None) -> changes.AddPurchase:  # fmt: skip
    """A purchase whose ids follow from its name, where they are not given; a return when it has an original."""
    ids = request or f"request of {name}", transaction or f"transaction of {name}"
    kind = "purchase" if original is None else "return"
    return changes.AddPurchase(customer, name, *ids, "fingerprint", kind, original, 10_000, "{}", AT)


def webhook(owner: int, name: str) -> changes.AddWebhook:
    """A webhook that asks for everything."""
    return changes.AddWebhook(owner, name, "https://hook", "all", b"secret", AT)


async def furnish(store: Store) -> World:
    """One row of everything, and a second organization with a few rows of its own."""
    await store.commit(organization("Org"), organization("Other"))
    owner, other = (each.number for each in await store.organizations())
    await store.commit(*_rows(owner, other))
    program = await store.program(owner)
    found = await store.application(CLIENT)
    known = await store.customer(owner, CUSTOMER)
    if program is None or found is None or known is None:
        raise AssertionError("what was committed cannot be read")
    levels = program.systems[0].levels
    world = World(
        owner,
        other,
        found.number,
        found.credentials[0].number,
        (await store.property_secrets(API_KEY))[0].number,
        known.number,
        program.accounts[0].number,
        program.systems[0].number,
        levels[0].number,
        levels[1].number,
        (await store.webhooks())[0].number,
        await store.last_event(),
    )
    await store.commit(
        changes.CountHour(found.number, 10, 3, 4, 1),
        changes.AddWarning("told", AT),
        entry(1, "once", customer=world.customer, account=world.point_account),
        changes.AddDelivery(world.webhook, world.event, 1, AT, "failed"),
        changes.JoinTier(CUSTOMER, "membership-1", world.tier_system, world.low_level, AT, "joined"),
        changes.AddPhone(CUSTOMER, owner, "39555", 1),
        changes.SetTag(world.customer, "vip", 2, None, 0, None),
        changes.SetTag(world.customer, "brief", 1, AT, 0, None),
        changes.SetActivityCounter(world.customer, "visit", 3, AT, 0),
        purchase(world.customer, "purchase-1"),
        changes.AddPurchaseAward(
            world.customer, "purchase-1", 0, "rule-1", world.point_account, 10_000, 10_000, "[]", "entry-1"
        ),
    )
    return world


def _rows(owner: int, other: int) -> list[Change]:
    return [
        changes.AddProperty(owner, "shop", API_KEY, AT),
        property_secret(API_KEY, "first"),
        application(owner, CLIENT),
        secret(CLIENT, "first"),
        changes.AddKey(KeyPurpose.SEALING, 1, b"wrapped", AT, 0),
        changes.RevokeToken(7, AT + 1_000_000),
        changes.ConsumeProof("spent", AT + 1),
        changes.AddResource(STOCK, "Stock", "read write", None, None, AT),
        changes.SetAccess(CLIENT, STOCK, "read"),
        changes.AddPointAccount(owner, "account-1", "Beans", "Spend"),
        changes.AddPointAccount(owner, "account-2", "Status", "Tier"),
        changes.AddPointAccount(other, "account-other", "Beans", "Spend"),
        changes.AddTierSystem(owner, "system-1", "Club", 365),
        changes.AddTierLevel(owner, "level-0", "system-1", 0, "Low"),
        changes.AddTierLevel(owner, "level-1", "system-1", 1, "High"),
        changes.AddTierLevel(owner, "level-2", "system-1", 2, "Highest"),
        changes.AddTierRule(owner, "rule-1", "level-1", "tree-1", "root-1", "constraint-1", 5_000_000),
        changes.AddTierRuleAccount(owner, "rule-1", "account-1"),
        changes.AddTierSystem(owner, "system-2", "Ladder", None),
        changes.AddPointSource(owner, "source-1", "Till"),
        changes.AddPointSource(owner, "source-2", "Shop"),
        changes.AddPointSource(other, "source-other", "Till"),
        changes.AddEventRule(owner, "event-1", "survey", "Survey"),
        changes.AddEventRule(owner, "event-2", "visit", "Visit"),
        changes.AddEventAward(owner, "event-1", "account-1", 10_000, "source-1"),
        changes.AddPurchaseRule(
            owner, "rule-purchases", "Purchases", "account-1", 10_000, 10_000, "down", 0, "[]", '["card"]', None
        ),
        changes.AddPurchaseRule(owner, "rule-2", "Returns", "account-1", 1, 1, "up", 0, "[]", "[]", "source-1"),
        customer(owner, CUSTOMER, "ada@customers.example"),
        changes.ClaimIdentifier(CUSTOMER, owner, "card-1"),
        changes.ClaimReferrerCode(CUSTOMER, owner, "CODE-1"),
        customer(other, "customer-other", "ada@customers.example"),
        changes.RecordAuditEntry("refused", AT, "server", None, "client.refused", CLIENT, "{}"),
        changes.RecordAuditEntry("operation", AT, "operator ada", None, "application.create", CLIENT, "{}"),
        changes.AddEvent("event-1", owner, "points.earned", "{}", AT),
        changes.AddEvent("event-other", other, "points.earned", "{}", AT),
        changes.AddEvent("event-2", owner, "points.spent", "{}", AT),
        webhook(owner, "hook"),
    ]


async def snapshot(store: Store, *, feed: bool = True) -> dict[str, object]:
    """Everything that the port lets one read of the world, as plain values; with or without the change feed."""
    records = await store.applications(0, 10_000)
    owners = await store.organizations()
    found = {
        "organizations": owners,
        "properties": (shops := await store.properties()),
        "checked properties": [await store.property_with_key(shop.api_key) for shop in shops],
        "secrets of properties": [await store.property_secrets(shop.api_key) for shop in shops],
        "applications": records,
        "secrets": [await store.secrets(record.client_id) for record in records],
        "checked": [await store.application(record.client_id) for record in records],
        "programs": [await store.program(owner.number) for owner in owners],
        "whole programs": [await store.whole_program(owner.number) for owner in owners],
        "keys": await store.keys(),
        "resources": [await store.resources(), await store.resource_records(), await store.access(None)],
        "revocations": await store.revocations(),
        "marks": [await store.noted_time(), await store.revocations_purged_until()],
        "customers": [await store.customer(owner.number, CUSTOMER) for owner in owners],
        "by card": [await store.customer_with_external_id(owner.number, "card-1") for owner in owners],
        "by email": [await store.customer_id_with_email(owner.number, "ada@customers.example") for owner in owners],
        "entries": [
            await store.entries_between(known.number, 0, 100) for known in [await store.customer(1, CUSTOMER)] if known
        ],
        "memberships": [
            await store.memberships(known.number) for known in [await store.customer(1, CUSTOMER)] if known
        ],
        "due": await store.due(2**62, 100),
        "audit": [await store.audit_entries(0, 100), await store.audit_checkpoints()],
        "refusal": await store.refusal("refused"),
        "lease": await store.lease("singleton task"),
        "proofs": [await store.consumed_proof("spent"), await store.consumed_proof("new")],
        "events": [await store.events_after(owner.number, 0, 100) for owner in owners],
        "webhooks": (hooks := await store.webhooks()),
        "deliveries": [await store.deliveries(hook.number, 0, 100) for hook in hooks],
        "hours": [await store.usage_hours(record.number, 0) for record in records],
        "told": [await store.warning_sent(name) for name in ("told", "new")],
        "told by nodes": [await store.counts_of_others(record.number, 0, AT, 0) for record in records],
        "feed": await store.notices_after(0) if feed else [],
    }
    for known in await store.customers_after(1, 0, 10):
        found[f"notes of {known.number}"] = [
            await store.phones(known.number),
            {tag.name: tag for tag in await store.tags(known.number)},
            {behaviour.name: behaviour for behaviour in await store.behaviours(known.number)},
            await store.user_events(known.number, "", 100),
            await store.events_about(known.id, 0, 100),
            (bought := await store.purchases_of(known.number, "", 100)),
            [await store.awards(known.number, each.id) for each in bought],
            await store.earned_by_purchases(known.number),
        ]
    plain: dict[str, object] = msgspec.to_builtins(found)
    return plain
