"""Writes of organizations, applications, secrets, keys, revocations and counts."""

from tessera.core.changes.change import Change, NoticeKind
from tessera.core.keys.wrapping import KeyPurpose


class AddOrganization(Change, frozen=True):
    """A new organization; its name and retailer id are free."""

    name: str
    retailer_id: str
    created_at: int


class _ApplicationChange(Change, frozen=True):
    client_id: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id


class AddApplication(_ApplicationChange, frozen=True):
    """A new application; its client id and its name are free."""

    name: str
    organization: int
    scope: str
    token_lifetime_seconds: int
    query_credentials: int
    created_at: int


class AddCredential(_ApplicationChange, frozen=True):
    """A new credential of an application; its name is free there."""

    name: str
    kind: int
    digest: bytes
    last_four: str
    created_at: int
    ends_at: int | None


class EndCredential(_ApplicationChange, frozen=True):
    """A credential ends at a moment; it had this end (or none) before."""

    number: int
    ends_at: int
    was_ends_at: int | None


class DisableApplication(_ApplicationChange, frozen=True):
    """An enabled application stops: no new tokens, and all tokens so far are dead for good.

    `step` is how far its generation rises (`core/generations.py`), here and in all changes that revoke all tokens.
    """

    at: int
    step: int = 1


class EnableApplication(_ApplicationChange, frozen=True):
    """A disabled application starts again; tokens from before stay dead."""

    at: int
    step: int = 1


class SetQueryCredentials(_ApplicationChange, frozen=True):
    """What an application may do with credentials in a URL."""

    query_credentials: int


class SetJSONRequests(_ApplicationChange, frozen=True):
    """Whether an application may send OAuth requests with a JSON body."""

    json_requests: int


class SetAuthenticationMethods(_ApplicationChange, frozen=True):
    """In which ways an application may prove itself, as a sum of flags; 0 for any that it has a credential for."""

    authentication_methods: int


class SetTokenBinding(_ApplicationChange, frozen=True):
    """What the tokens that an application asks for have to be bound to."""

    token_binding: int


class RenameApplication(_ApplicationChange, frozen=True):
    """Give an application another name, which no other application has."""

    name: str


class SetScope(_ApplicationChange, frozen=True):
    """Set the scopes that an application's tokens have from now on; empty for none at the platform."""

    scope: str


class SetTokenLifetime(_ApplicationChange, frozen=True):
    """Set the lifetime of the tokens that an application gets from now on."""

    token_lifetime_seconds: int


class DeleteApplication(_ApplicationChange, frozen=True):
    """An application goes, with its secrets and its counts."""


class RevokeToken(Change, frozen=True):
    """A token is dead from now on; the row is kept until the token would have expired."""

    token_id: int
    expires_at: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.TOKEN, f"{self.token_id}:{self.expires_at}"


class RevokeApplicationTokens(_ApplicationChange, frozen=True):
    """All tokens that an application has so far are dead for good; it exists, and may go on with new ones."""

    at: int
    step: int = 1


class RevokeOrganizationTokens(Change, frozen=True):
    """All tokens that the applications of an organization have so far are dead for good; it exists."""

    organization: int
    at: int
    step: int = 1

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.ORGANIZATION, str(self.organization)


class AddKey(Change, frozen=True):
    """A new wrapped key; its purpose and number are free."""

    purpose: KeyPurpose
    number: int
    wrapped: bytes
    created_at: int
    signs_from: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.KEYS, ""


class CountTokens(Change, frozen=True):
    """Tokens issued to an application since the last count, and how many of them by credentials in a URL."""

    application: int
    issued: int
    query_credentials_used: int
    last_at: int


class MarkCredentialUsed(Change, frozen=True):
    """A credential was last used at this moment, from this address when it is known."""

    number: int
    at: int
    source: str | None = None
