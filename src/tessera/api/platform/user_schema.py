"""The user object as the reference shows it: `core/customers/customers.view` joins it of bytes; no struct answers it.

A member that may be left out has the default `UNSET`; every other one is always there.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.core.customers.customers import TierDetails
from tessera.core.customers.identifiers import Identifier
from tessera.core.customers.profiles import Referral, StoredPhoneNumber

Id = Annotated[str, Meta(examples=["2f030785-02cf-4b70-86de-ccdff6fd9b21"])]
Time = Annotated[
    str, Meta(description="In UTC.", pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", examples=["2026-06-03 20:56:51"])
]
Points = int | float

OwnMembers = Annotated[
    dict[str, Any],
    Meta(
        description="Your own members, and `_version`: how often they were changed.",
        examples=[{"favourite_shop": "Harbour", "_version": 2}],
        extra_json_schema={
            "properties": {"_version": {"type": "integer"}},
            "required": ["_version"],
            "additionalProperties": {},
        },
    ),
]


class User(msgspec.Struct, kw_only=True):
    """A customer. What has no value is left out."""

    id: Id
    external_id: Annotated[str, Meta(description="The latest one.", examples=["card-000057"])] | UnsetType = UNSET
    available_points: Annotated[Points, Meta(description="What can be spent.", examples=[835.5])]
    test_points: Points
    tier: Annotated[str, Meta(examples=["Silver"])] | UnsetType = UNSET
    tier_system: Annotated[str, Meta(description="Its name.", examples=["Aurora Club"])] | UnsetType = UNSET
    tier_points: Annotated[Points, Meta(examples=[1671])] | UnsetType = UNSET
    next_tier_points: (
        Annotated[Points, Meta(description="What is missing to the next level, 0 at the top.", examples=[329])]
        | UnsetType
    ) = UNSET
    tier_ends_value: (
        Annotated[Points, Meta(description="Where the next level begins.", examples=[2000])] | UnsetType
    ) = UNSET
    tier_entered_at: Time | UnsetType = UNSET
    tier_resets_at: Time | UnsetType = UNSET
    maintenance_required_points: (
        Annotated[Points, Meta(description="What it takes to keep the level.", examples=[500])] | UnsetType
    ) = UNSET
    maintenance_points: Annotated[Points, Meta(description="What counts toward it.", examples=[1671])] | UnsetType = (
        UNSET
    )
    identifiers: Annotated[list[Identifier], Meta(description="When asked for.")] | UnsetType = UNSET
    user_profile: OwnMembers | UnsetType = UNSET
    tier_details: TierDetails | UnsetType = UNSET
    opted_in: bool
    created_at: Time
    updated_at: Time
    registered_at: Time
    activated: bool
    proxy_ids: list[str]
    unclaimed_achievement_count: int
    email: Annotated[str, Meta(examples=["hugo.ferri.57@customers.example"])] | UnsetType = UNSET
    gender: Literal["m", "f"] | UnsetType = UNSET
    dob: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\d$", examples=["1977-10-02"])] | UnsetType = UNSET
    address: Annotated[str, Meta(examples=["57 Harbour Street"])] | UnsetType = UNSET
    address2: str | UnsetType = UNSET
    city: Annotated[str, Meta(examples=["Fairview"])] | UnsetType = UNSET
    zip: Annotated[str, Meta(examples=["10399"])] | UnsetType = UNSET
    dma: str | UnsetType = UNSET
    state: Annotated[str, Meta(examples=["OR"])] | UnsetType = UNSET
    country: Annotated[str, Meta(description="A 3-letter code.", examples=["USA"])] | UnsetType = UNSET
    locale: Annotated[str, Meta(description="In lower case.", examples=["en-us"])] | UnsetType = UNSET
    suspended: bool
    last_name: Annotated[str, Meta(examples=["Ferri"])] | UnsetType = UNSET
    first_name: Annotated[str, Meta(examples=["Hugo"])] | UnsetType = UNSET
    profile_photo_url: Annotated[str, Meta(examples=["/images/account-neutral.png"])]
    test_account: bool
    account_status: Annotated[str, Meta(examples=["good"])]
    referrer_code: Annotated[str, Meta(description="By which the customer brings others.", examples=["K7QZ2M-9XWB4T"])]
    phone_numbers: Annotated[list[StoredPhoneNumber] | None, Meta(description="`null` once cleared.")] | UnsetType = (
        UNSET
    )
    referral: Annotated[Referral, Meta(description="Who brought the customer.")] | UnsetType = UNSET


class Player(User, kw_only=True):
    """A customer in a list."""

    user_id: Annotated[str, Meta(description="The `id` once more.")]


class OneUser(msgspec.Struct):
    """One customer."""

    status: Literal["ok"]
    user: User


class Players(msgspec.Struct):
    """A page of customers; `next_cursor` is left out where the list ends."""

    status: Literal["ok"]
    players: list[Player]
    next_cursor: str | UnsetType = UNSET


class OwnProfile(msgspec.Struct):
    """The custom profile of a customer, as it is then."""

    status: Literal["ok"]
    user_profile: OwnMembers


class ManyUsers(msgspec.Struct):
    """Several customers, in the order in which they were asked for."""

    status: Literal["ok"]
    users: list[User]
