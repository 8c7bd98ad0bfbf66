"""The audit log of points: `/api/1.0/point_audit_logs`."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api import fields
from tessera.api.incentives import TAG, WHOSE, Payload, reply, under_both
from tessera.app import audit_log
from tessera.app.audit_log import Page
from tessera.app.house import House
from tessera.core.customers import Text
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.points import PointAccount, number
from tessera.core.times import incentives_time
from tessera.web import guard
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

TAKE_MAX = 500


class AuditLogRequest(msgspec.Struct, frozen=True):
    """Body of `fetch_point_audit_logs`."""

    retailer_id: Text
    user_id: Text
    skip: Annotated[int, Meta(ge=0, le=2**53)] = 0
    take: Annotated[int, Meta(ge=1, le=TAKE_MAX)] = 50


class AuditLogEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the ledger; `modification` is negative when points were taken."""

    id: str
    account_name: str
    point_account_id: str
    modification: int | float
    audit_type: str
    time_of_occurrence: str
    expires_at: str | UnsetType = UNSET
    reference_id: str | UnsetType = UNSET
    reference_type: str | UnsetType = UNSET
    point_source_id: str | UnsetType = UNSET
    idempotency_id: str | UnsetType = UNSET


class AuditLog(msgspec.Struct, frozen=True, gc=False):
    """A page of the log, the newest entry first, and how many entries there are in all."""

    results: list[AuditLogEntry]
    total_records: int


_decode = msgspec.json.Decoder(AuditLogRequest)

FETCH = Operation(
    "Read the audit log",
    TAG,
    Payload[AuditLog],
    AuditLogRequest,
    "loyalty:read",
    refusals=(NotFound, UserNotFound),
    description="The ledger of a customer, the newest entry first: `take` entries after the first `skip`.",
    example={**WHOSE, "skip": 0, "take": 50},
    name="getPointAuditLog",
)


def routes(house: House) -> list[Route]:
    """The routes of the audit log."""

    async def fetch(request: Request) -> Response:
        caller = await guard.caller(house, request, "loyalty:read")
        asked = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX))
        return reply(
            _shown(await audit_log.fetch(house, caller, asked.retailer_id, asked.user_id, asked.skip, asked.take))
        )

    return [
        *under_both("/api/1.0/point_audit_logs/fetch_point_audit_logs", fetch, FETCH),
        *under_both("/api/2.0/user_points/fetch_point_audit_logs", fetch, FETCH),
    ]


def _shown(page: Page) -> AuditLog:
    accounts = {account.number: account for account in page.program.accounts}
    return AuditLog([_entry(each, accounts[each.point_account]) for each in page.entries], page.total)


def _entry(entry: Entry, account: PointAccount) -> AuditLogEntry:
    return AuditLogEntry(
        entry.id,
        account.name,
        account.id,
        number(entry.amount),
        entry.kind,
        incentives_time(entry.occurred_at),
        UNSET if entry.expires_at is None else incentives_time(entry.expires_at),
        entry.reference_id or UNSET,
        entry.reference_type or UNSET,
        entry.point_source_id or UNSET,
        entry.idempotency_id or UNSET,
    )
