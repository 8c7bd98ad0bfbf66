"""The OAuth application (client) and its secrets, and the question whether a caller is who it says.

Times are integer microseconds since the epoch. Secrets are objects: any number may be live at once, each with an
end of its own, so that one can be rotated without an outage.
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum

import msgspec

from tessera.core.scopes import Scopes

GENERATED_LENGTH = 64
"""Lower-case hex characters of a client id or secret that we make: 256 bits."""

IMPORTED_LENGTH_MAX = 255
"""Printable ASCII characters of a client id or secret brought along from another system."""


class QueryCredentials(IntEnum):
    """What an application may do with credentials in a URL, which end in logs."""

    ALLOW = 0
    WARN = 1
    DENY = 2


class SecretKind(IntEnum):
    """How a secret is held: `KEYED` (keyed BLAKE2b, RFC 7693, under the pepper) suits only secrets of full entropy."""

    KEYED = 0
    ARGON2ID = 1


_KINDS = tuple(SecretKind)


class Secret(msgspec.Struct, frozen=True, gc=False):
    """One secret of an application, as checked; `ends_at` is None for a secret without an end.

    `digest` is the keyed digest (32 bytes), or the argon2id string as ASCII bytes.
    """

    number: int
    kind: SecretKind
    digest: bytes
    ends_at: int | None

    def live(self, now: int) -> bool:
        """Whether the secret still opens the door at `now`."""
        return self.ends_at is None or now < self.ends_at


FOREVER = 2**63 - 1
"""Later than any moment: when something without an end ends."""


class Application(msgspec.Struct, frozen=True, gc=False):
    """An OAuth application as every request needs it; the operator's view of it is `ApplicationRecord`.

    Tokens issued before `tokens_valid_from` are dead. `packed_secrets` is what `pack_secrets` makes: a process holds
    many of these. `serves_until` is when the last secret ends, after which it cannot authenticate any more.
    """

    number: int
    client_id: str
    organization: int
    enabled: bool
    scopes: Scopes
    token_lifetime_seconds: int
    query_credentials: QueryCredentials
    tokens_valid_from: int
    packed_secrets: bytes
    serves_until: int

    @property
    def secrets(self) -> list[Secret]:
        """The secrets, oldest first."""
        return unpack_secrets(self.packed_secrets)

    def without_ended_secrets(self, now: int) -> "Application":
        """The application without the secrets that ended before `now`, which would only slow down checking."""
        secrets = self.secrets
        live = [secret for secret in secrets if secret.live(now)]
        if len(live) == len(secrets):
            return self
        return msgspec.structs.replace(self, packed_secrets=pack_secrets(live))

    def in_service(self, now: int) -> bool:
        """Whether it is enabled and can still authenticate: its tokens live no longer than that."""
        return self.enabled and now < self.serves_until


_PACKED = struct.Struct(">IBQH")


def pack_secrets(secrets: Iterable[Secret]) -> bytes:
    """Secrets as bytes, a third of the size that they have as values."""
    return b"".join(
        _PACKED.pack(each.number, each.kind, FOREVER if each.ends_at is None else each.ends_at, len(each.digest))
        + each.digest
        for each in secrets
    )


def unpack_secrets(packed: bytes) -> list[Secret]:
    """The inverse of `pack_secrets`."""
    secrets = []
    place = 0
    while place < len(packed):
        number, kind, ends_at, length = _PACKED.unpack_from(packed, place)
        begin = place + _PACKED.size
        place = begin + length
        secrets.append(Secret(number, _KINDS[kind], packed[begin:place], None if ends_at == FOREVER else ends_at))
    return secrets


def held(secrets: Sequence[Secret]) -> tuple[bytes, int]:
    """How an application holds these secrets: packed, and when the last of them ends (0 for none)."""
    until = max((FOREVER if each.ends_at is None else each.ends_at for each in secrets), default=0)
    return pack_secrets(secrets), until


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
    created_at: int
    tokens_issued: int
    query_credentials_used: int
    last_token_at: int | None


class SecretRecord(msgspec.Struct, frozen=True):
    """A secret as its operator sees it: never its value, only its last four characters."""

    number: int
    name: str
    kind: str
    last_four: str
    created_at: int
    ends_at: int | None
    last_used_at: int | None


NOBODY = Application(
    number=0,
    client_id="",
    organization=0,
    enabled=False,
    scopes=(),
    token_lifetime_seconds=0,
    query_credentials=QueryCredentials.ALLOW,
    tokens_valid_from=0,
    packed_secrets=pack_secrets([Secret(number=0, kind=SecretKind.KEYED, digest=bytes(32), ends_at=None)]),
    serves_until=0,
)
"""Stands in for an unknown client, so that refusing one takes the same work as refusing a wrong secret."""


_GENERATED = re.compile(r"[0-9a-f]{64}")


def generated_form(text: str) -> bool:
    """Whether a client id or secret has the form of those we make."""
    return _GENERATED.fullmatch(text) is not None


def secret_digest(pepper: bytes, secret: str) -> bytes:
    """The keyed digest under which a generated secret is held (32 bytes)."""
    return hashlib.blake2b(secret.encode(), digest_size=32, key=pepper).digest()


def matching_secret(application: Application, digest: bytes, now: int) -> int | None:
    """The number of the live secret whose keyed digest this is. All are compared, in constant time each."""
    packed = application.packed_secrets
    found = None
    place = 0
    while place < len(packed):
        number, _, ends_at, length = _PACKED.unpack_from(packed, place)
        begin = place + _PACKED.size
        place = begin + length
        if hmac.compare_digest(packed[begin:place], digest) and now < ends_at:
            found = number
    return found


def slow_secrets(application: Application, now: int) -> list[Secret]:
    """The live secrets that only the slow check can compare."""
    return [secret for secret in application.secrets if secret.kind is SecretKind.ARGON2ID and secret.live(now)]
