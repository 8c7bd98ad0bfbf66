"""What an operator does with organizations."""

from tessera.app.context import House
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import (
    AddOrganization,
    DisableOrganization,
    EnableOrganization,
    RenameOrganization,
    RevokeOrganizationTokens,
)
from tessera.core.nearest import hint
from tessera.core.organizations import OrganizationCounts, OrganizationRecord

COUNTED_MAX = 10_000
"""How far what an organization has is counted: nobody waits for a million rows."""


async def create(house: House, name: str) -> OrganizationRecord:
    """Create an organization. Raises OperatorError when the name is taken or cannot be used."""
    check_text("The name", name)
    await commit(house, AddOrganization(name, house.new_uuid(), house.clock.now()))
    return await find(house, name)


async def find(house: House, name: str | None) -> OrganizationRecord:
    """The organization with this name; without a name, the only one there is. Raises OperatorError."""
    known = await house.store.organizations()
    if name is None and len(known) == 1:
        return known[0]
    if not known:
        raise OperatorError("There is no organization yet. Make one: `tessera orgs create NAME`.")
    names = ", ".join(each.name for each in known)
    if name is None:
        raise OperatorError(f"Say which organization with --org. There are: {names}.")
    for each in known:
        if each.name == name:
            return each
    near = hint(name, [each.name for each in known])
    raise OperatorError(f"There is no organization named {name}.{near} There are: {names}.")


async def rename(house: House, organization: OrganizationRecord, name: str) -> OrganizationRecord:
    """Give an organization another name; nothing else about it changes. Raises OperatorError when it is taken."""
    check_text("The name", name)
    await commit(house, RenameOrganization(organization.number, name), about=organization.name)
    return await find(house, name)


async def disable(house: House, organization: OrganizationRecord) -> OrganizationRecord:
    """Stop an organization: its applications get no tokens, and its tokens and property secrets work no more.

    Tokens from before stay dead when it is enabled again. Raises OperatorError when it is disabled already.
    """
    change = DisableOrganization(organization.number, house.clock.now(), house.generation_step())
    await commit(house, change, about=organization.name)
    return await find(house, organization.name)


async def enable(house: House, organization: OrganizationRecord) -> OrganizationRecord:
    """Start a disabled organization again. Raises OperatorError when it is enabled already."""
    change = EnableOrganization(organization.number, house.clock.now(), house.generation_step())
    await commit(house, change, about=organization.name)
    return await find(house, organization.name)


async def counts(house: House, organization: OrganizationRecord) -> OrganizationCounts:
    """How much the organization has of each; one more than `COUNTED_MAX` for more than that."""
    return await house.store.organization_counts(organization.number, COUNTED_MAX + 1)


async def revoke_tokens(house: House, organization: OrganizationRecord) -> None:
    """All tokens that its applications have so far are dead for good; they may have new ones. Raises OperatorError."""
    change = RevokeOrganizationTokens(organization.number, house.clock.now(), house.generation_step())
    await commit(house, change, about=organization.name)


async def every(house: House) -> list[OrganizationRecord]:
    """All organizations."""
    return list(await house.store.organizations())
