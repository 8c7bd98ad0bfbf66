"""Writes of customers: profile, identifiers."""

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
