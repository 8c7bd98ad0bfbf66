"""What others are told of: the kinds of events, and what each says."""

from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType


class EventType(StrEnum):
    """The kinds of events that webhooks can receive."""

    POINTS_EARNED = "points.earned"
    POINTS_SPENT = "points.spent"
    POINTS_EXPIRED = "points.expired"
    TIER_PROMOTED = "tier.promoted"
    TIER_DEMOTED = "tier.demoted"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_CHANGED = "customer.changed"
    CUSTOMER_DELETED = "customer.deleted"
    CUSTOMER_REFERRED = "customer.referred"
    CUSTOMER_MERGED = "customer.merged"
    TRANSACTION_RECORDED = "transaction.recorded"
    APPLICATION_SECRET_ENDING = "application.secret_ending"
    PROPERTY_SECRET_ENDING = "property.secret_ending"
    APPLICATION_TOKEN_PER_CALL = "application.token_per_call"


class PointsMoved(msgspec.Struct, frozen=True, gc=False):
    """Points were earned, spent or have expired: one entry of the ledger. `amount` is positive, in points.

    What a caller named an order by stays in the ledger, where it goes when the customer is forgotten.
    """

    retailer_id: str
    user_id: str
    entry_id: str
    point_account_id: str
    account_name: str
    amount: int | float
    available_balance: int | float
    point_source_id: str | UnsetType = UNSET
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


class PointsOfTransaction(msgspec.Struct, frozen=True, gc=False):
    """The points that a transaction moved in one account, negative when taken back, by the entry of the ledger."""

    entry_id: str
    point_account_id: str
    amount: int | float


class TransactionRecorded(msgspec.Struct, frozen=True, gc=False):
    """A purchase or a return of a customer was recorded; `kind` says which, `id` is ours.

    The ids that a till gave it stay with the customer, where they go when the customer is forgotten.
    """

    retailer_id: str
    user_id: str
    id: str
    kind: str
    subtotal: int | float
    points: list[PointsOfTransaction]


class CustomerHappened(msgspec.Struct, frozen=True, gc=False):
    """A customer was created, changed or deleted. Nothing personal: read the profile for that."""

    retailer_id: str
    user_id: str


class CustomerMerged(msgspec.Struct, frozen=True, gc=False):
    """Another customer was merged into this one: from now on its id is unknown, and its external ids lead here."""

    retailer_id: str
    user_id: str
    merged_user_id: str


class CustomerReferred(msgspec.Struct, frozen=True, gc=False):
    """A customer names who brought it; `referral_code` is the code that was sent."""

    retailer_id: str
    user_id: str
    referral_code: str


class SecretEnding(msgspec.Struct, frozen=True, gc=False):
    """A credential of an application ends within so many days; `reason` says why that is told."""

    retailer_id: str
    client_id: str
    application: str
    credential: str
    kind: str
    ends_at: str
    days: int
    reason: str
    last_used_at: str | UnsetType = UNSET


class PropertySecretEnding(msgspec.Struct, frozen=True, gc=False):
    """A secret of a digital property ends within so many days; `reason` says why that is told."""

    retailer_id: str
    api_key: str
    property: str
    credential: str
    ends_at: str
    days: int
    reason: str
    last_used_at: str | UnsetType = UNSET


class TokenPerCall(msgspec.Struct, frozen=True, gc=False):
    """An application got many tokens in an hour, and made few calls with them."""

    retailer_id: str
    client_id: str
    application: str
    hour: str
    tokens: int
    calls: int


DATA: dict[EventType, type[msgspec.Struct]] = {
    EventType.POINTS_EARNED: PointsMoved,
    EventType.POINTS_SPENT: PointsMoved,
    EventType.POINTS_EXPIRED: PointsMoved,
    EventType.TIER_PROMOTED: TierMoved,
    EventType.TIER_DEMOTED: TierMoved,
    EventType.CUSTOMER_CREATED: CustomerHappened,
    EventType.CUSTOMER_CHANGED: CustomerHappened,
    EventType.CUSTOMER_DELETED: CustomerHappened,
    EventType.CUSTOMER_MERGED: CustomerMerged,
    EventType.CUSTOMER_REFERRED: CustomerReferred,
    EventType.TRANSACTION_RECORDED: TransactionRecorded,
    EventType.APPLICATION_SECRET_ENDING: SecretEnding,
    EventType.APPLICATION_TOKEN_PER_CALL: TokenPerCall,
    EventType.PROPERTY_SECRET_ENDING: PropertySecretEnding,
}
"""The type of the data of each kind of event, for the document of the API and for tests."""
