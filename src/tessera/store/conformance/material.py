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


ANY_WORLD = World(
    organization=1,
    other_organization=2,
    application=1,
    secret=1,
    property_secret=1,
    customer=1,
    point_account=1,
    tier_system=1,
    low_level=1,
    high_level=2,
    webhook=1,
    event=3,
)
"""Stands in for the world where cases are only listed."""


def organization(name: str) -> changes.AddOrganization:
    """An organization whose retailer id follows from its name."""
    return changes.AddOrganization(name, f"retailer of {name}", AT)


def application(owner: int, client_id: str, name: str | None = None) -> changes.AddApplication:
    """An application with the default settings."""
    return changes.AddApplication(
        client_id=client_id,
        name=name or f"name of {client_id}",
        organization=owner,
        scope="openid",
        token_lifetime_seconds=60,
        query_credentials=0,
        created_at=AT,
    )


def secret(client_id: str, name: str, ends_at: int | None = None) -> changes.AddCredential:
    """A keyed secret."""
    return changes.AddCredential(
        client_id=client_id, name=name, kind=0, digest=bytes(32), last_four="abcd", created_at=AT, ends_at=ends_at
    )


def property_secret(api_key: str, name: str, ends_at: int | None = None) -> changes.AddPropertySecret:
    """A secret of a digital property."""
    return changes.AddPropertySecret(
        api_key=api_key, name=name, digest=bytes(range(32)), last_four="wxyz", created_at=AT, ends_at=ends_at
    )


def customer(owner: int, customer_id: str, email: str | None = None) -> changes.AddCustomer:
    """A customer without points."""
    return changes.AddCustomer(
        id=customer_id,
        organization=owner,
        folded_email=email,
        profile=PROFILE,
        standing=STANDING,
        due_at=AT,
        identifiers="[]",
        user_profile=None,
        created_at=AT,
    )


def entry(
    number: int, idempotency_id: str | None, *, amount: int = 10_000, customer: int = 1, account: int = 1
) -> changes.AddEntry:
    """A ledger entry of the world's customer."""
    return changes.AddEntry(
        customer=customer,
        number=number,
        id=f"entry-{number}",
        point_account=account,
        amount=amount,
        kind="deposit",
        request="request",
        place=0,
        idempotency_id=idempotency_id,
        fingerprint="fingerprint",
        reference_id=None,
        reference_type=None,
        point_source_id=None,
        occurred_at=AT,
        expires_at=None,
    )


def purchase(customer: int, name: str, *, request: str | None = None, transaction: str | None = None,
             original: str | None = None) -> changes.AddPurchase:  # fmt: skip
    """A purchase whose ids follow from its name, where they are not given; a return when it has an original."""
    return changes.AddPurchase(
        customer=customer,
        id=name,
        request_id=request or f"request of {name}",
        transaction_id=transaction or f"transaction of {name}",
        fingerprint="fingerprint",
        kind="purchase" if original is None else "return",
        original_id=original,
        subtotal=10_000,
        details="{}",
        recorded_at=AT,
    )


def webhook(owner: int, name: str) -> changes.AddWebhook:
    """A webhook that asks for everything."""
    return changes.AddWebhook(
        organization=owner, name=name, url="https://hook", kinds="all", secret=b"secret", created_at=AT
    )


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
        organization=owner,
        other_organization=other,
        application=found.number,
        secret=found.credentials[0].number,
        property_secret=(await store.property_secrets(API_KEY))[0].number,
        customer=known.number,
        point_account=program.accounts[0].number,
        tier_system=program.systems[0].number,
        low_level=levels[0].number,
        high_level=levels[1].number,
        webhook=(await store.webhooks())[0].number,
        event=await store.last_event(),
    )
    await store.commit(
        changes.CountHour(found.number, 10, 3, 4, 1),
        changes.AddWarning("told", AT),
        entry(1, "once", customer=world.customer, account=world.point_account),
        changes.AddDelivery(world.webhook, world.event, 1, AT, "failed"),
        changes.JoinTier(
            customer_id=CUSTOMER,
            id="membership-1",
            tier_system=world.tier_system,
            tier_level=world.low_level,
            joined_at=AT,
            reason="joined",
        ),
        changes.AddPhone(CUSTOMER, owner, "39555", 1),
        changes.SetTag(customer=world.customer, name="vip", count=2, expires_at=None, was_count=0, was_expires_at=None),
        changes.SetTag(customer=world.customer, name="brief", count=1, expires_at=AT, was_count=0, was_expires_at=None),
        changes.SetBehaviour(world.customer, "visit", 3, AT, 0),
        purchase(world.customer, "purchase-1"),
        changes.AddPurchaseAward(
            customer=world.customer,
            purchase_id="purchase-1",
            place=0,
            rule_id="rule-1",
            point_account=world.point_account,
            amount=10_000,
            base=10_000,
            excluded="[]",
            entry_id="entry-1",
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
        changes.SpendProof("spent", AT + 1),
        changes.AddResource(
            identifier=STOCK, name="Stock", scope="read write", token_format=None, application=None, created_at=AT
        ),
        changes.SetAccess(CLIENT, STOCK, "read"),
        changes.AddPointAccount(owner, "account-1", "Beans", "Spend"),
        changes.AddPointAccount(owner, "account-2", "Status", "Tier"),
        changes.AddPointAccount(other, "account-other", "Beans", "Spend"),
        changes.AddTierSystem(owner, "system-1", "Club", 365),
        changes.AddTierLevel(owner, "level-0", "system-1", 0, "Low"),
        changes.AddTierLevel(owner, "level-1", "system-1", 1, "High"),
        changes.AddTierLevel(owner, "level-2", "system-1", 2, "Highest"),
        changes.AddTierRule(
            organization=owner,
            id="rule-1",
            tier_level_id="level-1",
            tree_id="tree-1",
            root_id="root-1",
            constraint_id="constraint-1",
            target=5_000_000,
        ),
        changes.AddTierRuleAccount(owner, "rule-1", "account-1"),
        changes.AddTierSystem(owner, "system-2", "Ladder", None),
        changes.AddPointSource(owner, "source-1", "Till"),
        changes.AddPointSource(owner, "source-2", "Shop"),
        changes.AddPointSource(other, "source-other", "Till"),
        changes.AddEventRule(owner, "event-1", "survey", "Survey"),
        changes.AddEventRule(owner, "event-2", "visit", "Visit"),
        changes.AddEventAward(owner, "event-1", "account-1", 10_000, "source-1"),
        changes.AddPurchaseRule(
            organization=owner,
            id="rule-purchases",
            name="Purchases",
            point_account_id="account-1",
            points=10_000,
            per=10_000,
            rounding="down",
            minimum=0,
            channels="[]",
            excluded_items='["card"]',
            point_source_id=None,
        ),
        changes.AddPurchaseRule(
            organization=owner,
            id="rule-2",
            name="Returns",
            point_account_id="account-1",
            points=1,
            per=1,
            rounding="up",
            minimum=0,
            channels="[]",
            excluded_items="[]",
            point_source_id="source-1",
        ),
        customer(owner, CUSTOMER, "ada@customers.example"),
        changes.ClaimIdentifier(CUSTOMER, owner, "card-1"),
        changes.ClaimReferrerCode(CUSTOMER, owner, "CODE-1"),
        customer(other, "customer-other", "ada@customers.example"),
        changes.RecordDeed(
            id="refused", at=AT, actor="server", source=None, action="client.refused", target=CLIENT, detail="{}"
        ),
        changes.RecordDeed(
            id="deed", at=AT, actor="operator ada", source=None, action="application.create", target=CLIENT, detail="{}"
        ),
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
        "lease": await store.lease("duty"),
        "proofs": [await store.spent_proof("spent"), await store.spent_proof("new")],
        "events": [await store.events_after(owner.number, 0, 100) for owner in owners],
        "webhooks": (hooks := await store.webhooks()),
        "deliveries": [await store.deliveries(hook.number, 0, 100) for hook in hooks],
        "hours": [await store.usage_hours(record.number, 0) for record in records],
        "told": [await store.warning_told(name) for name in ("told", "new")],
        "told by nodes": [await store.told_by_others(record.number, 0, AT, 0) for record in records],
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
