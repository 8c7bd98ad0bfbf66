"""What an operator does with organizations."""

from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import (
    AddOrganization,
    DisableOrganization,
    EnableOrganization,
    RenameOrganization,
    RevokeOrganizationTokens,
)
from tessera.core.nearest import nearest
from tessera.core.organizations import OrganizationCounts, OrganizationRecord

COUNTED_MAX = 10_000
"""How far what an organization has is counted: nobody waits for a million rows."""


async def create(context: Context, name: str) -> OrganizationRecord:
    """Create an organization. Raises OperatorError when the name is taken or cannot be used."""
    check_text("The name", name)
    await commit(context, AddOrganization(name, context.new_uuid(), context.clock.now()))
    return await find(context, name)


async def find(context: Context, name: str | None) -> OrganizationRecord:
    """The organization with this name; without a name, the only one there is. Raises OperatorError."""
    known = await context.store.organizations()
    if name is None and len(known) == 1:
        return known[0]
    if not known:
        raise OperatorError("organization_none_yet")
    names = [each.name for each in known]
    if name is None:
        raise OperatorError("organization_not_named", known=names)
    for each in known:
        if each.name == name:
            return each
    raise OperatorError("organization_not_found", name=name, nearest=nearest(name, names), known=names)


async def rename(context: Context, organization: OrganizationRecord, name: str) -> OrganizationRecord:
    """Give an organization another name; nothing else about it changes. Raises OperatorError when it is taken."""
    check_text("The name", name)
    await commit(context, RenameOrganization(organization.number, name), about=organization.name)
    return await find(context, name)


async def disable(context: Context, organization: OrganizationRecord) -> OrganizationRecord:
    """Stop an organization: its applications get no tokens, and its tokens and property secrets work no more.

    Tokens from before stay dead when it is enabled again. Raises OperatorError when it is disabled already.
    """
    change = DisableOrganization(organization.number, context.clock.now(), context.generation_step())
    await commit(context, change, about=organization.name)
    return await find(context, organization.name)


async def enable(context: Context, organization: OrganizationRecord) -> OrganizationRecord:
    """Start a disabled organization again. Raises OperatorError when it is enabled already."""
    change = EnableOrganization(organization.number, context.clock.now(), context.generation_step())
    await commit(context, change, about=organization.name)
    return await find(context, organization.name)


async def counts(context: Context, organization: OrganizationRecord) -> OrganizationCounts:
    """How much the organization has of each; one more than `COUNTED_MAX` for more than that."""
    return await context.store.organization_counts(organization.number, COUNTED_MAX + 1)


async def revoke_tokens(context: Context, organization: OrganizationRecord) -> None:
    """All tokens that its applications have so far are dead for good; they may have new ones. Raises OperatorError."""
    change = RevokeOrganizationTokens(organization.number, context.clock.now(), context.generation_step())
    await commit(context, change, about=organization.name)


async def every(context: Context) -> list[OrganizationRecord]:
    """All organizations."""
    return list(await context.store.organizations())
