"""Points: amounts in and out exactly, and a ledger that never loses or invents a unit."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.errors import ArgumentError, Validation
from tessera.core.loyalty import points
from tessera.core.loyalty.points import AMOUNT_MAX, UNITS, Balance, PointAccount

_AMOUNT = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
ACCOUNTS = (
    PointAccount(1, "a", "Beans", points.SPEND),
    PointAccount(2, "b", "Status", points.TIER),
    PointAccount(3, "c", "Charity", "Other"),
    PointAccount(4, "d", "More beans", points.SPEND),
)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, 0),
        (1, 10_000),
        (-3, -30_000),
        (Decimal("0.0001"), 1),
        (Decimal("-0.0001"), -1),
        (Decimal("1.50"), 15_000),
        (Decimal("1.00000000000"), 10_000),
        (Decimal("1e3"), 10_000_000),
        (Decimal("1E-4"), 1),
        (Decimal("-0"), 0),
        (Decimal("0e-999999"), 0),
        (Decimal("0e1000000"), 0),
        (10**11, AMOUNT_MAX),
        (-(10**11), -AMOUNT_MAX),
        (Decimal("99999999999.9999"), AMOUNT_MAX - 1),
        (Decimal("0.30000000000000004"), 3_000),
        (Decimal("0.29999999999999999"), 3_000),
        (Decimal("-0.30000000000000004"), -3_000),
        (Decimal("0.0000000009"), 0),
        (Decimal("1e-999999"), 0),
        (Decimal("1e-1000000"), 0),
        (Decimal("1." + "0" * 30 + "1"), 10_000),
        (Decimal("0." + "9" * 500), 10_000),
        (Decimal("2.00010000099"), 20_001),
        (Decimal("99999999999.9999999999"), AMOUNT_MAX),
        (Decimal("100000000000.0000000001"), AMOUNT_MAX),
    ],
)
def test_amounts_are_read_exactly(value: object, amount: int) -> None:
    """A number of at most four decimals, but for the noise of binary fractions, becomes that many units."""
    assert points.units(value, "amount") == amount


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        "1",
        None,
        1.5,
        [],
        {},
        b"1",
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("-Infinity"),
    ],
)
def test_what_is_no_finite_number_is_refused(value: object) -> None:
    """Booleans, texts, floats that lost digits, NaN and infinities are no amounts."""
    with pytest.raises(ArgumentError, match="amount must be a"):
        points.units(value, "amount")


@pytest.mark.parametrize(
    "text",
    [
        "0.00001",
        "1.00005",
        "-0.00001",
        "1.23456",
        "0.000000001",
        "-0.000000001",
        "0.300000001",
        "0.299999999",
        "99999999999.99999",
        "100000000000.00001",
    ],
)
def test_more_than_four_decimals_are_refused(text: str) -> None:
    """A decimal beyond the fourth that counts is refused and never rounded away."""
    with pytest.raises(ArgumentError, match="more than four decimals"):
        points.units(Decimal(text), "amount")


@pytest.mark.parametrize(
    "value",
    [
        10**11 + 1,
        -(10**11) - 1,
        Decimal("100000000000.0001"),
        Decimal("1e400"),
        Decimal("-1e400"),
        Decimal("1e1000000"),
        10**400,
    ],
)
def test_what_is_out_of_range_is_refused(value: object) -> None:
    """An amount beyond the limit is refused, however far beyond it lies."""
    with pytest.raises(Validation, match="amount must be from -100000000000 to 100000000000"):
        points.units(value, "amount")


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_what_floats_add_up_to_is_the_sum(one: int, other: int) -> None:
    """The sum of two amounts in the floats of a caller is the amount that was meant."""
    sent = msgspec.json.Decoder(float_hook=Decimal).decode(msgspec.json.encode(one / UNITS + other / UNITS))
    assert points.units(sent, "amount") == one + other


@given(_AMOUNT)
def test_an_amount_survives_json(amount: int) -> None:
    """What is printed as a JSON number reads back as the same amount."""
    printed = msgspec.json.encode(points.number(amount))
    read = msgspec.json.Decoder(float_hook=Decimal).decode(printed)

    assert points.units(read, "amount") == amount


@pytest.mark.parametrize(
    ("amount", "printed"),
    [(0, b"0"), (10_000, b"1"), (15_000, b"1.5"), (1, b"0.0001"), (-1, b"-0.0001"), (-10_000, b"-1")],
)
def test_whole_points_print_without_a_fraction(amount: int, printed: bytes) -> None:
    """Whole points are integers on the wire; others show the decimals they have."""
    assert msgspec.json.encode(points.number(amount)) == printed


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.integers(1, 10**12)), max_size=50))
def test_deposits_neither_lose_nor_invent_a_unit(deposits: list[tuple[int, int]]) -> None:
    """After any deposits each balance is the sum of them, available and life-time alike."""
    balances: dict[int, Balance] = {}
    for account, amount in deposits:
        balances[account] = points.deposited(balances.get(account) or Balance(account, "id", 0, 0), amount)

    for account in (1, 2, 3):
        total = sum(amount for where, amount in deposits if where == account)
        known = balances.get(account) or Balance(account, "id", 0, 0)
        assert (known.available, known.life_time) == (total, total)


@pytest.mark.parametrize("amount", [0, -1, -AMOUNT_MAX])
def test_a_deposit_is_positive(amount: int) -> None:
    """Nothing, or less, cannot be deposited."""
    with pytest.raises(Validation, match="more than 0"):
        points.deposited(Balance(1, "id", 5, 5), amount)


def test_a_balance_has_a_limit() -> None:
    """A balance may reach the limit and not pass it, neither what is available nor the life-time value."""
    assert points.deposited(Balance(1, "id", AMOUNT_MAX - 1, AMOUNT_MAX - 1), 1).available == AMOUNT_MAX
    for full in (Balance(1, "id", AMOUNT_MAX, AMOUNT_MAX), Balance(1, "id", 0, AMOUNT_MAX)):
        with pytest.raises(Validation, match="would pass"):
            points.deposited(full, 1)


@given(st.dictionaries(st.sampled_from([1, 2, 3, 4, 9]), st.tuples(_AMOUNT, _AMOUNT)))
def test_the_view_sums_all_accounts(amounts: dict[int, tuple[int, int]]) -> None:
    """The summary is the sum over the organization's accounts; an account never touched has an empty id and zeros."""
    balances = {n: Balance(n, f"u{n}", available, life_time) for n, (available, life_time) in amounts.items()}
    view = points.view("r", "u", ACCOUNTS, balances)
    own = [balances.get(account.number) for account in ACCOUNTS]

    assert view.summary.total_points == points.number(sum(each.available for each in own if each))
    assert view.summary.life_time_points == points.number(sum(each.life_time for each in own if each))
    assert [detail.user_point_account_id for detail in view.details] == [each.id if each else "" for each in own]
    assert [detail.available_balance for detail in view.details] == [
        points.number(each.available) if each else 0 for each in own
    ]
    assert [detail.point_account_id for detail in view.details] == ["a", "b", "c", "d"]


def test_available_sums_one_grouping() -> None:
    """What is available sums the accounts of one grouping label and no other."""
    balances = {n: Balance(n, f"u{n}", 10**n * UNITS, 0) for n in (1, 2, 3, 4)}

    assert points.available(ACCOUNTS, balances, points.SPEND) == 10_010 * UNITS
    assert points.available(ACCOUNTS, balances, points.TIER) == 100 * UNITS
    assert points.available(ACCOUNTS, {}, points.TIER) == 0
