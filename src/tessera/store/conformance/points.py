"""Customers and their points: what was committed reads back as it was."""

import msgspec

from tessera.core import changes
from tessera.core.customers.customers import Customer
from tessera.core.loyalty.entries import Entry
from tessera.ports import Due, PastMembership, Sum
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect
from tessera.store.conformance.material import AT, CUSTOMER, PROFILE

TOPIC = Topic("points")


@TOPIC
async def a_customer_reads_back(stores: Stores) -> None:
    """A customer is found by id, external id and folded email in its own organization only."""
    store = await stores()
    world = await material.furnish(store)
    owner, other = world.organization, world.other_organization
    await store.commit(
        changes.SetStanding(world.customer, "[[[1]],[]]", AT, 0),
        changes.ReplaceProfile(world.customer, "new@customers.example", '{"opted_in":true}', PROFILE),
    )
    known = Customer(
        number=world.customer,
        id=CUSTOMER,
        profile='{"opted_in":true}',
        standing="[[[1]],[]]",
        version=1,
        identifiers="[]",
        user_profile=None,
    )
    expect(await store.customer(owner, CUSTOMER), known, "the customer by id")
    expect(await store.customer_with_external_id(owner, "card-1"), known, "the customer by external id")
    expect(await store.customer_id_with_email(owner, "new@customers.example"), CUSTOMER, "the id by email")
    expect(await store.customer_with_email(owner, "new@customers.example"), known, "the customer by email")
    expect(await store.customer_with_email(other, "new@customers.example"), None, "it seen from elsewhere")
    expect(await store.customer_id_with_email(owner, "ada@customers.example"), None, "the id by the former email")
    expect(await store.customer(other, CUSTOMER), None, "the customer seen from another organization")
    expect(await store.customer_with_external_id(other, "card-1"), None, "its card seen from another organization")


@TOPIC
async def the_ledger_reads_back(stores: Stores) -> None:
    """Entries are found by idempotency id and by number, forward and back, and sum up to any of them."""
    store = await stores()
    world = await material.furnish(store)
    who, account = world.customer, world.point_account
    spend = msgspec.structs.replace(material.entry(3, None, customer=who, account=account), amount=-400, kind="spend")
    back = msgspec.structs.replace(material.entry(4, None, customer=who, account=account), amount=-100, kind="return")
    await store.commit(material.entry(2, "more", amount=5, customer=who, account=account), spend, back)
    found = await store.entries_between(who, 0, 10)
    expect([entry.number for entry in found], [1, 2, 3, 4], "the numbers")
    first = Entry(
        number=1,
        id="entry-1",
        point_account=account,
        amount=10_000,
        kind="deposit",
        request="request",
        place=0,
        idempotency_id="once",
        fingerprint="fingerprint",
        reference_id=None,
        reference_type=None,
        point_source_id=None,
        occurred_at=AT,
        expires_at=None,
    )
    expect(await store.entry(who, "once"), first, "the entry by its idempotency id")
    expect(await store.entry(who + 1, "once"), None, "the entry of another customer")
    expect(await store.entries_between(who, 2, 3), found[1:3], "the entries between")
    expect(await store.entries_of_request(who, "request"), found, "the entries of a request")
    expect(await store.entries_of_request(who, "other"), [], "the entries of another request")
    expect(await store.entries_of_request(who + 1, "request"), [], "the entries of another customer's request")
    expect(await store.entries_before(who, 4, 2), [found[2], found[1]], "the entries before")
    for kinds, newest_first, beyond, numbers in (
        (["deposit"], False, 0, [1, 2]),
        (["spend", "return"], True, 5, [4, 3]),
        (["deposit", "spend", "return", "expire"], True, 4, [3, 2]),
        (["deposit", "return"], False, 1, [2, 4]),
    ):
        kept = await store.entries_of_kinds(who, kinds, beyond, 2, newest_first=newest_first)
        expect([entry.number for entry in kept], numbers, f"the entries of the kinds {kinds}")
    expect(await store.sums(who, 2), [Sum(account, 10_005, 10_005)], "the sums up to the second")
    expect(await store.sums(who, 10), [Sum(account, 9_505, 9_905)], "the sums of all")
    expect(await store.sums(who, 0), [], "the sums of nothing")


@TOPIC
async def lots_read_back(stores: Stores) -> None:
    """Deposits and what expired are summed up by lot, within the entries that are asked for."""
    store = await stores()
    world = await material.furnish(store)
    who, account = world.customer, world.point_account

    def deposit(number: int, amount: int, ends: int | None) -> changes.AddEntry:
        made = material.entry(number, None, amount=amount, customer=who, account=account)
        return msgspec.structs.replace(made, expires_at=ends)

    spend = msgspec.structs.replace(material.entry(5, None, customer=who, account=account), amount=-7, kind="spend")
    ended = msgspec.structs.replace(spend, number=6, id="entry-6", amount=-3, kind="expire", occurred_at=AT + 9)
    await store.commit(deposit(2, 4, AT + 9), deposit(3, 6, AT + 9), deposit(4, 1, None), spend, ended)
    expect(await store.deposited(who, 0, 9), {(account, None): 10_001, (account, AT + 9): 10}, "all lots")
    expect(await store.deposited(who, 2, 3), {(account, AT + 9): 6}, "the lots of the third")
    expect(await store.deposited(who + 1, 0, 9), {}, "the lots of another customer")
    expect(await store.expired(who, 0, 9), {(account, AT + 9): 3}, "what expired")
    expect([await store.expired(who, 6, 9), await store.expired(who, 0, 5)], [{}, {}], "what expired in other entries")


@TOPIC
async def memberships_and_what_is_due_read_back(stores: Stores) -> None:
    """The history has every membership in its order; customers come when something is due to them."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.LeaveTier(world.customer, "membership-1", AT + 1),
        changes.JoinTier(
            customer_id=CUSTOMER,
            id="membership-2",
            tier_system=world.tier_system,
            tier_level=world.high_level,
            joined_at=AT + 1,
            reason="earned",
        ),
        changes.SetStanding(world.customer, "[]", AT + 7, 0),
    )
    system = world.tier_system
    expect(
        await store.memberships(world.customer),
        [
            PastMembership(
                id="membership-1",
                tier_system=system,
                tier_level=world.low_level,
                joined_at=AT,
                left_at=AT + 1,
                reason="joined",
            ),
            PastMembership(
                id="membership-2",
                tier_system=system,
                tier_level=world.high_level,
                joined_at=AT + 1,
                left_at=None,
                reason="earned",
            ),
        ],
    )
    mine = Due(world.customer, CUSTOMER, world.organization)
    other = Due(world.customer + 1, "customer-other", world.other_organization)
    expect(await store.due(AT - 1, 10), [], "what is due before anything is")
    expect(await store.due(AT + 6, 10), [other], "what is due then")
    expect(await store.due(AT + 7, 10), [other, mine], "what is due later")
    expect(await store.due(AT + 7, 1), [other], "the one that is due longest")
