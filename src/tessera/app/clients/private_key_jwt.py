"""Clients that prove themselves by a signed assertion: with which of their keys, and only once each."""

from tessera.app.context import Context
from tessera.app.replay import Use
from tessera.app.state.client_keys import Holder, Holders
from tessera.core.clients import applications, assertions, signing_methods
from tessera.core.clients.applications import Application, Credential, CredentialKind
from tessera.core.clients.assertions import SKEW_SECONDS, Terms
from tessera.core.clients.credentials import Assertion
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Malformed
from tessera.core.presented import RequestCredentials
from tessera.core.times import SECOND

TRIED_MAX = 4
"""Keys that one assertion is tried with; a client with more names the one it means by `kid`."""


async def match(
    context: Context, application: Application, presented: Assertion, request_credentials: RequestCredentials, now: int
) -> tuple[int | None, str]:
    """The number of the credential whose key signed the assertion, or None and why not.

    The signature is checked first, and once at least: so what is wrong with an assertion shows in no time taken.
    """
    signed = presented.signed
    algorithm, key_id = signed.text.algorithm, signed.key_id
    found, tried = None, 0
    for credential, known in _holders(context, application):
        if found is not None or not credential.live(now):
            continue
        keys = known or await context.state.key_sets.keys(credential.digest.decode("ascii"), key_id)
        for key in keys:
            if not assertions.may_be_of(key, algorithm, key_id):
                continue
            tried += 1
            if tried > TRIED_MAX:
                break
            if jws.verify(signed.text, key):
                found = credential.number
                break
    if not tried:
        assertions.verify_dummy(signed)
    options = application.options
    strict = signing_methods.only_issuer(options.security_profile, options.assertion_audience)
    allowed = applications.may_sign_with(options, context.signing_algorithms)
    fault = assertions.fault(signed, Terms(allowed, context.addresses, request_credentials.path, strict, now))
    if found is None:
        return None, "no live key of the client signed the assertion"
    return (None, f"the assertion: {fault}") if fault else (found, "")


def _holders(context: Context, application: Application) -> Holders:
    """The credentials that stand for public keys, read once for as long as the application has no others."""

    def read() -> Holders:
        return tuple(holder for each in application.credentials if (holder := _holder(each)) is not None)

    return context.state.client_keys.get(application.packed_credentials, read)


def _holder(credential: Credential) -> Holder | None:
    """A credential with its key, without any for the address of a set; None when no key can prove it."""
    if credential.kind is CredentialKind.JWKS_URI:
        return credential, ()
    if credential.kind is not CredentialKind.PUBLIC_KEY:
        return None
    try:
        return credential, (public_keys.read(credential.digest),)
    except Malformed:  # taken by a version that knew less of weak keys: the others work
        return None


def use(presented: Assertion) -> Use:
    """The one use of an assertion."""
    signed = presented.signed
    return Use("assertion", (presented.client_id, signed.claims.jti), signed.ends_at + SKEW_SECONDS * SECOND)
