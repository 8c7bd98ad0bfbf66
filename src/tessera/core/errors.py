"""The tree of refusals: every way in which a request can be turned down.

    Refusal
    ├── OAuthRefusal                 raised at OAuth endpoints (RFC 6749 section 5.2)
    │   ├── InvalidRequest
    │   ├── InvalidClient
    │   ├── UnsupportedGrantType
    │   ├── InvalidScope
    │   ├── InvalidTarget
    │   ├── InvalidToken             the bearer token of a request to an OAuth endpoint
    │   ├── InvalidDPoPProof
    │   └── UseDPoPNonce
    ├── PlatformRefusal              raised by the platform API
    │   ├── MissingCredentials       no credentials were sent at all
    │   ├── InvalidAuthToken
    │   ├── InsufficientScope
    │   ├── InvalidAPIKey
    │   ├── UserNotFound
    │   ├── NotFound
    │   ├── MissingData
    │   ├── Validation
    │   ├── IdempotencyConflict      the idempotency id belongs to something else
    │   ├── ChangedMeanwhile         what was looked at is not as it was
    │   ├── NotAvailable             the service does not do that yet
    │   └── ArgumentError
    ├── DPoPChallenge                the token is bound to a key, and no good proof of it came along
    ├── TooLarge                     the request is over a limit, whichever family it belongs to
    ├── CompressedBody               the body has a content encoding, and none is accepted
    ├── MethodNotAllowed
    ├── TooManyRequests              more than a limit allows, or a flood of wrong secrets
    └── Unavailable                  nothing was done; trying again later may work

`public` is what the caller reads: it says what to do and tells an attacker nothing. `sent` is the value that was
refused, which the caller reads as well (`message`) and which is kept nowhere: it may be personal. `detail` is for the
operator's eyes only: it goes into the log and what `tessera explain` tells. `check` names the check that failed
(`client.secret`), its code when nothing more is known. `client` is the client id or API key that was presented, when it
is somebody's and authentication failed; `quotas` are those of its limits. Statuses live in `web/errors.py`, the
forms of answers in `web/surfaces.py`.
"""

from typing import ClassVar, Final, Self

from tessera.core.quotas import Quotas
from tessera.core.sent_values import shown


class NotShown:
    """Stands in the place of a value that is not repeated."""


NOT_SHOWN: Final = NotShown()


class Refusal(Exception):
    """A request that is turned down for a reason the caller can be told."""

    code: ClassVar[str] = "refused"

    def __init__(self, public: str, *, detail: str = "", check: str = "", sent: object = NOT_SHOWN) -> None:
        super().__init__(public)
        self.public = public
        self.detail = detail
        self.check = check or self.code
        self.client = ""
        self.quotas: Quotas = ()
        self.sent = sent

    @property
    def message(self) -> str:
        """The text for the caller, with the value that was refused. It must not be kept or logged: use `public`."""
        return self.public if self.sent is NOT_SHOWN else f"{self.public} The value is {shown(self.sent)}."

    def within(self, place: str) -> Self:
        """The same refusal, of something within this place of the request."""
        return type(self)(f"{place}: {self.public}", detail=self.detail, check=self.check, sent=self.sent)


class OAuthRefusal(Refusal):
    """A refusal of an OAuth endpoint."""


class InvalidRequest(OAuthRefusal):
    """The request is malformed, or says something twice (RFC 6749 section 5.2)."""

    code = "invalid_request"


class InvalidClient(OAuthRefusal):
    """Client authentication failed; why is told to nobody (RFC 6749 section 5.2)."""

    code = "invalid_client"


class UnsupportedGrantType(OAuthRefusal):
    """The grant type is not one this server knows (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthRefusal):
    """The scope is malformed or more than the client was given (RFC 6749 section 5.2)."""

    code = "invalid_scope"


class InvalidTarget(OAuthRefusal):
    """The resource is malformed, unknown, or not one for which this client may have tokens (RFC 8707 section 2)."""

    code = "invalid_target"


class InvalidToken(OAuthRefusal):
    """The token is absent, malformed, expired, revoked, or otherwise not valid (RFC 6750 section 3.1)."""

    code = "invalid_token"


class InvalidDPoPProof(OAuthRefusal):
    """The DPoP proof of a token request is missing where it must be, or proves nothing (RFC 9449 section 5)."""

    code = "invalid_dpop_proof"


class UseDPoPNonce(OAuthRefusal):
    """The DPoP proof of a token request has to contain this nonce (RFC 9449 section 8)."""

    code = "use_dpop_nonce"

    def __init__(self, public: str, *, nonce: str, detail: str = "", check: str = "") -> None:
        super().__init__(public, detail=detail, check=check)
        self.nonce = nonce


class PlatformRefusal(Refusal):
    """A refusal of the platform API."""


class MissingCredentials(PlatformRefusal):
    """The request came without any credentials."""

    code = "invalid_auth_token"


class InvalidAuthToken(PlatformRefusal):
    """The token, or the API key and secret, did not open the door."""

    code = "invalid_auth_token"


class InsufficientScope(PlatformRefusal):
    """The token lacks the scope the endpoint needs (RFC 6750 section 3.1)."""

    code = "access_denied"

    def __init__(self, public: str, *, scope: str) -> None:
        super().__init__(public, check="token.scope")
        self.scope = scope


class InvalidAPIKey(PlatformRefusal):
    """The API key names no digital property of the caller's organization."""

    code = "invalid_api_key"


class UserNotFound(PlatformRefusal):
    """No such customer in the caller's organization."""

    code = "user_not_found"


class NotFound(PlatformRefusal):
    """No such thing in the caller's organization."""

    code = "not_found"


class MissingData(PlatformRefusal):
    """A field that is required is absent."""

    code = "missing_data"


class Validation(PlatformRefusal):
    """The values are well formed, and a rule forbids them."""

    code = "validation"


class IdempotencyConflict(PlatformRefusal):
    """An idempotency id that was used before, for something else."""

    code = "validation"


class ChangedMeanwhile(PlatformRefusal):
    """Somebody else changed what the request was decided on; nothing was done."""

    code = "validation"


class NotAvailable(PlatformRefusal):
    """Something that is asked for, and that this version does not do yet."""

    code = "not_available"


class ArgumentError(PlatformRefusal):
    """A value has the wrong type or form."""

    code = "argument_error"


class DPoPChallenge(Refusal):
    """The token was not sent with a proof of the key it is bound to (RFC 9449 section 7.1).

    `error` is what the challenge says: invalid_token, invalid_dpop_proof or use_dpop_nonce, the last with a `nonce`.
    """

    code = "invalid_token"

    def __init__(self, public: str, *, error: str, nonce: str = "", detail: str = "", check: str = "") -> None:
        super().__init__(public, detail=detail, check=check)
        self.error = error
        self.nonce = nonce


class TooLarge(Refusal):
    """The request is over one of the limits in `core/wire.py`."""

    code = "invalid_request"


class CompressedBody(Refusal):
    """The body has a content encoding, such as gzip; bodies are accepted uncompressed (RFC 9110 section 15.5.16)."""

    code = "invalid_request"


class MethodNotAllowed(Refusal):
    """The address exists, and answers other methods."""

    code = "invalid_request"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"Use {' or '.join(allowed)} for this address.", check="address.method")
        self.allowed = allowed


class TooManyRequests(Refusal):
    """More than this client may do for now; after `Retry-After` seconds it may do more."""

    code = "temporarily_unavailable"

    def __init__(
        self, public: str, *, seconds: int = 1, detail: str = "", check: str = "", quotas: Quotas = ()
    ) -> None:
        super().__init__(public, detail=detail, check=check)
        self.seconds = seconds
        self.quotas = quotas


class Unavailable(Refusal):
    """Nothing was done; the caller may try again after a while."""

    code = "temporarily_unavailable"
