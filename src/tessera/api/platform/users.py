"""What the routes of customers share: their addresses, the flags of a read, the envelope of one customer."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tessera.api.platform import fields
from tessera.app.customers.customers import CustomerRef
from tessera.core.customers.customers import Include
from tessera.core.errors import InvalidAPIKey, PlatformRefusal, UserNotFound
from tessera.core.flags import parameter
from tessera.web.messages import JSON_NO_STORE_HEADERS, Request, Response, encode
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

PREFIX = "/priv/v1/apps/{api_key}"
TAG = "Customers"

OWN: tuple[type[PlatformRefusal], ...] = (InvalidAPIKey,)
FOUND: tuple[type[PlatformRefusal], ...] = (InvalidAPIKey, UserNotFound)
"""How every operation on one customer may refuse."""

USER_PROFILE = "user[user_profile]"

FLAGS = (
    Parameter(USER_PROFILE, "`true` adds `user_profile`: your own members.", bool),
    Parameter("show_identifiers", "`true` adds `identifiers`: every external id.", bool),
    Parameter("expand_incentives", "`true` adds `tier_details`: levels and balances.", bool),
)

UserHandler = Callable[[Request, str, CustomerRef], Awaitable[Response]]
"""What answers for one customer, given the API key of the address and how it names the customer."""


class UserReply(msgspec.Struct, frozen=True, gc=False):
    """The envelope of one customer."""

    status: str
    user: msgspec.Raw


FLAG_NAMES = tuple(flag.name for flag in FLAGS)

_INCLUDE_NOTHING = Include()


def wanted(request: Request) -> Include:
    """What the flags of a request ask for. Raises ArgumentError."""
    if not request.query:
        return _INCLUDE_NOTHING
    return wanted_by(fields.query(request.query, FLAG_NAMES))


def wanted_by(flags: Mapping[str, str]) -> Include:
    """Read which parts of a customer the flags ask for. Raises ArgumentError."""
    return Include(*(parameter(flags.get(name), name) for name in FLAG_NAMES))


def reply(user: msgspec.Raw) -> Response:
    """One customer."""
    return ok(UserReply("ok", user))


def ok(envelope: object) -> Response:
    """A success, in its envelope."""
    return Response(200, encode(envelope), JSON_NO_STORE_HEADERS)


def under_both(method: str, tail: str, handler: UserHandler, operation: Operation) -> list[Route]:
    """The two addresses of an operation on one customer: by its id, and by any of its external ids."""

    async def by_id(request: Request) -> Response:
        api_key, key = request.path_values
        return await handler(request, api_key, CustomerRef(key))

    async def by_external_id(request: Request) -> Response:
        api_key, key = request.path_values
        return await handler(request, api_key, CustomerRef(key, external=True))

    return [
        Route(method, f"{PREFIX}/users/{{user_id}}{tail}", by_id, PLATFORM, operation),
        Route(method, f"{PREFIX}/external/users/{{external_id}}{tail}", by_external_id, PLATFORM, operation),
    ]
