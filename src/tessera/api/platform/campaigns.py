"""Campaigns, which are not offered: their addresses answer that there are none, so that clients that ask go on."""

from typing import Any, Literal

import msgspec

from tessera.api.platform import users
from tessera.api.platform.users import FOUND, OWN, PREFIX, TAG
from tessera.app.callers import own_api_key
from tessera.app.context import Context
from tessera.app.customers import customers
from tessera.app.customers.customers import CustomerRef
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM


class Campaigns(msgspec.Struct, frozen=True):
    """What a customer could be shown: nothing."""

    tiles: list[dict[str, Any]] = []
    promotions: list[dict[str, Any]] = []


class CampaignsReply(msgspec.Struct, frozen=True):
    """No campaigns."""

    status: Literal["ok"] = "ok"
    campaigns: Campaigns = Campaigns()


NONE = CampaignsReply()

_DESCRIPTION = (
    "Campaigns are not offered. The answer is always empty, so that clients which ask for campaigns keep working."
)

OF_CUSTOMER = Operation(
    summary="The campaigns of a customer: none",
    tag=TAG,
    reply=CampaignsReply,
    body=None,
    scope="profiles:read",
    refusals=FOUND,
    description=_DESCRIPTION,
)
OF_PROPERTY = Operation(
    summary="The campaigns of a digital property: none",
    tag=TAG,
    reply=CampaignsReply,
    body=None,
    scope="profiles:read",
    refusals=OWN,
    description=_DESCRIPTION,
)


def routes(context: Context) -> list[Route]:
    """The routes of campaigns."""

    async def of_customer(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        await customers.find(context, caller, api_key, named)
        return users.ok(NONE)

    async def of_property(request: Request) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        await own_api_key(context, caller, request.path_values[0])
        return users.ok(NONE)

    return [
        *users.under_both("GET", "/campaigns", of_customer, OF_CUSTOMER),
        Route("GET", f"{PREFIX}/campaigns", of_property, PLATFORM, OF_PROPERTY),
    ]
