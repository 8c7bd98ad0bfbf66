"""Looking customers up: `/priv/v1/apps/:api_key/users/search` and `search_users`."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tessera.api.platform import fields, users
from tessera.api.platform.user_schema import OneUser, Players
from tessera.api.platform.users import FLAGS, FOUND, OWN, PREFIX, TAG, USER_PROFILE
from tessera.app.context import Context
from tessera.app.customers import search as customer_search
from tessera.app.customers.search import By, Sought
from tessera.core.customers.customers import Include
from tessera.core.errors import ArgumentError, MissingData
from tessera.core.flags import parameter
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

SEARCHED_PROFILE = "advanced_search_params[user_profile]"

LIMIT = 25
LIMIT_MAX = 100


class PlayersReply(msgspec.Struct, frozen=True, gc=False):
    """A page of customers, as `Players` shows it."""

    status: Literal["ok"]
    players: list[msgspec.Raw]
    next_cursor: str | UnsetType = UNSET


_EMAIL = Parameter("email", "an email address, whatever its case")
_MOBILE_NUMBER = Parameter("mobile_number", "a mobile number; its digits are compared")

SEARCH = Operation(
    summary="Look a customer up",
    tag=TAG,
    reply=OneUser,
    body=None,
    scope="profiles:read",
    query=(
        _EMAIL,
        _MOBILE_NUMBER,
        Parameter("phone", "any phone number; its digits are compared"),
        Parameter("external_id", "any of the customer's external ids"),
        *FLAGS,
    ),
    refusals=(*FOUND, MissingData),
    description=(
        "One of `email`, `mobile_number`, `phone` and `external_id`, or several, which must all match. Of several"
        " customers the oldest is answered."
    ),
    name="findCustomer",
)
LIST = Operation(
    summary="List customers",
    tag=TAG,
    reply=Players,
    body=None,
    scope="profiles:read",
    query=(
        _EMAIL,
        _MOBILE_NUMBER,
        Parameter("limit", f"how many at most: 1 to {LIMIT_MAX}, {LIMIT} when left out", int),
        Parameter("cursor", "`next_cursor` of the page before"),
        Parameter(SEARCHED_PROFILE, f"Another name of `{USER_PROFILE}`.", bool, deprecated=True),
        *FLAGS[:2],
    ),
    refusals=(*OWN, MissingData),
    description="One of `email` and `mobile_number`, or both, which must match. Each customer is as in a read, with"
    " `tier_details`.",
    name="searchCustomers",
)

_EVERY_WAY = (By.EMAIL, By.MOBILE_NUMBER, By.PHONE, By.EXTERNAL_ID)
_NAMES = tuple(each.name for operation in (SEARCH, LIST) for each in operation.query)


def routes(context: Context) -> list[Route]:
    """The routes of looking up."""

    async def search(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        values = fields.every(request.query, _NAMES)
        sought = _sought(values, _EVERY_WAY)
        wanted = _wanted(values) if len(values) > 1 else Include()
        return users.reply(await customer_search.one(context, caller, request.path_values[0], sought, wanted))

    async def search_users(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        values = fields.every(request.query, _NAMES)
        sought = _sought(values, (By.EMAIL, By.MOBILE_NUMBER))
        cursor, limit = fields.once(values, "cursor"), _limit(values)
        wanted = msgspec.structs.replace(
            _wanted(values),
            incentives=True,
            listed=True,
            user_profile=_flag(values, SEARCHED_PROFILE) | _flag(values, USER_PROFILE),
        )
        page = await customer_search.several(
            context, caller, request.path_values[0], sought, cursor, limit, wanted=wanted
        )
        return users.ok(PlayersReply("ok", page.players, page.next_cursor or UNSET))

    return [
        Route("GET", f"{PREFIX}/users/search", search, PLATFORM, SEARCH),
        Route("GET", f"{PREFIX}/users/search_users", search_users, PLATFORM, LIST),
    ]


def _flag(values: dict[str, list[str]], name: str) -> bool:
    return parameter(values.get(name, [""])[-1], name)


def _wanted(values: dict[str, list[str]]) -> Include:
    return users.wanted_by({name: found[-1] for name, found in values.items()})


def _sought(values: dict[str, list[str]], allowed: tuple[By, ...]) -> Sought:
    """What is sought by. Raises MissingData, ArgumentError."""
    sent = {by: value for by in allowed if (value := fields.once(values, by.value)) is not None}
    if not sent:
        raise MissingData(f"Send one of the parameters {' or '.join(allowed)}.")
    return sent


def _limit(values: dict[str, list[str]]) -> int:
    text = fields.once(values, "limit")
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LIMIT_MAX):
        raise ArgumentError(f"limit must be a whole number from 1 to {LIMIT_MAX}.", sent=text)
    return int(text)
