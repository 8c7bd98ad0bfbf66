"""What an operator does with the credentials of an application that hold nothing secret: keys and certificates."""

import msgspec

from tessera.app.clients.applications import CALLED
from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_reachable, check_text, commit
from tessera.core.changes import AddCredential
from tessera.core.clients import applications, certificates, key_sets
from tessera.core.clients.applications import (
    ApplicationRecord,
    AuthenticationMethod,
    CredentialKind,
    CredentialRecord,
    Options,
)
from tessera.core.clients.certificates import NotUsable
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Malformed, PublicKey, VerifyingKey
from tessera.core.nearest import nearest

KEY_KINDS = (CredentialKind.PUBLIC_KEY, CredentialKind.JWKS_URI)
CERTIFICATE_KINDS = (CredentialKind.CERTIFICATE, CredentialKind.TLS_SUBJECT)

METHODS = {
    "secret": AuthenticationMethod.CLIENT_SECRET,
    "private_key_jwt": AuthenticationMethod.PRIVATE_KEY_JWT,
    "tls": AuthenticationMethod.TLS,
}
"""The ways in which an application may prove itself, by the names that an operator uses."""


async def add_key(context: Context, client_id: str, name: str, jwk: bytes, *, ends_at: int | None = None) -> str:
    """Add a public key, given as a JWK; its thumbprint (RFC 7638). Raises OperatorError."""
    try:
        key = public_keys.read(jwk)
    except Malformed as reason:
        raise OperatorError("jwk_unusable", reason=str(reason)) from None
    only = {"alg": key.algorithms[0].value} if len(key.algorithms) == 1 else {}
    await _check_usable(context, client_id, key)
    named = {"kid": key.key_id} if key.key_id is not None else {}
    held = msgspec.json.encode({**public_keys.jwk(key.key), **only, **named})
    thumbprint = jws.encode(public_keys.thumbprint(key.key))
    await _add(context, client_id, name, (CredentialKind.PUBLIC_KEY, held, thumbprint), ends_at)
    return thumbprint


async def _check_usable(context: Context, client_id: str, key: VerifyingKey) -> None:
    """Raises OperatorError for a key with which the application may not sign."""
    options = await _options(context, client_id)
    allowed = applications.may_sign_with(options, context.signing_algorithms)
    if not any(each in allowed for each in key.algorithms):
        raise OperatorError("key_algorithm_not_allowed", algorithms=" or ".join(key.algorithms), allowed=[*allowed])


async def add_pem_key(context: Context, client_id: str, name: str, pem: bytes, *, ends_at: int | None = None) -> str:
    """Add a public key, given as PEM; its thumbprint. Raises OperatorError."""
    try:
        key: PublicKey = public_keys.read_pem(pem)
    except Malformed as reason:
        raise OperatorError("pem_unusable", reason=str(reason)) from None
    return await add_key(context, client_id, name, msgspec.json.encode(public_keys.jwk(key)), ends_at=ends_at)


async def add_key_set(context: Context, client_id: str, name: str, address: str, *, ends_at: int | None = None) -> None:
    """Add the address at which an application publishes its keys. Raises OperatorError."""
    try:
        held = key_sets.check_address(address)
    except ValueError as reason:
        raise OperatorError("key_address_unusable", problem=str(reason)) from None
    await check_reachable(context, address)
    await _add(context, client_id, name, (CredentialKind.JWKS_URI, held.encode("ascii"), ""), ends_at)


async def add_certificate(
    context: Context, client_id: str, name: str, pem: bytes, *, ends_at: int | None = None
) -> str:
    """Add a certificate that is to prove the application by itself; its thumbprint. Raises OperatorError.

    Its time must not be over.
    """
    try:
        certificate = certificates.read_pem(pem)
    except NotUsable as reason:
        raise OperatorError("certificate_unusable", problem=str(reason)) from None
    if not certificates.in_force(certificate, context.clock.now()):
        raise OperatorError("certificate_not_in_force")
    held = certificates.thumbprint(certificate)
    named = jws.encode(held)
    await _add(context, client_id, name, (CredentialKind.CERTIFICATE, held, named), ends_at)
    return named


async def add_subject(context: Context, client_id: str, name: str, subject: str, *, ends_at: int | None = None) -> str:
    """Add a subject by which certificates of our authorities prove the application; as it is held.

    Raises OperatorError.
    """
    try:
        held = certificates.check_subject(subject)
    except NotUsable as reason:
        raise OperatorError("certificate_subject_unusable", problem=str(reason)) from None
    await _add(context, client_id, name, (CredentialKind.TLS_SUBJECT, held.encode(), ""), ends_at)
    return held


async def _add(
    context: Context, client_id: str, name: str, held: tuple[CredentialKind, bytes, str], ends_at: int | None
) -> None:
    """Add what is held: its kind, its bytes, and a name of it whose last characters are shown."""
    kind, digest, named = held
    check_text("The credential's name", name)
    if ends_at is not None and ends_at <= context.clock.now():
        raise OperatorError("credential_end_passed")
    await commit(
        context,
        AddCredential(
            client_id=client_id,
            name=name,
            kind=int(kind),
            digest=digest,
            last_four=named[-4:],
            created_at=context.clock.now(),
            ends_at=ends_at,
        ),
    )


async def of_kind(context: Context, client_id: str, kinds: tuple[CredentialKind, ...]) -> list[CredentialRecord]:
    """The credentials of an application that are of these kinds, oldest first, ended ones included."""
    names = {kind.name.lower() for kind in kinds}
    return [each for each in await context.store.secrets(client_id) if each.kind in names]


async def check_named(context: Context, client_id: str, kind: str, name: str) -> None:
    """Raises OperatorError unless the application has a `secret`, `key` or `certificate` of this name."""
    found = {each.name: CALLED[each.kind] for each in await context.store.secrets(client_id)}
    called = found.get(name)
    if called is None:
        known = [each for each in found if found[each] == kind]
        raise OperatorError("credential_not_found", kind=kind, name=name, nearest=nearest(name, known), known=known)
    if called != kind:
        raise OperatorError("credential_of_other_kind", name=name, called=called, kind=kind)


async def lost_without(context: Context, application: ApplicationRecord, methods: AuthenticationMethod) -> str:
    """What an application loses when it may prove itself in these ways alone, as a sentence; empty when nothing."""
    names = [name for name, way in METHODS.items() if way & methods]
    found = await context.store.secrets(application.client_id)
    if not names or applications.proving(found, ",".join(names), context.clock.now()):
        return ""
    return f"{application.name} has no active credential for {' or '.join(names)}, so it would get no tokens."


async def _options(context: Context, client_id: str) -> Options:
    application = await context.store.application(client_id)
    if application is None:
        raise OperatorError("application_gone")
    return application.options
