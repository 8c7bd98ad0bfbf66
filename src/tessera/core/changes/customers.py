"""Writes of customers: profile, identifiers, phones, tags, behaviours, and forgetting one."""

from tessera.core.changes.change import Change


class AddCustomer(Change, frozen=True):
    """A new customer; its id, and its email address in the organization, are free."""

    id: str
    organization: int
    folded_email: str | None
    profile: str
    standing: str
    due_at: int
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


class ReleaseIdentifier(Change, frozen=True):
    """An external id no longer leads to a customer."""

    customer: int
    organization: int
    external_id: str


class ClaimReferrerCode(Change, frozen=True):
    """A referrer code is a customer's; it is free in the organization."""

    customer_id: str
    organization: int
    code: str


class ReleaseReferrerCode(Change, frozen=True):
    """A customer's referrer code is free again."""

    customer: int


class SetIdentifiers(Change, frozen=True):
    """The list of a customer's external ids, the latest last; it was this before."""

    customer: int
    identifiers: str
    was_identifiers: str


class SetCustomProfile(Change, frozen=True):
    """A customer's custom profile as a whole; it was this before, None when there was none."""

    customer: int
    user_profile: str
    was_user_profile: str | None


class AddPhone(Change, frozen=True):
    """A customer is found by these digits; `mobile` is 1 for a mobile number. The customer is there."""

    customer_id: str
    organization: int
    digits: str
    mobile: int


class RemovePhone(Change, frozen=True):
    """A customer is no longer found by these digits."""

    customer: int
    organization: int
    digits: str


class SetTag(Change, frozen=True):
    """A tag of a customer; it had this count and end before, 0 and None when there was none."""

    customer: int
    name: str
    count: int
    expires_at: int | None
    was_count: int
    was_expires_at: int | None


class SetActivityCounter(Change, frozen=True):
    """How often a customer did something; the count was this before, 0 when there was none."""

    customer: int
    name: str
    count: int
    last_at: int
    was_count: int


class MergeCustomer(Change, frozen=True):
    """Everything that a customer (`merged`) has is another's (`survivor`) of the organization; both are there.

    Nobody changed either since it was read: `version` and `survivor_version` are those of their standings. The row of
    the one that goes stays under another id, with nothing in it; `id` leads to the survivor in the table of those who
    were merged. Its `offset` is the number of entries in the survivor's ledger, which its own follow. Tags, counts,
    events and purchases go along; profile, names and phone numbers are for other changes. What both have used as an
    idempotency id stays the survivor's.
    """

    merged: int
    survivor: int
    survivor_id: str
    survivor_version: int
    organization: int
    id: str
    tombstone_id: str
    offset: int
    merged_at: int
    due_at: int
    version: int
    was_profile: str
    was_identifiers: str
    was_user_profile: str | None


class EraseCustomer(Change, frozen=True):
    """Nothing is left that tells who a customer was; it is there, and nobody moved its standing since `version`.

    The row stays under another id, so that the ledger and the history of memberships still add up, without a name.
    """

    customer: int
    id: str
    tombstone_id: str
    forgotten_at: int
    due_at: int
    version: int
