"""Clients that prove themselves by a signed assertion: with which of their keys, and only once each."""

from tessera.app import proofs
from tessera.app.house import House
from tessera.core import assertions, jws
from tessera.core.applications import Application, Credential, CredentialKind
from tessera.core.assertions import SKEW_SECONDS
from tessera.core.credentials import UNKNOWN_CLIENT, Assertion
from tessera.core.errors import InvalidClient
from tessera.core.jws import VerifyingKey
from tessera.core.times import SECOND

TRIED_MAX = 4
"""Keys that one assertion is tried with; a client with more names the one it means by `kid`."""

REMEMBERED_MAX = 10_000
"""Keys remembered as read; beyond it all are read again."""


async def match(house: House, application: Application, presented: Assertion, now: int) -> tuple[int | None, str]:
    """The number of the credential whose key signed the assertion, or None and why not.

    The signature is checked first, and once at least: so what is wrong with an assertion shows in no time taken.
    """
    signed = presented.signed
    found, tried = None, 0
    for credential in application.credentials:
        if found is not None or not credential.live(now):
            continue
        for key in assertions.candidates(signed, await _keys(house, credential, signed.key_id)):
            tried += 1
            if tried > TRIED_MAX:
                break
            if jws.verify(signed.text, key):
                found = credential.number
                break
    if not tried:
        assertions.waste(signed)
    fault = assertions.fault(signed, house.issuer, now)
    if found is None:
        return None, "no live key of the client signed the assertion"
    return (None, f"the assertion: {fault}") if fault else (found, "")


async def _keys(house: House, credential: Credential, key_id: str | None) -> list[VerifyingKey]:
    """The public keys that a credential stands for; none when it is of another kind."""
    if credential.kind is CredentialKind.PUBLIC_KEY:
        return [_read(house, credential)]
    if credential.kind is CredentialKind.JWKS_URI:
        return await house.key_sets.keys(credential.digest.decode("ascii"), key_id)
    return []


def _read(house: House, credential: Credential) -> VerifyingKey:
    known = house.client_keys.get((credential.number, credential.digest))
    if known is None:
        known = jws.read_key(credential.digest)
        if len(house.client_keys) >= REMEMBERED_MAX:
            house.client_keys.clear()
        house.client_keys[credential.number, credential.digest] = known
    return known


async def spend(house: House, presented: Assertion) -> None:
    """Use an assertion up. Raises InvalidClient when it was used before, in whichever process."""
    signed = presented.signed
    ends_at = signed.ends_at + SKEW_SECONDS * SECOND
    if not await proofs.spend(house, "assertion", (presented.client_id, signed.claims.jti), ends_at):
        raise InvalidClient(UNKNOWN_CLIENT, detail="the assertion was used before", check="assertion.replay")
