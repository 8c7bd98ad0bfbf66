"""What others are told of: the kinds of events, and what each says."""

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType


class Happening(StrEnum):
    """The kinds of events that webhooks can receive."""

    POINTS_EARNED = "points.earned"
    POINTS_SPENT = "points.spent"
    POINTS_EXPIRED = "points.expired"
    TIER_PROMOTED = "tier.promoted"
    TIER_DEMOTED = "tier.demoted"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_CHANGED = "customer.changed"
    CUSTOMER_DELETED = "customer.deleted"


class PointsMoved(msgspec.Struct, frozen=True, gc=False):
    """Points were earned, spent or have expired: one entry of the ledger. `amount` is positive, in points."""

    retailer_id: str
    user_id: str
    entry_id: str
    point_account_id: str
    account_name: str
    amount: int | float
    available_balance: int | float
    reference_id: str | UnsetType = UNSET
    reference_type: str | UnsetType = UNSET
    point_source_id: str | UnsetType = UNSET
    idempotency_id: str | UnsetType = UNSET
    is_return: bool | UnsetType = UNSET


class TierMoved(msgspec.Struct, frozen=True, gc=False):
    """A customer entered a level; `former_level` is left out when it held none."""

    retailer_id: str
    user_id: str
    tier_system_id: str
    tier_system: str
    tier_level_id: str
    level: str
    reason: str
    former_level: str | UnsetType = UNSET


class CustomerHappened(msgspec.Struct, frozen=True, gc=False):
    """A customer was created, changed or deleted. Nothing personal: read the profile for that."""

    retailer_id: str
    user_id: str


_NAMES_AN_ORDER = frozenset({"reference_id", "reference_type", "idempotency_id"})
"""Members that a partner fills, and by which a customer's order may be known."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def redacted(data: str) -> str:
    """What an event says, without anything by which a customer that is to be forgotten may be known."""
    return _encode({name: value for name, value in _decode(data).items() if name not in _NAMES_AN_ORDER}).decode()
