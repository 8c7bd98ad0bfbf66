"""A purge cannot forget the purge clock, nor take more than a batch."""

import re
from typing import get_type_hints

import pytest

from tessera.app.administration import audit_purge
from tessera.app.management import purges
from tessera.app.webhooks import events
from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.times import PurgeTime
from tessera.store import sql
from tests.architecture.test_statements import kinds

BY_KEY: frozenset[type[Change]] = frozenset(
    {
        changes.DeleteApplication,
        changes.DeleteOrganization,
        changes.DeleteOrganizationApplications,
        changes.DeleteOrganizationCustomers,
        changes.DeleteOrganizationEvents,
        changes.DeleteProperty,
        changes.DeleteResource,
        changes.DeleteWebhook,
        changes.EndDelivery,
        changes.EraseCustomer,
        changes.MergeCustomer,
        changes.ReleaseIdentifier,
        changes.ReleaseLease,
        changes.ReleaseReferrerCode,
        changes.RemoveEventAward,
        changes.RemovePhone,
        changes.RemoveTierRule,
        changes.RemoveTierRuleAccount,
        changes.SetAccess,
    }
)
"""Changes that delete what they name, or a batch of that, because somebody asked for it.

Every other one that deletes is a purge.
"""

BY_NUMBER: frozenset[type[Change]] = frozenset({changes.PurgeNotices})
"""Purges in which no time decides."""

BOUNDED: frozenset[type[Change]] = frozenset(
    {changes.PurgeEvents, changes.PurgeTags, changes.PurgeKey, changes.PurgeAuditEntries}
)
"""Purges that are bounded by what they name: a span of numbers, a customer, a key."""


def deletes(kind: type[Change]) -> list[str]:
    """The statements of a change that delete rows."""
    return [each.sql for each in sql.WRITES[kind] if re.match(r"\s*delete\b", each.sql)]


def purging() -> list[type[Change]]:
    """Every change that deletes, and was not asked for by name."""
    return [kind for kind in kinds() if deletes(kind) and kind not in BY_KEY]


def test_there_are_purges() -> None:
    """The rules below are about something, and what is named as deleting by key does delete."""
    assert {changes.PurgeRevocations, changes.PurgeConsumedProofs, *BY_NUMBER, *BOUNDED} <= set(purging())
    assert all(deletes(kind) for kind in BY_KEY)


@pytest.mark.parametrize("kind", purging(), ids=lambda kind: kind.__name__)
def test_the_purge_clock_decides(kind: type[Change]) -> None:
    """A purge goes by a `PurgeTime`, which its statements use, and by no other time."""
    if kind in BY_NUMBER:
        return
    assert get_type_hints(kind)["until"] is PurgeTime
    assert any(":until" in each.sql for each in sql.WRITES[kind])
    assert {name for name in kind.__struct_fields__ if name in {"now", "at", "before"}} == set()


@pytest.mark.parametrize("kind", purging(), ids=lambda kind: kind.__name__)
def test_a_purge_is_bounded(kind: type[Change]) -> None:
    """One commit of a purge deletes a batch, or what it names."""
    if kind in BOUNDED:
        return
    assert all(re.search(r"limit :limit\)$", each) for each in deletes(kind))


def test_the_marks_are_raised_by_the_purge_clock() -> None:
    """The marks below which everything is refused go by the same clock."""
    for kind in (changes.RaiseRevocationMark, changes.RaiseProofMark):
        assert get_type_hints(kind)["until"] is PurgeTime


def test_a_batch_is_small() -> None:
    """A batch has a hundred rows at most, of every kind; `python -m bench --only purges` says what more would cost."""
    assert {purges.BATCH, events.PURGED_AT_ONCE, audit_purge.RUN_MAX} == {100}
