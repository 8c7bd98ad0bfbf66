"""Customer profiles: `/priv/v1/apps/:api_key/users` and below."""

import msgspec

from tessera.api import fields
from tessera.api.user import OneUser
from tessera.app import customers
from tessera.app.house import House
from tessera.core.customers import NewCustomer, Wanted
from tessera.core.errors import UserNotFound, Validation
from tessera.web import guard
from tessera.web.messages import JSON_NO_STORE_HEADERS, Request, Response, encode
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route

PREFIX = "/priv/v1/apps/{api_key}"


class UserReply(msgspec.Struct, frozen=True, gc=False):
    """The envelope of one customer."""

    status: str
    user: msgspec.Raw


class CreateUser(msgspec.Struct, frozen=True):
    """The body of a create request."""

    user: NewCustomer


_decode_create = msgspec.json.Decoder(CreateUser)

_NOTHING_WANTED = Wanted()

FLAGS = (
    Parameter("user[user_profile]", "`true` adds `user_profile`: your own members.", bool),
    Parameter("show_identifiers", "`true` adds `identifiers`: every external id.", bool),
    Parameter("expand_incentives", "`true` adds `tier_details`: levels and balances.", bool),
)

_FLAG_NAMES = tuple(flag.name for flag in FLAGS)

READ = Operation(
    "Read a customer",
    "Customers",
    OneUser,
    scope="profiles:read",
    query=FLAGS,
    refusals=(UserNotFound,),
    description="The profile of a customer, with points and tier.",
)

READ_EXTERNAL = Operation(
    "Read a customer by external id",
    "Customers",
    OneUser,
    scope="profiles:read",
    query=FLAGS,
    refusals=(UserNotFound,),
    description="The same, found by any of the customer's external ids.",
)

CREATE = Operation(
    "Create a customer",
    "Customers",
    OneUser,
    CreateUser,
    scope="profiles:write",
    refusals=(Validation,),
    description="Creates a customer, in the lowest level of every tier system. Either `external_id` or `email` is"
    " required. The answer is the customer as a read gives it.",
    example={"user": {"external_id": "card-900001", "email": "ada.alfieri@customers.example", "opted_in": True}},
)


def routes(house: House) -> list[Route]:
    """The customer routes of this house."""

    async def read(request: Request) -> Response:
        caller = await guard.caller(house, request, "profiles:read")
        api_key, user_id = request.path_values
        return _reply(await customers.read(house, caller, api_key, user_id, _wanted(request)))

    async def read_external(request: Request) -> Response:
        caller = await guard.caller(house, request, "profiles:read")
        api_key, external_id = request.path_values
        return _reply(await customers.read_external(house, caller, api_key, external_id, _wanted(request)))

    async def create(request: Request) -> Response:
        caller = await guard.caller(house, request, "profiles:write")
        new = fields.decode(_decode_create, await request.body(fields.BODY_BYTES_MAX))
        return _reply(await customers.create(house, caller, request.path_values[0], new.user))

    return [
        Route("GET", f"{PREFIX}/users/{{user_id}}", read, READ),
        Route("GET", f"{PREFIX}/external/users/{{external_id}}", read_external, READ_EXTERNAL),
        Route("POST", f"{PREFIX}/users", create, CREATE),
    ]


def _reply(user: msgspec.Raw) -> Response:
    return Response(200, encode(UserReply("ok", user)), JSON_NO_STORE_HEADERS)


def _wanted(request: Request) -> Wanted:
    if not request.query:
        return _NOTHING_WANTED
    flags = fields.query(request.query, _FLAG_NAMES)
    return Wanted(
        user_profile=flags.get("user[user_profile]") == "true",
        identifiers=flags.get("show_identifiers") == "true",
        incentives=flags.get("expand_incentives") == "true",
    )
