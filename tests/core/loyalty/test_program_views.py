"""Programs on the wire: what is said of an account, of a tier system, and of what has no value."""

import msgspec
import pytest
from msgspec import UNSET

from tessera.core import times
from tessera.core.loyalty.points import PointAccount, PointSource
from tessera.core.loyalty.program_views import AccountDetails, account_view, system_view
from tests.core.loyalty.program import PROGRAM, SYSTEM

WITH_SOURCES = msgspec.structs.replace(
    PROGRAM, sources=(PointSource(1, "till", "Till"), PointSource(2, "old", "Old", retired=True))
)
EVERYTHING = AccountDetails(expiration_policy=True, point_sources=True, restrictions=True)


@pytest.mark.parametrize("group", ["Spend", "Tier", "Other"])
@pytest.mark.parametrize("overdraw", [True, False])
@pytest.mark.parametrize("retired", [True, False])
def test_an_account_says_the_same_in_both_words(group: str, *, overdraw: bool, retired: bool) -> None:
    """The words of this wire follow from ours; nothing is added that was not asked for."""
    account = PointAccount(1, "a", "Beans", group, None, overdraw, retired)
    view = account_view(PROGRAM, account)
    assert (view.active, view.allow_negative_balance) == (not retired, overdraw) == (not view.retired, view.overdraw)
    assert view.include_in_default_points == (group == "Spend")
    assert (view.expiration_policy, view.point_sources, view.restrictions) == (UNSET, UNSET, UNSET)


def test_an_account_with_everything() -> None:
    """The policy of points that end has their lifetime, that of others is empty; every source is there."""
    ending = account_view(WITH_SOURCES, PointAccount(1, "a", "Beans", "Spend", 365), EVERYTHING)
    lasting = account_view(WITH_SOURCES, PROGRAM.accounts[0], EVERYTHING)
    assert msgspec.to_builtins(ending.expiration_policy) == {"lifetime_days": 365}
    assert msgspec.to_builtins(lasting.expiration_policy) == {}
    assert isinstance(lasting.point_sources, list)
    assert [(each.id, each.active) for each in lasting.point_sources] == [("till", True), ("old", False)]
    assert lasting.restrictions == []


def test_a_tier_system_says_how_its_levels_are_kept() -> None:
    """Levels are looked at again in days after they were entered; without maintenance there is no unit."""
    view = system_view(PROGRAM, SYSTEM)
    assert (view.number_of_levels, view.status, view.disabled, view.create_date) == (4, 2, False, UNSET)
    for level in view.tier_levels:
        unit = (level.maintenance_age_uom, level.maintenance_frequency_value, level.maintenance_frequency_uom)
        assert unit == (1, 365, 1)
        assert (level.maintenance_frequency_day, level.maintenance_frequency_is_relative) == (0, True)
        assert (level.joining_outcome_frequency_uom, level.joining_outcome_frequency_value) == (0, UNSET)
    lasting = system_view(PROGRAM, msgspec.structs.replace(SYSTEM, maintenance_days=None)).tier_levels[0]
    assert (lasting.maintenance_age_uom, lasting.maintenance_frequency_value, lasting.maintenance_frequency_uom) == (
        0,
        0,
        0,
    )


def test_a_tier_system_was_created_when_its_id_was() -> None:
    """An id of ours tells its moment; one that was brought along without a moment tells none."""
    at = 1_900_000_000_123_000
    made = msgspec.structs.replace(SYSTEM, id=times.uuid_of(at, bytes(10)))
    assert system_view(PROGRAM, made).create_date == times.incentives_time(at)
    foreign = msgspec.structs.replace(SYSTEM, id="0b6c5c9e-4c38-4f0a-8f4b-54a3e1a4c7a2")
    assert system_view(PROGRAM, foreign).create_date is UNSET
