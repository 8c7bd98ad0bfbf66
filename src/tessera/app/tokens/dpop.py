"""DPoP: binding a token to the key of a proof, and holding whoever presents such a token to it."""

from tessera.app import replay
from tessera.app.context import Context
from tessera.app.replay import Use
from tessera.core.clients import applications
from tessera.core.clients.applications import Application, TokenBinding
from tessera.core.errors import DPoPChallenge, InvalidDPoPProof, UseDPoPNonce
from tessera.core.presented import RequestCredentials
from tessera.core.tokens import dpop
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.dpop import BadProof, DPoPProof, NonceNeeded

_BAD = "The DPoP proof is missing or not valid for this request."
_NONCE = "The DPoP proof has to contain the nonce of the header DPoP-Nonce."
_USED = "the DPoP proof was used before"


def requested(
    context: Context, application: Application, request_credentials: RequestCredentials, now: int
) -> DPoPProof:
    """The proof in a token request, to whose key the token is to be bound (RFC 9449 section 5).

    Raises InvalidDPoPProof when there is no good one, UseDPoPNonce when it lacks the nonce. It is not used up yet.
    """
    try:
        return _read(context, application, request_credentials, now)
    except BadProof as reason:
        raise InvalidDPoPProof(_BAD, detail=str(reason), check="dpop.proof") from None
    except NonceNeeded as reason:
        raise UseDPoPNonce(_NONCE, nonce=nonce(context, now), detail=str(reason), check="dpop.nonce") from None


def replayed() -> InvalidDPoPProof:
    """The refusal of a proof in a token request that was used before."""
    return InvalidDPoPProof(_BAD, detail=_USED, check="dpop.replay")


def check(
    context: Context, claims: Claims, application: Application, token: str, request_credentials: RequestCredentials
) -> DPoPProof:
    """Hold the sender of `Authorization: DPoP` to what its live token says; the proof, which is not used up yet.

    Raises DPoPChallenge unless the token is bound to a key, and a good proof of that key came along.
    """
    if claims.binding is not TokenBinding.DPOP:
        raise refusal("The token is not bound to a DPoP key. Send it as Authorization: Bearer.")
    now = context.clock.now()
    try:
        proof = _read(context, application, request_credentials, now, token)
    except BadProof as reason:
        raise DPoPChallenge(_BAD, error="invalid_dpop_proof", detail=str(reason), check="dpop.proof") from None
    except NonceNeeded as reason:
        raise DPoPChallenge(
            _NONCE, error="use_dpop_nonce", nonce=nonce(context, now), detail=str(reason), check="dpop.nonce"
        ) from None
    if proof.thumbprint != claims.thumbprint:
        raise refusal("The DPoP proof is of another key than the token is bound to.")
    return proof


async def consume(context: Context, proof: DPoPProof) -> None:
    """Use the proof of a call up. Raises DPoPChallenge when it was used before, at any of our processes."""
    if await replay.consume(context, [use(proof)]) is not None:
        raise DPoPChallenge(_BAD, error="invalid_dpop_proof", detail=_USED, check="dpop.replay")


def check_bearer(claims: Claims) -> None:
    """Raises DPoPChallenge for a token that is bound to a DPoP key and came as a plain Bearer token."""
    if claims.binding is TokenBinding.DPOP:
        raise refusal("The token is bound to a DPoP key. Send it as Authorization: DPoP, with a proof.")


def nonce(context: Context, now: int) -> str:
    """The nonce to put into the next proof; empty when none is needed."""
    taken = _nonces(context, now)
    return taken[0] if taken else ""


def _nonces(context: Context, now: int) -> tuple[str, ...]:
    if context.settings.dpop_nonces == "off":
        return ()
    return dpop.nonces(context.directory.pepper, now)


def _read(
    context: Context,
    application: Application,
    request_credentials: RequestCredentials,
    now: int,
    token: str | None = None,
) -> DPoPProof:
    return dpop.read(
        request_credentials.proofs,
        method=request_credentials.method,
        addresses=tuple(each + request_credentials.path for each in context.addresses),
        now=now,
        nonces=_nonces(context, now),
        token=token,
        algorithms=applications.may_sign_with(application.options, context.signing_algorithms),
    )


def use(proof: DPoPProof) -> Use:
    """The one use of a proof (RFC 9449 section 11.1)."""
    return Use("dpop", (proof.thumbprint.hex(), proof.proof_id), proof.expires_at)


def refusal(public: str) -> DPoPChallenge:
    """The refusal of a token itself, to whoever sends tokens by DPoP."""
    return DPoPChallenge(public, error="invalid_token", check="dpop.binding")
