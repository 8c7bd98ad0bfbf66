"""What an operator does with organizations."""

from tessera.app.house import House
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import AddOrganization, RevokeOrganizationTokens
from tessera.core.organizations import OrganizationRecord


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
    raise OperatorError(f"There is no organization named {name}. There are: {names}.")


async def revoke_tokens(house: House, organization: OrganizationRecord) -> None:
    """All tokens that its applications have so far are dead for good; they may have new ones. Raises OperatorError."""
    at = house.clock.now() + 1  # those of this very moment too
    await commit(house, RevokeOrganizationTokens(organization.number, at))


async def every(house: House) -> list[OrganizationRecord]:
    """All organizations."""
    return list(await house.store.organizations())
