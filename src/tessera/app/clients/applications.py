"""What an operator does with applications and their secrets."""

import msgspec

from tessera.app.clients import application_settings, secret_names
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core import scopes
from tessera.core.changes import (
    AddApplication,
    AddCredential,
    DeleteApplication,
    DisableApplication,
    EnableApplication,
    EndCredential,
    RevokeApplicationTokens,
)
from tessera.core.clients import applications
from tessera.core.clients.applications import (
    GENERATED_LENGTH,
    ApplicationRecord,
    CredentialKind,
    CredentialRecord,
    QueryCredentials,
)
from tessera.core.nearest import nearest

DEFAULT_LIFETIME_SECONDS = 14 * 86400

NOTHING_SET = ApplicationChanges()
"""Options of an application that has every default."""

PAGE_ROWS = 500

CALLED = {
    "keyed": "secret",
    "argon2id": "secret",
    "public_key": "key",
    "jwks_uri": "key",
    "certificate": "certificate",
    "tls_subject": "certificate",
}
"""What a credential of each kind is called: the word in its commands, and in a name that it gets by itself."""


class Issued(msgspec.Struct, frozen=True):
    """A client id with a secret that is shown this once; an imported secret is not shown at all."""

    client_id: str
    client_secret: str | None
    secret_name: str


async def create(
    context: Context,
    name: str,
    organization: int,
    *,
    scope: str | None = scopes.EVERYTHING,
    token_lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS,
    client_id: str | None = None,
    client_secret: str | None = None,
    options: ApplicationChanges = NOTHING_SET,
) -> Issued:
    """Create an application with its first secret; both are made here unless imported from another system.

    One whose `scope` is None may do nothing at the platform. `options` are its other attributes. Raises OperatorError.
    """
    check_text("The name", name)
    application_settings.check_lifetime(token_lifetime_seconds)
    wanted = "" if scope is None else application_settings.checked_scope(scope)
    if client_id is not None:
        check_text("The client id", client_id)
        if applications.uuid_form(client_id):
            raise OperatorError("client_id_is_uuid")
    client = client_id or context.entropy.random_bytes(GENERATED_LENGTH // 2).hex()
    now = context.clock.now()
    secret, issued = new_secret(context, client, "first", None, client_secret)
    policy = int(options.query_credentials or QueryCredentials.ALLOW)
    application = AddApplication(
        client_id=client,
        name=name,
        organization=organization,
        scope=wanted,
        token_lifetime_seconds=token_lifetime_seconds,
        query_credentials=policy,
        created_at=now,
    )
    await commit(context, application, secret, *application_settings.of_new(context, client, options))
    return issued


def new_secret(
    context: Context, client_id: str, name: str, ends_at: int | None, imported: str | None
) -> tuple[AddCredential, Issued]:
    """The change that adds a secret, made here unless imported, and what is shown of it. Raises OperatorError."""
    if imported is None:
        secret = context.entropy.random_bytes(GENERATED_LENGTH // 2).hex()
        kind, digest = CredentialKind.KEYED, applications.secret_digest(context.directory.pepper, secret)
    else:
        check_text("The secret", imported)
        secret = imported
        kind, digest = _imported_digest(context, client_id, imported)
    change = AddCredential(
        client_id=client_id,
        name=name,
        kind=int(kind),
        digest=digest,
        last_four=_last_four(secret),
        created_at=context.clock.now(),
        ends_at=ends_at,
    )
    return change, Issued(client_id, secret if imported is None else None, name)


def _last_four(secret: str) -> str:
    """What helps to tell secrets apart; nothing of one so short that it would give much away."""
    return secret[-4:] if len(secret) >= 16 else ""


def _imported_digest(context: Context, client_id: str, secret: str) -> tuple[CredentialKind, bytes]:
    """A secret in the form of our own is random; any other may be human-made, and is held with argon2id.

    Failures of a client id in the form of our own never cost a slow check, so it can have no such secret.
    """
    if applications.generated_form(secret):
        return CredentialKind.KEYED, applications.secret_digest(context.directory.pepper, secret)
    if applications.generated_form(client_id):
        raise OperatorError("secret_form_wrong")
    return CredentialKind.ARGON2ID, context.slow_hash.make(secret)


async def add_secret(
    context: Context, client_id: str, name: str, *, ends_at: int | None = None, imported: str | None = None
) -> Issued:
    """Add a secret beside those an application has. Raises OperatorError."""
    check_text("The secret's name", name)
    secret_names.check_new_end(ends_at, context.clock.now())
    change, issued = new_secret(context, client_id, name, ends_at, imported)
    await commit(context, change)
    return issued


async def expire_secret(context: Context, client_id: str, name: str, ends_at: int | None = None) -> CredentialRecord:
    """Give a secret an end, now when None; the secret as it was. Raises OperatorError."""
    secrets = await context.store.secrets(client_id)
    secret, end = secret_names.to_end(secrets, name, ends_at, context.clock.now(), "application")
    await commit(context, EndCredential(client_id, secret.number, end, secret.ends_at), more={"name": name})
    return secret


async def lost_with(context: Context, application: ApplicationRecord, name: str, ends_at: int | None = None) -> str:
    """What an application loses when this credential ends (now when None), as a sentence; empty when nothing.

    With the last live credential end all of its tokens; without one in a way that is on, it gets no new ones.
    """
    now, ways = context.clock.now(), application.authentication_methods
    end = max(now, now if ends_at is None else ends_at)
    found = await context.store.secrets(application.client_id)
    own, others = [each for each in found if each.name == name], [each for each in found if each.name != name]
    if not applications.proving(others, "any", end):
        return (
            f"{name} is the last active credential of {application.name}: without it, all its tokens become inactive."
        )
    if applications.proving(own, ways, now) and not applications.proving(others, ways, end):
        allowed = " or ".join(ways.split(","))
        return f"{name} is the last active credential for {allowed}: without it, {application.name} gets no tokens."
    return ""


async def free_credential_name(context: Context, client_id: str, kind: str) -> str:
    """A name for the next credential of this kind that none so far has, as `secret-2`; each kind has its own count."""
    found = await context.store.secrets(client_id)
    return secret_names.free(found, kind, sum(CALLED[each.kind] == kind for each in found))


async def disable(context: Context, client_id: str) -> None:
    """No new tokens, and all tokens so far are dead for good. Raises OperatorError when it is disabled already."""
    await commit(context, DisableApplication(client_id, context.clock.now(), context.generation_step()))


async def enable(context: Context, client_id: str) -> None:
    """New tokens again. Raises OperatorError when it is enabled already."""
    await commit(context, EnableApplication(client_id, context.clock.now(), context.generation_step()))


async def delete(context: Context, client_id: str) -> None:
    """The application, its secrets and its counts go; its tokens are dead. Raises OperatorError."""
    await commit(context, DeleteApplication(client_id))


async def revoke_tokens(context: Context, client_id: str) -> None:
    """All tokens that the application has so far are dead for good; it may have new ones. Raises OperatorError."""
    await commit(context, RevokeApplicationTokens(client_id, context.clock.now(), context.generation_step()))


async def find(context: Context, name_or_client_id: str) -> ApplicationRecord:
    """The application with this client id or name. Raises OperatorError when there is none."""
    found = await context.store.application_record(name_or_client_id)
    if found is None:
        names = [each.name for each in await context.store.applications(0, PAGE_ROWS)]
        raise OperatorError("application_not_found", name=name_or_client_id, nearest=nearest(name_or_client_id, names))
    return found


async def every(context: Context) -> list[ApplicationRecord]:
    """All applications, in the order of their creation."""
    found: list[ApplicationRecord] = []
    while page := await context.store.applications(found[-1].number if found else 0, PAGE_ROWS):
        found += page
    return found
