"""What an operator does with the secrets of a digital property."""

import msgspec

from tessera.app.clients import rotation_steps, secret_names
from tessera.app.clients.rotation_steps import Made, Owner
from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import AddPropertySecret, EndPropertySecret
from tessera.core.clients import applications
from tessera.core.clients.applications import CredentialRecord
from tessera.core.clients.expiry_warnings import live_secrets
from tessera.core.clients.properties import API_KEY_LENGTH, IMPORTED_SECRET, PropertyRecord
from tessera.core.clients.secret_rotation import OF_PROPERTY, Ended


class IssuedSecret(msgspec.Struct, frozen=True):
    """A new secret of a property, shown this once; an imported one is not shown at all."""

    api_key: str
    property_secret: str
    secret_name: str


class RotatedSecret(msgspec.Struct, frozen=True):
    """A new secret, shown this once, and the older ones with their ends."""

    api_key: str
    property_secret: str
    secret_name: str
    former: list[Ended]


def new(
    context: Context, api_key: str, name: str, ends_at: int | None, imported: str | None
) -> tuple[AddPropertySecret, str]:
    """The change that adds a secret, and the secret to show: empty when it was imported. Raises OperatorError."""
    if imported is not None and not IMPORTED_SECRET.fullmatch(imported):
        raise OperatorError("property_secret_malformed")
    secret = imported or context.entropy.random_bytes(API_KEY_LENGTH // 2).hex()
    digest = applications.secret_digest(context.directory.pepper, secret)
    added = AddPropertySecret(
        api_key=api_key,
        name=name,
        digest=digest,
        last_four=secret[-4:],
        created_at=context.clock.now(),
        ends_at=ends_at,
    )
    return added, "" if imported else secret


async def free_name(context: Context, api_key: str) -> str:
    """A name for the next secret of a property that none so far has, as `secret-2`."""
    found = await context.store.property_secrets(api_key)
    return secret_names.free(found, "secret", len(found))


async def add(
    context: Context, api_key: str, name: str | None, *, ends_at: int | None = None, imported: str | None = None
) -> IssuedSecret:
    """Add a secret beside those a property has. Raises OperatorError."""
    chosen = await free_name(context, api_key) if name is None else name
    check_text("The secret's name", chosen)
    secret_names.check_new_end(ends_at, context.clock.now())
    added, shown = new(context, api_key, chosen, ends_at, imported)
    await commit(context, added)
    return IssuedSecret(api_key, shown, chosen)


async def expire(context: Context, api_key: str, name: str, ends_at: int | None = None) -> CredentialRecord:
    """Give a secret an end, now when None; the secret as it was. Raises OperatorError."""
    found = await context.store.property_secrets(api_key)
    secret, end = secret_names.to_end(found, name, ends_at, context.clock.now(), "property")
    await commit(context, EndPropertySecret(api_key, secret.number, end, secret.ends_at), more={"name": name})
    return secret


async def lost_with(context: Context, found: PropertyRecord, name: str, ends_at: int | None = None) -> str:
    """What a property loses when this secret ends (now when None), as a sentence; empty when nothing."""
    now = context.clock.now()
    end = max(now, now if ends_at is None else ends_at)
    secrets = await context.store.property_secrets(found.api_key)
    own, others = [each for each in secrets if each.name == name], [each for each in secrets if each.name != name]
    if not live_secrets(own, now) or live_secrets(others, end):
        return ""
    return (
        f"{name} is the last active secret of {found.name}: without one, nobody can call with its API key and secret."
    )


async def rotate(context: Context, found: PropertyRecord, overlap_seconds: int, name: str | None) -> RotatedSecret:
    """Add a secret, and end the live ones before it when the overlap is over: in one commit. Raises OperatorError."""
    chosen = await free_name(context, found.api_key) if name is None else name

    def make(name: str) -> Made:
        return new(context, found.api_key, name, None, None)

    done = await rotation_steps.rotate(context, await _owner(context, found), overlap_seconds, chosen, make)
    return RotatedSecret(found.api_key, done.secret, done.name, done.former)


async def finish(context: Context, found: PropertyRecord, *, force: bool) -> list[Ended]:
    """End every live secret but the newest now; these. Raises OperatorError while one of them is in use, unless forced.

    When another process writes a use meanwhile, nothing is done either.
    """
    return await rotation_steps.finish(context, await _owner(context, found), force=force)


async def _owner(context: Context, found: PropertyRecord) -> Owner:
    return Owner(
        id=found.api_key,
        name=found.name,
        secrets=await context.store.property_secrets(found.api_key),
        writes=OF_PROPERTY,
    )
