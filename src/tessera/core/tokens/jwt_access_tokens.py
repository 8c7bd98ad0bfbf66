"""Access tokens as JWTs (RFC 9068): claims into a signed text, and a signed text back into what it says.

`jti` is the token's number in hexadecimal, the same by which it is revoked. `iat` and `exp` are whole seconds, as
others read them. `ref` is for ourselves: the numbers of the application, the credential and the resource, so that
another application of the same client id, or another resource of the same identifier, is another; the microseconds that
`iat` leaves out; the generation (`core/generations.py`), which generation 0 leaves out, so that versions of Tessera
from before generations read these tokens as well; and the number of the grant, which tokens of none leave out.

`sub` is the id of the account or customer that the token is about, or else the client id. These ids are UUIDs and our
client ids are not; the claim `client_id`, when it is equal, says that nobody else is meant.
"""

from typing import NamedTuple

import msgspec

from tessera.core import generations, scopes
from tessera.core.clients.applications import TokenBinding, TokenFormat
from tessera.core.errors import InvalidScope
from tessera.core.keys import jws
from tessera.core.keys.jws import Algorithm, Malformed
from tessera.core.keys.signing import SigningKey, SigningRing
from tessera.core.times import SECOND, uuid_bytes, uuid_text
from tessera.core.tokens.access_tokens import LIFETIME_SECONDS_MAX, THUMBPRINT_BYTES, Claims

KIND = "at+jwt"
"""`typ` of an access token: what was signed for another purpose has another."""

_KINDS = (KIND, f"application/{KIND}")

_CONFIRMATIONS = {TokenBinding.DPOP: "jkt", TokenBinding.TLS: "x5t#S256"}

_ID_DIGITS = 16

GRANTS_MAX = 1 << 63
"""Numbers of grants are below it, as databases hold them."""


class Said(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a token says, as it stands in it."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    scope: str
    ref: str
    cnf: dict[str, str] = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Said)


def sign(key: SigningKey, claims: Claims, client_id: str, issuer: str, audience: str) -> str:
    """The signed token that carries these claims; `audience` is the identifier of the resource that it is for."""
    issued_at, micros = divmod(claims.issued_at, SECOND)
    cnf = {_CONFIRMATIONS[claims.binding]: jws.encode(claims.thumbprint)} if claims.binding else {}
    reference = Reference(
        application=claims.application,
        credential=claims.credential,
        resource=claims.resource,
        micros=micros,
        generation=claims.generation,
        grant=claims.grant,
    )
    said = Said(
        iss=issuer,
        aud=audience,
        sub=claims.subject or client_id,
        client_id=client_id,
        iat=issued_at,
        exp=issued_at + claims.lifetime_seconds,
        jti=token_id(claims.token_id),
        scope=scopes.show(claims.scopes),
        ref=str(reference),
        cnf=cnf,
    )
    return key.sign(KIND, _ENCODER.encode(said))


def token_id(number: int) -> str:
    """A token's number as `jti` has it."""
    return f"{number:016x}"


def read(ring: SigningRing, token: str, now: int) -> tuple[SigningKey, Said] | None:
    """What an access token of ours says, dead or alive, and the key that signed it; None for anything else.

    Whose it is, whom it is for and whether it is live are for the caller to look at.
    """
    try:
        text = jws.split(token)
    except Malformed:
        return None
    key = ring.known(text.header.kid, now)
    if key is None or (text.header.typ or "").lower() not in _KINDS or not jws.verify(text, key.public):
        return None
    try:
        return key, jws.members(_DECODER, text.payload, "the token")
    except Malformed:
        return None


class Reference(NamedTuple):
    """What `ref` says."""

    application: int
    credential: int
    resource: int
    micros: int
    generation: int = 0
    grant: int = 0

    def __str__(self) -> str:
        length = 6 if self.grant else 5 if self.generation else 4
        return ".".join(map(str, self[:length]))


def reference(said: Said) -> Reference | None:
    """What a token says for ourselves; None when it says what we never say."""
    try:
        found = Reference(*(int(part) for part in said.ref.split(".")))
    except (TypeError, ValueError):
        return None
    sound = (
        str(found) == said.ref
        and 0 <= found.micros < SECOND
        and 0 <= found.generation < generations.RANGE
        and 0 <= found.grant < GRANTS_MAX
    )
    return found if sound else None


def claims(said: Said, ref: Reference) -> Claims | None:
    """The claims of what a token says; None when it says what we never say."""
    lifetime = said.exp - said.iat
    if not 0 <= lifetime <= LIFETIME_SECONDS_MAX:
        return None
    try:
        subject = "" if said.sub == said.client_id else uuid_text(uuid_bytes(said.sub))
        token_number = int(said.jti, 16)
        granted = scopes.parse(said.scope)
        binding, thumbprint = _confirmation(said.cnf)
    except (ValueError, InvalidScope):
        return None
    if said.jti != token_id(token_number) or len(said.jti) != _ID_DIGITS:
        return None
    return Claims(
        application=ref.application,
        credential=ref.credential,
        token_id=token_number,
        issued_at=said.iat * SECOND + ref.micros,
        lifetime_seconds=lifetime,
        scopes=granted,
        resource=ref.resource,
        binding=binding,
        thumbprint=thumbprint,
        generation=ref.generation,
        subject=subject,
        grant=ref.grant,
    )


def _confirmation(cnf: dict[str, str]) -> tuple[TokenBinding, bytes]:
    """What a token is bound to. Raises ValueError for a binding that we do not make."""
    if not cnf:
        return TokenBinding.NONE, b""
    for binding, name in _CONFIRMATIONS.items():
        if cnf.keys() == {name} and len(thumbprint := jws.decode(cnf[name])) == THUMBPRINT_BYTES:
            return binding, thumbprint
    raise ValueError("a binding that we do not make")


FORMATS = {
    TokenFormat.EDDSA: Algorithm.EDDSA,
    TokenFormat.ES256: Algorithm.ES256,
    TokenFormat.RS256: Algorithm.RS256,
}
"""The formats of tokens that are signed."""
