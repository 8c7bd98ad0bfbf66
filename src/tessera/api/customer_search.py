"""Looking customers up: `/priv/v1/apps/:api_key/users/search` and `search_users`."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tessera.api import fields, users
from tessera.api.user import OneUser
from tessera.api.users import FLAGS, FOUND, OWN, PREFIX, TAG
from tessera.app import customer_search
from tessera.app.customer_search import By, Player, Sought
from tessera.app.house import House
from tessera.core.customers import Wanted
from tessera.core.errors import ArgumentError, MissingData
from tessera.web import guard
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route

LIMIT = 25
LIMIT_MAX = 100


class PlayersReply(msgspec.Struct, frozen=True, gc=False):
    """A page of customers; `next_cursor` is left out where the list ends."""

    status: Literal["ok"]
    players: list[Player]
    next_cursor: str | UnsetType = UNSET


_EMAIL = Parameter("email", "an email address, whatever its case")
_MOBILE_NUMBER = Parameter("mobile_number", "a mobile number; its digits are compared")

SEARCH = Operation(
    "Look a customer up",
    TAG,
    OneUser,
    None,
    "profiles:read",
    (
        _EMAIL,
        _MOBILE_NUMBER,
        Parameter("phone", "any phone number; its digits are compared"),
        Parameter("external_id", "any of the customer's external ids"),
        *FLAGS,
    ),
    (*FOUND, MissingData),
    "Exactly one of `email`, `mobile_number`, `phone` and `external_id`. Of several customers the oldest is answered.",
)
LIST = Operation(
    "List customers",
    TAG,
    PlayersReply,
    None,
    "profiles:read",
    (
        _EMAIL,
        _MOBILE_NUMBER,
        Parameter("limit", f"how many at most: 1 to {LIMIT_MAX}, {LIMIT} when left out", int),
        Parameter("cursor", "`next_cursor` of the page before"),
    ),
    (*OWN, MissingData),
    "Exactly one of `email` and `mobile_number`.",
)

_EVERY_WAY = tuple(By)
_NAMES = tuple(each.name for operation in (SEARCH, LIST) for each in operation.query)


def routes(house: House) -> list[Route]:
    """The routes of looking up."""

    async def search(request: Request) -> Response:
        caller = await guard.caller(house, request, "profiles:read")
        values = fields.every(request.query, _NAMES)
        sought = _sought(values, _EVERY_WAY)
        wanted = users.wanted_by({name: found[-1] for name, found in values.items()}) if len(values) > 1 else Wanted()
        return users.reply(await customer_search.one(house, caller, request.path_values[0], sought, wanted))

    async def search_users(request: Request) -> Response:
        caller = await guard.caller(house, request, "profiles:read")
        values = fields.every(request.query, _NAMES)
        sought = _sought(values, (By.EMAIL, By.MOBILE_NUMBER))
        cursor, limit = fields.once(values, "cursor"), _limit(values)
        page = await customer_search.several(house, caller, request.path_values[0], sought, cursor, limit)
        return users.ok(PlayersReply("ok", page.players, page.next_cursor or UNSET))

    return [
        Route("GET", f"{PREFIX}/users/search", search, SEARCH),
        Route("GET", f"{PREFIX}/users/search_users", search_users, LIST),
    ]


def _sought(values: dict[str, list[str]], allowed: tuple[By, ...]) -> Sought:
    """The one thing that is sought by. Raises MissingData, ArgumentError."""
    sent = [Sought(by, value) for by in allowed if (value := fields.once(values, by.value)) is not None]
    if len(sent) == 1:
        return sent[0]
    names = " or ".join(allowed)
    if not sent:
        raise MissingData(f"Send one of the parameters {names}.")
    raise ArgumentError(f"Send only one of the parameters {names}.")


def _limit(values: dict[str, list[str]]) -> int:
    text = fields.once(values, "limit")
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= LIMIT_MAX):
        raise ArgumentError(f"limit must be a whole number from 1 to {LIMIT_MAX}.")
    return int(text)
