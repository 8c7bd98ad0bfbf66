"""Telling of a token: to resource servers and its own application (RFC 7662), and to whoever holds it."""

from collections.abc import Callable

import msgspec

from tessera.app import dpop, tokens
from tessera.app.house import House
from tessera.core import binding, credentials, introspection
from tessera.core import dpop as proofs
from tessera.core.errors import InvalidToken, Refusal
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated
from tessera.core.introspection import Active
from tessera.core.metadata import INTROSPECTION_SIGNED_WITH
from tessera.core.times import SECOND
from tessera.core.tokens import PURPOSE, seconds_left
from tessera.core.wire import Params
from tessera.ports import StoreError

SIGNED_WITH = INTROSPECTION_SIGNED_WITH
"""What signs answers, for those who ask for signed ones."""


NO_TOKEN = "The token is absent, not valid, expired or revoked. Request a new one from /oauth/token."


class TokenApplication(msgspec.Struct, frozen=True, gc=False):
    """The application that a token was issued to, by its client id."""

    uid: str


class TokenInfo(msgspec.Struct, frozen=True, gc=False):
    """What a token says. `resource_owner_id` is null: no person stands behind it. Times are in seconds."""

    resource_owner_id: None
    scope: tuple[str, ...]
    expires_in: int
    application: TokenApplication
    created_at: int

    @property
    def client(self) -> str:
        """The client id of the application."""
        return self.application.uid


async def introspect(house: House, caller: Authenticated, params: Params) -> Active | None:
    """What the token in a request says; None when it is dead or nothing to this caller.

    Waits on nothing, once the token's application is known.

    Any `token_type_hint` is taken: all tokens are looked for alike. Raises InvalidRequest, and as `tokens.consume`.
    """
    token = tokens.asked_about(params)
    await tokens.consume(house, caller)
    opened_before = token in house.directory.ring.remembered
    found = await tokens.check(house, token)
    resources = house.directory.resources
    if found is None or not introspection.may_look(caller.application, *found, resources):
        if opened_before:  # what is no token of ours costs an attempt to open it: so the time tells neither
            house.directory.ring.open(token, PURPOSE, house.clock.now())
        return None
    return introspection.describe(*found, resources, house.issuer)


def signed(house: House, told: Active | None, client_id: str) -> str:
    """The answer as a signed text for the one who asked (RFC 9701 section 5)."""
    now = house.clock.now()
    key = house.directory.signing.signing(SIGNED_WITH, now)
    content = {"active": False} if told is None else told
    said = {"iss": house.issuer, "aud": client_id, "iat": now // SECOND, "token_introspection": content}
    return key.sign(introspection.SIGNED, msgspec.json.encode(said))


async def holder_s(house: House, evidence: Evidence, accept: Callable[[], None] = lambda: None) -> TokenInfo:
    """What the token of a request says. Raises InvalidToken unless there is one, and it is live.

    Raises DPoPChallenge for a token without the proof of the key it is bound to. `accept` is called before that is used
    up, and may refuse.
    """
    authorization = evidence.authorization or b""
    bound = proofs.token(authorization)
    token = credentials.bearer(authorization) if bound is None else bound
    found = None if token is None else await tokens.check(house, token)
    if found is None:
        raise InvalidToken(NO_TOKEN)
    claims, application = found
    try:
        proof = None
        if bound is None:
            dpop.check_bearer(claims)
        else:
            proof = dpop.check(house, claims, bound, evidence)
        if not binding.fits(claims, evidence):
            raise InvalidToken(NO_TOKEN)
        accept()
        if proof is not None:
            await dpop.consume(house, proof)
    except (Refusal, StoreError) as problem:
        problem.client = application.client_id
        raise
    left = seconds_left(claims, house.clock.now())
    return TokenInfo(None, claims.scopes, left, TokenApplication(application.client_id), claims.issued_at // SECOND)
