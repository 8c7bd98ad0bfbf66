"""Authenticating a digital property: the same work and the same answer, whatever is wrong."""

from contextlib import suppress

from tessera.app.clients import brute_force, limits
from tessera.app.context import Context
from tessera.core import wire
from tessera.core.clients import applications
from tessera.core.clients.applications import IMPORTED_LENGTH_MAX
from tessera.core.clients.properties import NO_PROPERTY, Property
from tessera.core.errors import InvalidAuthToken, Refusal
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.ports import StoreError

FAILED = "The API key or its secret is wrong."
"""One text for every failed authentication, so that it tells nobody which it was."""


async def authenticate(
    context: Context, request_credentials: RequestCredentials, api_key: str, secret: str
) -> tuple[Property, Quotas]:
    """The property whose API key and secret stand in the `Authorization` header, and the quotas of its limits.

    Raises InvalidAuthToken, with one text, for an unknown API key, a wrong or ended secret, a disabled property, or a
    network from which it may not call; TooManyRequests for more calls than its limits allow, and for floods of
    wrong secrets. These name the property, if there is one.
    """
    properties = context.directory.properties
    found = properties.known.get(api_key)
    was_read = False
    if found is None:
        possible = wire.printable(api_key, IMPORTED_LENGTH_MAX)
        was_read = possible and not properties.known_absent(api_key)
        found = (await properties.get(api_key) if possible else None) or NO_PROPERTY
    now = context.clock.now()
    digest = applications.secret_digest(context.directory.pepper, secret)
    quotas: Quotas = ()
    number = (found if found.enabled else NO_PROPERTY).matching_secret(digest, now)
    try:
        if number is None:
            raise await _failure(context, found, digest, api_key, request_credentials, now, was_read=was_read)
        if found.limits:
            outside = limits.outside(context, found, request_credentials, now)
            if outside:
                raise await _failure(
                    context, found, digest, api_key, request_credentials, now, was_read=was_read, outside=outside
                )
            quotas = limits.take_request(context, found, now)
    except (Refusal, StoreError) as problem:
        problem.client = found.api_key  # empty for NO_PROPERTY
        raise
    context.state.usage.use_property_secret(number, now, request_credentials.source)
    return found, quotas


async def _failure(
    context: Context,
    found: Property,
    digest: bytes,
    api_key: str,
    request_credentials: RequestCredentials,
    now: int,
    *,
    was_read: bool,
    outside: str = "",
) -> Refusal:
    """Count a failure, and let it cost one read as an API key does that is not in memory: time tells nobody which."""
    if not was_read:
        with suppress(StoreError):
            await context.store.property_with_key(NO_PROPERTY.api_key)
    had_secret = found.matching_secret(digest, 0) is not None  # live or ended
    return brute_force.failure(context, api_key, request_credentials, now) or _refused(
        found, outside, had_secret=had_secret
    )


def _refused(found: Property, outside: str, *, had_secret: bool) -> InvalidAuthToken:
    """One text for all; which it was is for the operator alone."""
    if outside:
        return InvalidAuthToken(FAILED, detail=outside, check="limits.networks")
    if found is NO_PROPERTY:
        return InvalidAuthToken(FAILED, detail="no property has this API key", check="caller.api_key")
    if not found.enabled:
        return InvalidAuthToken(FAILED, detail="the property or its organization is disabled", check="caller.disabled")
    if had_secret:
        return InvalidAuthToken(FAILED, detail="the secret has ended", check="caller.ended")
    return InvalidAuthToken(FAILED, detail="none of the property's secrets", check="caller.property")
