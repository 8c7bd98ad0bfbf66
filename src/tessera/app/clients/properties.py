"""What an operator does with digital properties."""

import msgspec

from tessera.app.clients import property_secrets
from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import AddProperty, DeleteProperty, DisableProperty, EnableProperty, RenameProperty
from tessera.core.clients.properties import API_KEY_LENGTH, IMPORTED_KEY, PropertyRecord
from tessera.core.nearest import nearest
from tessera.core.organizations import OrganizationRecord


class IssuedProperty(msgspec.Struct, frozen=True):
    """A new digital property with its first secret, shown this once; an imported one is not shown at all."""

    name: str
    organization: str
    api_key: str
    property_secret: str
    secret_name: str


async def create(
    context: Context,
    organization: OrganizationRecord,
    name: str,
    *,
    api_key: str | None = None,
    secret: str | None = None,
) -> IssuedProperty:
    """Create a digital property; API key and secret are made here unless imported. Raises OperatorError."""
    check_text("The name", name)
    if api_key is not None and not IMPORTED_KEY.fullmatch(api_key):
        raise OperatorError("api_key_malformed")
    key = api_key or context.entropy.random_bytes(API_KEY_LENGTH // 2).hex()
    added, shown = property_secrets.new(context, key, "first", None, secret)
    await commit(context, AddProperty(organization.number, name, key, context.clock.now()), added)
    return IssuedProperty(name, organization.name, key, shown, "first")


async def every(context: Context) -> list[PropertyRecord]:
    """All digital properties, in the order of their creation."""
    return await context.store.properties()


async def find(context: Context, name_or_api_key: str, organization: str | None = None) -> PropertyRecord:
    """The property with this API key or, failing that, this name. Raises OperatorError.

    Names are free in each organization, so that a name may need its organization.
    """
    known = [each for each in await every(context) if organization is None or each.organization == organization]
    by_key = [each for each in known if each.api_key == name_or_api_key]
    found = by_key or [each for each in known if each.name == name_or_api_key]
    if not found:
        raise OperatorError(
            "property_not_found", name=name_or_api_key, nearest=nearest(name_or_api_key, [each.name for each in known])
        )
    if len(found) > 1:
        raise OperatorError(
            "property_name_ambiguous", name=name_or_api_key, organizations=[each.organization for each in found]
        )
    return found[0]


async def rename(context: Context, found: PropertyRecord, name: str) -> None:
    """Give a property another name. Raises OperatorError when the name is taken or cannot be used."""
    check_text("The name", name)
    await commit(context, RenameProperty(found.api_key, name))


async def disable(context: Context, found: PropertyRecord) -> None:
    """Stop a property: its secrets and its API key are refused. Raises OperatorError when it is disabled already."""
    await commit(context, DisableProperty(found.api_key))


async def enable(context: Context, found: PropertyRecord) -> None:
    """Let a property go on with the secrets that it has. Raises OperatorError when it is enabled already."""
    await commit(context, EnableProperty(found.api_key))


async def delete(context: Context, found: PropertyRecord) -> None:
    """Delete a property with its secrets. Raises OperatorError."""
    await commit(context, DeleteProperty(found.api_key))
