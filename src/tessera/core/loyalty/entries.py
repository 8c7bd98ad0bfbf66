"""Entries of the ledger: what is written once for every movement of points, and never changed."""

from enum import StrEnum

import msgspec


class EntryKind(StrEnum):
    """What moved the points."""

    DEPOSIT = "deposit"
    SPEND = "spend"
    EXPIRE = "expire"
    RETURN = "return"
    """Points taken back that should never have been earned: they do not count for the life time either."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a customer's ledger. `number` counts them from 1; `amount` is in units, negative when taken.

    `request` is that of the request that made it: its fingerprint, an id of ours, or the request id of a transaction;
    None for what no request made. `place` is the detail of that request, `fingerprint` that of the detail.
    """

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
