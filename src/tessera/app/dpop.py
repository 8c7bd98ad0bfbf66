"""DPoP: binding a token to the key of a proof, and holding whoever presents such a token to it."""

import msgspec

from tessera.app import proofs
from tessera.app.house import House
from tessera.core import dpop
from tessera.core.applications import TokenBinding
from tessera.core.dpop import BadProof, NonceNeeded, Proof
from tessera.core.errors import DPoPChallenge, InvalidDPoPProof, UseDPoPNonce
from tessera.core.evidence import Evidence
from tessera.core.tokens import Claims

_BAD = "The DPoP proof is missing or not valid for this request."
_NONCE = "The DPoP proof has to contain the nonce of the header DPoP-Nonce."
_USED = "the DPoP proof was used before"


async def bind(house: House, claims: Claims, evidence: Evidence, now: int) -> Claims:
    """The claims, bound to the key of the proof in a token request (RFC 9449 section 5).

    Raises InvalidDPoPProof when there is no good one, or it was used before; UseDPoPNonce when it lacks the nonce.
    """
    try:
        proof = _read(house, evidence, now)
    except BadProof as reason:
        raise InvalidDPoPProof(_BAD, detail=str(reason), check="dpop.proof") from None
    except NonceNeeded as reason:
        raise UseDPoPNonce(_NONCE, nonce=nonce(house, now), detail=str(reason), check="dpop.nonce") from None
    if not await _spend(house, proof):
        raise InvalidDPoPProof(_BAD, detail=_USED, check="dpop.replay")
    return msgspec.structs.replace(claims, binding=TokenBinding.DPOP, thumbprint=proof.thumbprint)


async def check(house: House, claims: Claims, token: str, evidence: Evidence) -> None:
    """Hold the sender of `Authorization: DPoP` to what its live token says.

    Raises DPoPChallenge unless the token is bound to a key, and a good proof of that key came along for the first time.
    """
    if claims.binding is not TokenBinding.DPOP:
        raise refusal("The token is not bound to a DPoP key. Send it as Authorization: Bearer.")
    now = house.clock.now()
    try:
        proof = _read(house, evidence, now, token)
    except BadProof as reason:
        raise DPoPChallenge(_BAD, error="invalid_dpop_proof", detail=str(reason), check="dpop.proof") from None
    except NonceNeeded as reason:
        raise DPoPChallenge(
            _NONCE, error="use_dpop_nonce", nonce=nonce(house, now), detail=str(reason), check="dpop.nonce"
        ) from None
    if proof.thumbprint != claims.thumbprint:
        raise refusal("The DPoP proof is of another key than the token is bound to.")
    if not await _spend(house, proof):
        raise DPoPChallenge(_BAD, error="invalid_dpop_proof", detail=_USED, check="dpop.replay")


def check_bearer(claims: Claims) -> None:
    """Raises DPoPChallenge for a token that is bound to a DPoP key and came as a plain Bearer token."""
    if claims.binding is TokenBinding.DPOP:
        raise refusal("The token is bound to a DPoP key. Send it as Authorization: DPoP, with a proof.")


def nonce(house: House, now: int) -> str:
    """The nonce to put into the next proof; empty when none is needed."""
    taken = _nonces(house, now)
    return taken[0] if taken else ""


def _nonces(house: House, now: int) -> tuple[str, ...]:
    if house.settings.dpop_nonces == "off":
        return ()
    return dpop.nonces(house.directory.pepper, now)


def _read(house: House, evidence: Evidence, now: int, token: str | None = None) -> Proof:
    return dpop.read(
        evidence.proofs,
        method=evidence.method,
        address=house.issuer + evidence.path,
        now=now,
        nonces=_nonces(house, now),
        token=token,
    )


async def _spend(house: House, proof: Proof) -> bool:
    """Use a proof up; whether this was its first use, at any of our processes (RFC 9449 section 11.1)."""
    return await proofs.spend(house, "dpop", (proof.thumbprint.hex(), proof.proof_id), proof.expires_at)


def refusal(public: str) -> DPoPChallenge:
    """The refusal of a token itself, to whoever sends tokens by DPoP."""
    return DPoPChallenge(public, error="invalid_token", check="dpop.binding")
