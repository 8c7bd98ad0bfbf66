"""Writes as values: everything that can happen to the database, one class each.

A transaction is a tuple of these. A change restates the fact it relied on (`was_...`, or that its key is free); the
store refuses the whole tuple with `Conflict` when a fact no longer holds. Each carries its own key, so committing
the same changes again after an unknown outcome never takes effect twice. The one exception is `CountTokens`,
which adds up: counts of an unknown outcome are let go.

`notice` is what other nodes must hear, for changes to what they keep in memory. Times are microseconds since the
epoch, amounts are in units.
"""

from enum import StrEnum

import msgspec

from tessera.core.keys import KeyPurpose


class NoticeKind(StrEnum):
    """What a node is told has changed."""

    APPLICATION = "application"
    PROPERTY = "property"
    PROGRAM = "program"
    TOKEN = "token"
    KEYS = "keys"


class Notice(msgspec.Struct, frozen=True):
    """One entry of the change feed: `sequence` grows in commit order; `key` names what changed."""

    sequence: int
    kind: NoticeKind
    key: str


class Change(msgspec.Struct, frozen=True):
    """One write. Subclasses that concern what nodes hold in memory say so by `notice`."""

    def notice(self) -> tuple[NoticeKind, str] | None:
        """The kind and key for the change feed, or None when no other node needs to hear."""
        return None


class AddOrganization(Change, frozen=True):
    """A new organization; its name and retailer id are free."""

    name: str
    retailer_id: str
    created_at: int


class AddProperty(Change, frozen=True):
    """A new digital property; its API key, and its name in the organization, are free."""

    organization: int
    name: str
    api_key: str
    digest: bytes
    last_four: str
    created_at: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROPERTY, self.api_key


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


class AddSecret(_ApplicationChange, frozen=True):
    """A new secret of an application; its name is free there."""

    name: str
    kind: int
    digest: bytes
    last_four: str
    created_at: int
    ends_at: int | None


class EndSecret(_ApplicationChange, frozen=True):
    """A secret ends at a moment; it had this end (or none) before."""

    number: int
    ends_at: int
    was_ends_at: int | None


class DisableApplication(_ApplicationChange, frozen=True):
    """An enabled application stops: no new tokens, and all tokens so far are dead for good."""

    at: int


class EnableApplication(_ApplicationChange, frozen=True):
    """A disabled application starts again; tokens from before stay dead."""

    at: int


class SetQueryCredentials(_ApplicationChange, frozen=True):
    """What an application may do with credentials in a URL."""

    query_credentials: int


class DeleteApplication(_ApplicationChange, frozen=True):
    """An application goes, with its secrets and its counts."""


class RevokeToken(Change, frozen=True):
    """A token is dead from now on; the row is kept until the token would have expired."""

    token_id: int
    expires_at: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.TOKEN, f"{self.token_id}:{self.expires_at}"


class ForgetRevocations(Change, frozen=True):
    """Drop revocations of tokens that have expired by themselves, and notices older than any node needs."""

    now: int
    before_sequence: int


class AddKey(Change, frozen=True):
    """A new wrapped key; its purpose and number are free."""

    purpose: KeyPurpose
    number: int
    wrapped: bytes
    created_at: int
    signs_from: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.KEYS, ""


class _ProgramChange(Change, frozen=True):
    organization: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROGRAM, str(self.organization)


class AddPointAccount(_ProgramChange, frozen=True):
    """A new point account; its id, and its name in the organization, are free."""

    id: str
    name: str
    grouping_label: str


class AddTierSystem(_ProgramChange, frozen=True):
    """A new tier system; its id, and its name in the organization, are free."""

    id: str
    name: str
    maintenance_days: int | None


class AddTierLevel(_ProgramChange, frozen=True):
    """A new level of a tier system; its id and its rank there are free."""

    id: str
    tier_system_id: str
    rank: int
    name: str


class AddTierRule(_ProgramChange, frozen=True):
    """The point-balance rule of a level that has none yet."""

    id: str
    tier_level_id: str
    tree_id: str
    root_id: str
    constraint_id: str
    target: int


class AddTierRuleAccount(_ProgramChange, frozen=True):
    """One more point account that a rule counts."""

    rule_id: str
    point_account_id: str


class AddCustomer(Change, frozen=True):
    """A new customer; its id, and its email address in the organization, are free."""

    id: str
    organization: int
    folded_email: str | None
    profile: str
    standing: str
    identifiers: str
    user_profile: str | None
    created_at: int


class ReplaceProfile(Change, frozen=True):
    """A customer's profile as a whole; it was this before."""

    customer: int
    folded_email: str | None
    profile: str
    was_profile: str


class ClaimIdentifier(Change, frozen=True):
    """An external id leads to a customer; it is free in the organization."""

    customer_id: str
    organization: int
    external_id: str


class SetStanding(Change, frozen=True):
    """A customer's balances and memberships move; they were these before."""

    customer_id: str
    standing: str
    was_standing: str


class AddEntry(Change, frozen=True):
    """One entry of the ledger, never changed again; its idempotency id, where given, is free for the customer."""

    id: str
    customer_id: str
    point_account: int
    amount: int
    kind: str
    idempotency_id: str | None
    fingerprint: str
    reference_id: str | None
    reference_type: str | None
    point_source_id: str | None
    occurred_at: int


class JoinTier(Change, frozen=True):
    """The history gets a membership; the customer holds no level of the tier system at this moment."""

    id: str
    customer_id: str
    tier_system: int
    tier_level: int
    joined_at: int
    next_maintenance_eval_at: int | None


class LeaveTier(Change, frozen=True):
    """A membership that was current ends."""

    id: str
    left_at: int


class CountTokens(Change, frozen=True):
    """Tokens issued to an application since the last count, and how many of them by credentials in a URL."""

    application: int
    issued: int
    query_credentials_used: int
    last_at: int


class MarkSecretUsed(Change, frozen=True):
    """A secret was last used at this moment."""

    number: int
    at: int
