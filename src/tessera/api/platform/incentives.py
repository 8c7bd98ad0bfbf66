"""What the incentives API shares: its two addresses, its envelope, its common members."""

from typing import Generic, Literal, TypeVar

import msgspec

from tessera.web.messages import JSON_NO_STORE_HEADERS, Handler, Response, encode
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

T = TypeVar("T")

TAG = "Loyalty"

WHOSE = {"retailer_id": "9112d954-7198-4560-959f-6a660a743a5a", "user_id": "2f030785-02cf-4b70-86de-ccdff6fd9b21"}
"""The members that every body has, as the reference's examples show them."""

ACCOUNT = "25870fa1-2c36-4169-b6c9-e145fbdc8d63"
"""A point account in the reference's examples."""


class Payload(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """The envelope of the incentives API."""

    status: Literal["ok"]
    payload: T


def reply(payload: object) -> Response:
    """A success."""
    return Response(200, encode(Payload("ok", payload)), JSON_NO_STORE_HEADERS)


def under_both(path: str, handler: Handler, operation: Operation) -> list[Route]:
    """The two addresses of an incentives operation."""
    return [
        Route("POST", path, handler, PLATFORM, operation),
        Route("POST", f"/incentives{path}", handler, PLATFORM, operation),
    ]
