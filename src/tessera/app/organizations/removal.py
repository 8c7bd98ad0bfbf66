"""Deleting an organization with everything it has: customers, applications, properties, webhooks, events."""

import msgspec

from tessera.app.context import Context
from tessera.app.operators import OperatorError, commit
from tessera.app.organizations import organizations
from tessera.core.changes import (
    Change,
    DeleteOrganization,
    DeleteOrganizationApplications,
    DeleteOrganizationCustomers,
    DeleteOrganizationEvents,
)
from tessera.core.organizations import OrganizationCounts, OrganizationRecord

CUSTOMERS_AT_ONCE = 50
"""Customers deleted in one commit, with all entries of theirs: others write between two commits."""

APPLICATIONS_AT_ONCE = 20
EVENTS_AT_ONCE = 100


async def delete(context: Context, organization: OrganizationRecord, confirmed_by: str) -> OrganizationCounts:
    """Delete an organization for good; how much of each went, as `organizations.counts` counts.

    `confirmed_by` has to be its name. It is disabled first, and goes in many commits: when that is cut short, it stays
    disabled, and deleting it again deletes the rest. Raises OperatorError.
    """
    if confirmed_by != organization.name:
        raise OperatorError("confirmation_differs")
    if organization.enabled:
        organization = await organizations.disable(context, organization)
    gone = await organizations.counts(context, organization)
    told = msgspec.structs.asdict(gone)
    await context.record("organization.delete_begin", organization.name, told)
    number = organization.number
    while (left := await context.store.organization_counts(number, 1)).customers or left.applications or left.events:
        await commit(context, _next(number, left))
    await commit(context, DeleteOrganization(number, context.clock.now()), about=organization.name, more=told)
    return gone


def _next(number: int, left: OrganizationCounts) -> Change:
    """The next batch: who could still call first, then people, then what is left to be told of them."""
    if left.applications:
        return DeleteOrganizationApplications(number, APPLICATIONS_AT_ONCE)
    if left.customers:
        return DeleteOrganizationCustomers(number, CUSTOMERS_AT_ONCE)
    return DeleteOrganizationEvents(number, EVENTS_AT_ONCE)
