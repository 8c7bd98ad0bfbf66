"""The user object: stored members as they are, and what is computed from balances and memberships."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.customers import customers, profiles
from tessera.core.customers.customers import Customer, Include, NewCustomer
from tessera.core.loyalty.points import UNITS, Balance
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership
from tests.core.loyalty.program import PROGRAM, SYSTEM, TARGETS, balances

JOINED = 1_709_210_096_000_000
INCLUDE_NOTHING = Include()
"""2024-02-29 12:34:56 UTC."""


def text(value: object) -> str:
    """A value as stored."""
    return msgspec.json.encode(value).decode()


def customer(
    held: dict[int, Balance] | None = None, *memberships: Membership, ids: tuple[str, ...] = ("card-1",)
) -> Customer:
    """A stored customer."""
    profile = profiles.new_profile(NewCustomer(email="ada@customers.example", first_name='A"d,a}'), JOINED)
    return Customer(
        1,
        "the-id",
        text(profile),
        text(Standing(list((held or {}).values()), list(memberships))),
        0,
        text([{"external_id": each, "external_id_type": "card"} for each in ids]),
        '{"_version":1,"roast":{"a":[1]}}',
    )


def shown(known: Customer, wanted: Include = INCLUDE_NOTHING, program: Program = PROGRAM) -> dict[str, object]:
    """The user object as JSON."""
    members: dict[str, object] = msgspec.json.decode(msgspec.json.encode(customers.view(known, program, wanted)))
    return members


def at(rank: int, ends: int | None = None) -> Membership:
    """A place at this rank."""
    return Membership(SYSTEM.number, SYSTEM.levels[rank].number, "mine", JOINED, ends)


TIER_MEMBERS = {
    "tier",
    "tier_system",
    "tier_points",
    "next_tier_points",
    "tier_ends_value",
    "tier_entered_at",
    "tier_resets_at",
}


def test_unset_members_are_left_out() -> None:
    """A customer without memberships, flags or a surname shows none of their members, and no null."""
    user = shown(customer(ids=()))

    assert not TIER_MEMBERS & user.keys()
    assert (
        not {"external_id", "identifiers", "user_profile", "tier_details", "last_name", "phone_numbers"} & user.keys()
    )
    assert None not in user.values()
    assert (user["id"], user["available_points"], user["test_points"]) == ("the-id", 0, 0)
    assert user["first_name"] == 'A"d,a}'


def test_points_by_grouping() -> None:
    """`available_points` sums the spending accounts and `tier_points` those for tiers; neither counts the others."""
    user = shown(customer(balances(spend=12_500, tier=70_000, other=990_000), at(0)))

    assert (user["available_points"], user["tier_points"]) == (1.25, 7)


@pytest.mark.parametrize(
    ("rank", "points", "missing", "ends"),
    [
        (0, 0, 500, 500),
        (0, 499, 1, 500),
        (0, 500, 0, 500),
        (0, 700, 0, 500),
        (1, 700, 1_300, 2_000),
        (2, 4_999, 1, 5_000),
    ],
)
def test_what_is_missing_to_the_next_tier(rank: int, points: int, missing: int, ends: int) -> None:
    """`next_tier_points` is what is still missing, never negative, and `tier_ends_value` the next target."""
    user = shown(customer(balances(tier=points * UNITS), at(rank)))

    assert (user["tier"], user["tier_system"]) == (f"L{rank}", "The Club")
    assert (user["next_tier_points"], user["tier_ends_value"]) == (missing, ends)


@given(st.integers(0, 10_000 * UNITS), st.sampled_from(range(len(TARGETS))))
def test_the_profile_and_the_tier_view_agree(amount: int, rank: int) -> None:
    """Whatever the balance and the level, the profile and the progress tell the same story."""
    known = customer(balances(tier=amount), at(rank))
    user = shown(known)
    progress = msgspec.to_builtins(customers.levels(known, PROGRAM, with_progress=True)[0])["progress"]

    assert user["next_tier_points"] == progress["remaining_points"]
    assert user["tier_points"] == progress["current_points"]
    assert (user["next_tier_points"] == 0) is (progress["percent"] == 100)


def test_the_top_of_the_ladder() -> None:
    """At the top nothing is missing, and there is no value at which the tier ends."""
    user = shown(customer(balances(tier=9_999 * UNITS), at(3)))

    assert user["next_tier_points"] == 0
    assert "tier_ends_value" not in user


def test_when_a_tier_resets() -> None:
    """A tier resets when its system says, and otherwise a year after it was entered."""
    assert shown(customer({}, at(1)))["tier_resets_at"] == "2025-03-01 12:34:56"
    assert shown(customer({}, at(1)))["tier_entered_at"] == "2024-02-29 12:34:56"
    assert shown(customer({}, at(1, ends=0)))["tier_resets_at"] == "1970-01-01 00:00:00"


def test_a_tier_system_that_is_gone() -> None:
    """A membership in a system that the program no longer has leaves the tier members out."""
    without = Program(1, "retailer", PROGRAM.accounts, ())

    assert not TIER_MEMBERS & shown(customer({}, at(1)), program=without).keys()


def test_the_latest_external_id_is_shown() -> None:
    """The external id shown is the latest; all of them are among the identifiers when asked for."""
    known = customer(ids=("old", "new"))

    assert shown(known)["external_id"] == "new"
    assert shown(known, Include(identifiers=True))["identifiers"] == [
        {"external_id": "old", "external_id_type": "card"},
        {"external_id": "new", "external_id_type": "card"},
    ]
    assert shown(customer(ids=()), Include(identifiers=True))["identifiers"] == []


def test_flags_add_members() -> None:
    """`user_profile` and `tier_details` come when asked for, and only then."""
    known = customer(balances(spend=10_000), at(0))
    user = shown(known, Include(user_profile=True, incentives=True))

    assert user["user_profile"] == {"_version": 1, "roast": {"a": [1]}}
    assert isinstance(user["tier_details"], dict)
    assert user["tier_details"].keys() == {"tier_levels", "point_account_balances"}
    assert "progress" not in user["tier_details"]["tier_levels"][0]
    assert user["tier_details"]["point_account_balances"]["summary"] == {"total_points": 1, "life_time_points": 1}
