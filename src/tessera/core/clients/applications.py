"""The OAuth application (client) and its secrets, and the question whether a caller is who it says.

Times are integer microseconds since the epoch. Secrets are objects: any number may be live at once, each with an
end of its own, so that one can be rotated without an outage.
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum, IntFlag
from functools import lru_cache

import msgspec

from tessera.core.clients import signing_methods
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms
from tessera.core.scopes import Scopes

GENERATED_LENGTH = 64
"""Lower-case hex characters of a client id or secret that we make: 256 bits."""

IMPORTED_LENGTH_MAX = 255
"""Printable ASCII characters of a client id or secret imported from another system."""


class QueryCredentials(IntEnum):
    """What an application may do with credentials in a URL, which end in logs."""

    ALLOW = 0
    WARN = 1
    DENY = 2


class JSONRequests(IntEnum):
    """Whether an application may send OAuth requests with a JSON body, which RFC 6749 does not know."""

    ALLOW = 0
    DENY = 1


class CredentialKind(IntEnum):
    """What a credential is, and how `Credential.digest` holds it.

    A secret is `KEYED` (keyed BLAKE2b, RFC 7693, under the pepper), which suits only secrets of full entropy, or
    `ARGON2ID`. The others hold nothing secret: a public key as a JWK (RFC 7517), the address of a JWK set, the SHA-256
    of a certificate, or the subject that a certificate must have (RFC 8705 section 2.1.2, as `san_dns:app.example`).
    """

    KEYED = 0
    ARGON2ID = 1
    PUBLIC_KEY = 2
    JWKS_URI = 3
    CERTIFICATE = 4
    TLS_SUBJECT = 5


class TokenFormat(IntEnum):
    """What access tokens look like: sealed by us (`OPAQUE`), or a JWT (RFC 9068) signed with this algorithm."""

    OPAQUE = 0
    EDDSA = 1
    ES256 = 2
    RS256 = 3


class TokenBinding(IntEnum):
    """What an application's tokens have to be bound to: nothing, a DPoP key (RFC 9449), a certificate (RFC 8705)."""

    NONE = 0
    DPOP = 1
    TLS = 2


class AuthenticationMethod(IntFlag):
    """Ways in which an application may prove itself; none set means any for which it has a credential."""

    CLIENT_SECRET = 1
    PRIVATE_KEY_JWT = 2
    TLS = 4


class Options(msgspec.Struct, frozen=True):
    """What few applications change; most share the one that `DEFAULT_OPTIONS` is.

    `access` is what the application may do at resources beside the platform: number of the resource and scopes, by
    number. `limits` are its limits as stored, read by `core/clients/limits.py`; empty for none.
    """

    token_format: TokenFormat = TokenFormat.OPAQUE
    authentication_methods: AuthenticationMethod = AuthenticationMethod(0)
    token_binding: TokenBinding = TokenBinding.NONE
    token_reuse: bool = False
    limits: str = ""
    access: tuple[tuple[int, Scopes], ...] = ()
    security_profile: Profile = Profile.NONE
    assertion_audience: AssertionAudience = AssertionAudience.DEFAULT
    signing_algorithms: SigningAlgorithms = SigningAlgorithms(0)
    json_requests: JSONRequests = JSONRequests.ALLOW


DEFAULT_OPTIONS = Options()


_KINDS = tuple(CredentialKind)


class Credential(msgspec.Struct, frozen=True, gc=False):
    """One credential of an application, as checked; `ends_at` is None for one without an end.

    `digest` is the keyed digest (32 bytes), the argon2id string as ASCII bytes, or what `CredentialKind` says.
    """

    number: int
    kind: CredentialKind
    digest: bytes
    ends_at: int | None

    def live(self, now: int) -> bool:
        """Whether it still opens the door at `now`."""
        return self.ends_at is None or now < self.ends_at


FOREVER = 2**63 - 1
"""Later than any moment: when something without an end ends."""


class Application(msgspec.Struct, frozen=True, gc=False):
    """An OAuth application as every request needs it; the operator's view of it is `ApplicationRecord`.

    One of a disabled organization is not `enabled` either. `generation` and `tokens_valid_from` say which of its tokens
    were revoked together, here or by its organization (`core/tokens/access_tokens.cut_off`): `generation` is the sum of
    both generations (`core/generations.py`), `tokens_valid_from` the later of both moments. `packed_credentials` is
    what `pack_credentials` makes: a process holds many of these. `serves_until` is when the last credential ends, after
    which it cannot authenticate any more.
    """

    number: int
    client_id: str
    organization: int
    enabled: bool
    scopes: Scopes
    token_lifetime_seconds: int
    query_credentials: QueryCredentials
    tokens_valid_from: int
    packed_credentials: bytes
    serves_until: int
    options: Options = DEFAULT_OPTIONS
    generation: int = 0

    @property
    def credentials(self) -> list[Credential]:
        """The credentials, oldest first."""
        return unpack_credentials(self.packed_credentials)

    def without_ended_credentials(self, now: int) -> "Application":
        """The application without the credentials that ended before `now`, which would only slow down checking."""
        credentials = self.credentials
        live = [credential for credential in credentials if credential.live(now)]
        if len(live) == len(credentials):
            return self
        return msgspec.structs.replace(self, packed_credentials=pack_credentials(live))

    def in_service(self, now: int) -> bool:
        """Whether it is enabled and can still authenticate: its tokens live no longer than that."""
        return self.enabled and now < self.serves_until


_PACKED = struct.Struct(">IBQH")


def pack_credentials(credentials: Iterable[Credential]) -> bytes:
    """Credentials as bytes, a third of the size that they have as values."""
    return b"".join(
        _PACKED.pack(each.number, each.kind, FOREVER if each.ends_at is None else each.ends_at, len(each.digest))
        + each.digest
        for each in credentials
    )


def unpack_credentials(packed: bytes) -> list[Credential]:
    """The inverse of `pack_credentials`."""
    credentials = []
    place = 0
    while place < len(packed):
        number, kind, ends_at, length = _PACKED.unpack_from(packed, place)
        begin = place + _PACKED.size
        place = begin + length
        credentials.append(
            Credential(number, _KINDS[kind], packed[begin:place], None if ends_at == FOREVER else ends_at)
        )
    return credentials


def held(credentials: Sequence[Credential]) -> tuple[bytes, int]:
    """How an application holds these credentials: packed, and when the last of them ends (0 for none)."""
    until = max((FOREVER if each.ends_at is None else each.ends_at for each in credentials), default=0)
    return pack_credentials(credentials), until


class ApplicationRecord(msgspec.Struct, frozen=True):
    """An application as its operator sees it; without any secret."""

    number: int
    client_id: str
    name: str
    organization: str
    enabled: bool
    scope: str
    token_lifetime_seconds: int
    query_credentials: str
    token_format: str
    authentication_methods: str
    token_binding: str
    token_reuse: bool
    security_profile: str
    assertion_audience: str
    signing_algorithms: str
    json_requests: str
    limits: str
    created_at: int
    tokens_issued: int
    query_credentials_used: int
    last_token_at: int | None
    organization_enabled: bool = True

    @property
    def state(self) -> str:
        """Whether it may have tokens, in words: `enabled`, `disabled`, or `organization disabled`."""
        if not self.enabled:
            return "disabled"
        return "enabled" if self.organization_enabled else "organization disabled"


class CredentialRecord(msgspec.Struct, frozen=True):
    """A credential as its operator sees it: of a secret never its value, only its last four characters.

    `named` is the address of a key set, or the subject that a certificate must have; None for all others.
    """

    number: int
    name: str
    kind: str
    last_four: str
    created_at: int
    ends_at: int | None
    last_used_at: int | None
    last_used_from: str | None
    named: str | None


WAYS = {
    "keyed": "secret",
    "argon2id": "secret",
    "public_key": "private_key_jwt",
    "jwks_uri": "private_key_jwt",
    "certificate": "tls",
    "tls_subject": "tls",
}
"""In which way a credential of each kind proves an application, by the names that an operator sees."""


def proving(found: Iterable[CredentialRecord], ways: str, now: int) -> list[CredentialRecord]:
    """The credentials that are live at `now` and prove an application in one of these ways, or in `any`."""
    named = ways.split(",")
    return [
        each
        for each in found
        if (each.ends_at is None or each.ends_at > now) and (ways == "any" or WAYS[each.kind] in named)
    ]


NOBODY = Application(
    number=0,
    client_id="",
    organization=0,
    enabled=False,
    scopes=(),
    token_lifetime_seconds=0,
    query_credentials=QueryCredentials.ALLOW,
    tokens_valid_from=0,
    packed_credentials=pack_credentials(
        [Credential(number=0, kind=CredentialKind.KEYED, digest=bytes(32), ends_at=None)]
    ),
    serves_until=0,
)
"""Stands in for an unknown client, so that refusing one takes the same work as refusing a wrong secret."""


def may_sign_with(options: Options, server: SigningAlgorithms) -> tuple[str, ...]:
    """The names of the algorithms that an application may sign with, at a server that takes these."""
    return signing_methods.allowed(options.security_profile, options.signing_algorithms, server)


_GENERATED = re.compile(r"[0-9a-f]{64}")


def generated_form(text: str) -> bool:
    """Whether a client id or secret has the form of those we make."""
    return _GENERATED.fullmatch(text) is not None


_UUID = re.compile(r"(urn:uuid:|\{)?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)


def uuid_form(text: str) -> bool:
    """Whether a client id has the form of a UUID (RFC 9562 section 4), as the ids of customers have; hyphens or not."""
    return _UUID.fullmatch(text) is not None


def secret_digest(pepper: bytes, secret: str) -> bytes:
    """The keyed digest under which a generated secret is held (32 bytes)."""
    digest = _keyed(pepper).copy()
    digest.update(secret.encode())
    return digest.digest()


@lru_cache(maxsize=2)
def _keyed(pepper: bytes) -> hashlib.blake2b:
    """The digest that has taken in the pepper, which costs as much as the secret."""
    return hashlib.blake2b(digest_size=32, key=pepper)


def matching_secret(application: Application, digest: bytes, now: int) -> int | None:
    """The number of the live secret whose keyed digest this is. All are compared, in constant time each."""
    packed = application.packed_credentials
    found = None
    place = 0
    while place < len(packed):
        number, kind, ends_at, length = _PACKED.unpack_from(packed, place)
        begin = place + _PACKED.size
        place = begin + length
        if hmac.compare_digest(packed[begin:place], digest) and kind == CredentialKind.KEYED and now < ends_at:
            found = number
    return found


_SLOW_HASH = b"$argon2id$"


def holds_slow_secret(application: Application) -> bool:
    """Whether one of its secrets, live or ended, is held by the slow hash: looked for in the bytes, which is fast."""
    return _SLOW_HASH in application.packed_credentials


def slow_secrets(application: Application, now: int) -> list[Credential]:
    """The live secrets that only the slow check can compare."""
    return [each for each in application.credentials if each.kind is CredentialKind.ARGON2ID and each.live(now)]
