"""The OAuth application (client) and its secrets, and the question whether a caller is who it says.

Times are integer microseconds since the epoch. Secrets are objects: any number may be live at once, each with an
end of its own, so that one can be rotated without an outage.
"""

import hashlib
import hmac
import re
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


class Application(msgspec.Struct, frozen=True, gc=False):
    """An OAuth application as every request needs it; the operator's view of it is `ApplicationRecord`.

    Tokens issued before `tokens_valid_from` are dead.
    """

    number: int
    client_id: str
    organization: int
    enabled: bool
    scopes: Scopes
    token_lifetime_seconds: int
    query_credentials: QueryCredentials
    tokens_valid_from: int
    secrets: tuple[Secret, ...]

    def in_service(self, now: int) -> bool:
        """Whether it is enabled and can still authenticate: its tokens live no longer than that."""
        if self.enabled:
            for secret in self.secrets:
                if secret.ends_at is None or now < secret.ends_at:
                    return True
        return False


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
    secrets=(Secret(number=0, kind=SecretKind.KEYED, digest=bytes(32), ends_at=None),),
)
"""Stands in for an unknown client, so that refusing one takes the same work as refusing a wrong secret."""


_GENERATED = re.compile(r"[0-9a-f]{64}")


def generated_form(text: str) -> bool:
    """Whether a client id or secret has the form of those we make."""
    return _GENERATED.fullmatch(text) is not None


def secret_digest(pepper: bytes, secret: str) -> bytes:
    """The keyed digest under which a generated secret is held (32 bytes)."""
    return hashlib.blake2b(secret.encode(), digest_size=32, key=pepper).digest()


def matching_secret(application: Application, digest: bytes, now: int) -> Secret | None:
    """The live keyed secret whose digest this is. Every secret is compared, in constant time each."""
    found = None
    for secret in application.secrets:
        if hmac.compare_digest(secret.digest, digest) and secret.live(now):
            found = secret
    return found


def slow_secrets(application: Application, now: int) -> list[Secret]:
    """The live secrets that only the slow check can compare."""
    return [secret for secret in application.secrets if secret.kind is SecretKind.ARGON2ID and secret.live(now)]
