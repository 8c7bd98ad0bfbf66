"""Where the facts of changes of customers hold, and every way in which they do not."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.store.conformance import material
from tessera.store.conformance.case import Condition
from tessera.store.conformance.material import AT, CUSTOMER, PROFILE, World


def listed(world: World) -> Iterable[Condition]:
    """The conditions of every change of a customer that restates a fact."""
    owner, other = world.organization, world.other_organization
    yield Condition(
        (material.customer(owner, "new", "new@x"), material.customer(owner, "new", None)),
        (
            material.customer(owner, "new", "ada@customers.example"),
            material.customer(owner, CUSTOMER, None),
            material.customer(other, CUSTOMER, "new@x"),
        ),
    )
    yield Condition(
        (changes.ReplaceProfile(world.customer, "new@x", "{}", PROFILE),),
        (
            changes.ReplaceProfile(world.customer, "new@x", "{}", "{}"),
            changes.ReplaceProfile(world.customer + 100, "new@x", "{}", PROFILE),
        ),
    )
    yield Condition(
        (
            changes.ClaimIdentifier(CUSTOMER, owner, "card-2"),
            changes.ClaimIdentifier("customer-other", other, "card-1"),
        ),
        (
            changes.ClaimIdentifier(CUSTOMER, owner, "card-1"),
            changes.ClaimIdentifier(CUSTOMER, other, "card-2"),
            changes.ClaimIdentifier("unknown", owner, "card-2"),
        ),
    )
    yield Condition(
        (
            changes.ClaimReferrerCode(CUSTOMER, owner, "CODE-2"),
            changes.ClaimReferrerCode("customer-other", other, "CODE-1"),
        ),
        (
            changes.ClaimReferrerCode(CUSTOMER, owner, "CODE-1"),
            changes.ClaimReferrerCode(CUSTOMER, other, "CODE-2"),
            changes.ClaimReferrerCode("unknown", owner, "CODE-2"),
        ),
    )
    yield from _notes(world)
    yield Condition(
        (changes.EraseCustomer(world.customer, CUSTOMER, "tombstone", AT, 2**62, 0),),
        (
            changes.EraseCustomer(world.customer, CUSTOMER, "tombstone", AT, 2**62, 1),
            changes.EraseCustomer(world.customer, "unknown", "tombstone", AT, 2**62, 0),
            changes.EraseCustomer(world.customer + 1, CUSTOMER, "tombstone", AT, 2**62, 0),
        ),
    )


def _notes(world: World) -> Iterable[Condition]:
    who, owner, other = world.customer, world.organization, world.other_organization
    nobody = who + 100
    yield Condition(
        (changes.SetIdentifiers(who, "[1]", "[]"),),
        (changes.SetIdentifiers(who, "[1]", "[0]"), changes.SetIdentifiers(nobody, "[1]", "[]")),
    )
    yield Condition(
        (changes.SetCustomProfile(who, "{}", None),),
        (changes.SetCustomProfile(who, "{}", "{}"), changes.SetCustomProfile(nobody, "{}", None)),
    )
    yield Condition(
        (
            changes.AddPhone(CUSTOMER, owner, "1", 0),
            changes.AddPhone(CUSTOMER, owner, "39555", 1),
            changes.AddPhone("customer-other", other, "39555", 1),
        ),
        (changes.AddPhone(CUSTOMER, other, "1", 0), changes.AddPhone("unknown", owner, "1", 0)),
    )
    yield Condition(
        (
            changes.SetTag(who, "new", 1, None, 0, None),
            changes.SetTag(who, "vip", 3, AT, 2, None),
            changes.SetTag(who, "brief", 2, None, 1, AT),
        ),
        (
            changes.SetTag(who, "new", 1, None, 1, None),
            changes.SetTag(who, "vip", 1, None, 0, None),
            changes.SetTag(who, "vip", 2, None, 1, None),
            changes.SetTag(who, "vip", 3, None, 2, AT),
            changes.SetTag(who, "brief", 2, None, 0, None),
            changes.SetTag(who, "brief", 2, None, 1, None),
            changes.SetTag(who, "brief", 2, None, 1, AT + 1),
            changes.SetTag(nobody, "new", 1, None, 0, None),
        ),
    )
    yield Condition(
        (changes.SetActivityCounter(who, "new", 5, AT, 0), changes.SetActivityCounter(who, "visit", 9, AT, 3)),
        (
            changes.SetActivityCounter(who, "new", 5, AT, 1),
            changes.SetActivityCounter(who, "visit", 9, AT, 0),
            changes.SetActivityCounter(who, "visit", 9, AT, 2),
            changes.SetActivityCounter(nobody, "new", 5, AT, 0),
        ),
    )
