"""Customer profiles: `/priv/v1/apps/:api_key/users` and below."""

import msgspec
from msgspec import UNSET, UnsetType

from tessera.api.platform import fields, users
from tessera.api.platform.user_schema import ManyUsers, OneUser
from tessera.api.platform.users import FLAG_NAMES, FLAGS, FOUND, OWN, PREFIX, TAG
from tessera.app.context import Context
from tessera.app.customers import customers, erasure, updates
from tessera.app.customers.customers import CustomerRef
from tessera.core.customers.profiles import AuthToken, CustomerUpdate, NewCustomer, offer_no_token
from tessera.core.errors import ArgumentError, MissingData, NotAvailable, Unavailable, Validation
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

USERS_MAX = 100
USER_IDS = "user_ids[]"


class CreateUser(msgspec.Struct, frozen=True):
    """The body of a create request."""

    user: NewCustomer
    auth_token: AuthToken | UnsetType = UNSET


class UpdateUser(msgspec.Struct, frozen=True):
    """The body of an update."""

    user: CustomerUpdate
    auth_token: AuthToken | UnsetType = UNSET


class UsersReply(msgspec.Struct, frozen=True, gc=False):
    """The envelope of several customers."""

    status: str
    users: list[msgspec.Raw]


_decode_create = msgspec.json.Decoder(CreateUser)
_decode_update = msgspec.json.Decoder(UpdateUser)

READ = Operation(
    summary="Read a customer",
    tag=TAG,
    reply=OneUser,
    body=None,
    scope="profiles:read",
    query=FLAGS,
    refusals=FOUND,
    description="The profile of a customer, with points and tier.",
    name="getCustomer",
)
READ_EXTERNAL = Operation(
    summary="Read a customer by external id",
    tag=TAG,
    reply=OneUser,
    body=None,
    scope="profiles:read",
    query=FLAGS,
    refusals=FOUND,
    description="The same, found by any of the customer's external ids.",
    name="getCustomer",
)
READ_MANY = Operation(
    summary="Read several customers",
    tag=TAG,
    reply=ManyUsers,
    body=None,
    scope="profiles:read",
    query=(
        Parameter(
            USER_IDS,
            f"ids, repeated (or `user_ids[0]` and on), up to {USERS_MAX}; unknown ones are left out",
            list,
            required=True,
        ),
        *FLAGS,
    ),
    refusals=(*OWN, MissingData),
    name="getCustomers",
)
CREATE = Operation(
    summary="Create a customer",
    tag=TAG,
    reply=OneUser,
    body=CreateUser,
    scope="profiles:write",
    query=FLAGS,
    refusals=(*OWN, Validation, NotAvailable),
    description=(
        "Creates a customer, in the lowest level of every tier system. `external_id`, `identifiers` or `email` is"
        " required. A member that is null or empty is not given. The answer is the customer as a read gives it, with"
        " `user_profile` and `identifiers` when they were sent."
    ),
    example={"user": {"external_id": "card-900001", "email": "ada.alfieri@customers.example", "opted_in": True}},
    name="createCustomer",
)
UPDATE = Operation(
    summary="Change a customer",
    tag=TAG,
    reply=OneUser,
    body=UpdateUser,
    scope="profiles:write",
    query=FLAGS,
    refusals=(*FOUND, Validation, NotAvailable, Unavailable),
    description=(
        "Changes what is sent of a profile, and nothing else; `null` or an empty text clears a member. An"
        " `external_id`, and each of `identifiers`, is added to those that the customer has. The answer has"
        " everything that the flags of a read add."
    ),
    example={"user": {"city": "Riverton", "opted_in": False}},
    name="updateCustomer",
)
ERASE = Operation(
    summary="Forget a customer",
    tag=TAG,
    reply=OneUser,
    body=None,
    scope="profiles:write",
    query=FLAGS,
    refusals=(*FOUND, Unavailable),
    description=(
        "Everything that tells who it was is gone; the ledger keeps its entries, without a name. The answer is the"
        " profile as it was."
    ),
    name="deleteCustomer",
)


def routes(context: Context) -> list[Route]:
    """The routes of profiles."""

    async def read(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        api_key, user_id = request.path_values
        return users.reply(await customers.read(context, caller, api_key, user_id, users.wanted(request)))

    async def read_external(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        api_key, external_id = request.path_values
        return users.reply(await customers.read_external(context, caller, api_key, external_id, users.wanted(request)))

    async def read_many(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        ids = _user_ids(request)
        found = await customers.read_many(context, caller, request.path_values[0], ids, users.wanted(request))
        return users.ok(UsersReply("ok", found))

    async def create(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        new = fields.decode(_decode_create, await request.body(fields.BODY_BYTES_MAX))
        offer_no_token(new.auth_token)
        wanted = users.wanted(request)
        return users.reply(await customers.create(context, caller, request.path_values[0], new.user, wanted))

    async def update(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        sent = fields.decode(_decode_update, await request.body(fields.BODY_BYTES_MAX))
        offer_no_token(sent.auth_token)
        users.wanted(request)  # the answer has all of it; what is malformed is refused here as elsewhere
        return users.reply(await updates.update(context, caller, api_key, named, sent.user))

    async def erase(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        return users.reply(await erasure.erase(context, caller, api_key, named, users.wanted(request)))

    return [
        Route("GET", f"{PREFIX}/users/{{user_id}}", read, PLATFORM, READ),
        Route("GET", f"{PREFIX}/external/users/{{external_id}}", read_external, PLATFORM, READ_EXTERNAL),
        Route("GET", f"{PREFIX}/users", read_many, PLATFORM, READ_MANY),
        Route("POST", f"{PREFIX}/users", create, PLATFORM, CREATE),
        *users.under_both("PUT", "", update, UPDATE),
        *users.under_both("DELETE", "", erase, ERASE),
    ]


def _user_ids(request: Request) -> list[str]:
    """Raises MissingData, ArgumentError."""
    values = fields.every(request.query, (USER_IDS, *FLAG_NAMES))
    ids = fields.listed(values, "user_ids")
    if not ids:
        raise MissingData(f"The parameter {USER_IDS} is missing.")
    if len(ids) > USERS_MAX:
        raise ArgumentError(f"{USER_IDS} stands more than {USERS_MAX} times.")
    return ids
