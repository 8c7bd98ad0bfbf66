"""Writes of points and tiers: a customer's standing, the ledger, the history of memberships."""

from tessera.core.changes.change import Change


class SetStanding(Change, frozen=True):
    """A customer's balances and memberships move; nobody moved them since `version` was read.

    `due_at` is when the standing changes by itself next: points expire, or a level is looked at again.
    """

    customer: int
    standing: str
    due_at: int
    version: int


class AddEntry(Change, frozen=True):
    """One entry of the ledger, never changed again.

    `number` counts a customer's entries from 1 and is free; so is the idempotency id, where given, for the customer.
    `request` tells which entries were made by one request, `place` by which of its details.
    """

    customer: int
    number: int
    id: str
    point_account: int
    amount: int
    kind: str
    request: str | None
    place: int
    idempotency_id: str | None
    fingerprint: str | None
    reference_id: str | None
    reference_type: str | None
    point_source_id: str | None
    occurred_at: int
    expires_at: int | None


class JoinTier(Change, frozen=True):
    """The history gets a membership; the customer holds no level of the tier system at this moment.

    `reason` is one of `core.loyalty.tiers.Reason`.
    """

    customer_id: str
    id: str
    tier_system: int
    tier_level: int
    joined_at: int
    reason: str


class LeaveTier(Change, frozen=True):
    """A membership that was current ends."""

    customer: int
    id: str
    left_at: int


class AddUserEvent(Change, frozen=True):
    """Something that a customer did, as a partner told it; its id is free for the customer."""

    customer: int
    id: str
    lookup: str
    occurred_at: int
