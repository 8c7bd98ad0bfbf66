"""The audit log of points: `/api/1.0/point_audit_logs`."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api.platform import fields
from tessera.api.platform.incentives import TAG, WHOSE, Payload, reply, under_both
from tessera.app.context import Context
from tessera.app.loyalty import points_history
from tessera.app.loyalty.points_history import Page
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty.entries import Entry, EntryKind
from tessera.core.loyalty.lots import Used
from tessera.core.loyalty.points import Balance, number
from tessera.core.text import Id, Text
from tessera.core.times import incentives_time
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

TAKE_MAX = 1000

AUDIT_TYPES = {EntryKind.DEPOSIT: 1, EntryKind.SPEND: 2, EntryKind.EXPIRE: 3, EntryKind.RETURN: 4}
"""The number of each kind of entry on the wire."""

ADDED, TAKEN = 1, 2
"""What `modification_type` says."""

TRANSACTION = "transaction"
"""The `reference_type` of an entry that belongs to a purchase."""


class AuditLogRequest(msgspec.Struct, frozen=True):
    """Body of `fetch_point_audit_logs`."""

    retailer_id: Text
    user_id: Id
    skip: Annotated[int, Meta(ge=0, le=2**53)] = 0
    take: Annotated[int, Meta(ge=1, le=TAKE_MAX)] = 50


class AuditLogEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the ledger; `modification` is negative when points were taken.

    A text that has no value is empty. `amount_spent` and `amount_expired` say how much of a deposit is used.
    """

    id: str
    retailer_id: str
    user_id: str
    account_name: str
    point_account_id: str
    user_point_account_id: str
    modification: int | float
    amount_spent: int | float
    amount_expired: int | float
    audit_type: int
    modification_type: int
    modification_entity_id: str
    point_source_id: str
    point_source_name: str
    time_of_occurrence: str
    create_date: str
    request_id: str
    idempotency_id: str
    kind: str
    transaction_id: str | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET
    reference_id: str | UnsetType = UNSET
    reference_type: str | UnsetType = UNSET


class AuditLog(msgspec.Struct, frozen=True, gc=False):
    """A page of the log, the newest entry first, and how many entries there are in all."""

    results: list[AuditLogEntry]
    total_records: int


_decode = msgspec.json.Decoder(AuditLogRequest)

FETCH = Operation(
    summary="Read the audit log",
    tag=TAG,
    reply=Payload[AuditLog],
    body=AuditLogRequest,
    scope="loyalty:read",
    refusals=(NotFound, UserNotFound),
    description="The ledger of a customer, the newest entry first: `take` entries after the first `skip`.",
    example={**WHOSE, "skip": 0, "take": 50},
    name="getPointAuditLog",
)


def routes(context: Context) -> list[Route]:
    """The routes of the audit log."""

    async def fetch(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX))
        return reply(
            _shown(
                await points_history.fetch(context, caller, asked.retailer_id, asked.user_id, asked.skip, asked.take)
            )
        )

    return [
        *under_both("/api/1.0/point_audit_logs/fetch_point_audit_logs", fetch, FETCH),
        *under_both("/api/2.0/user_points/fetch_point_audit_logs", fetch, FETCH),
    ]


def _shown(page: Page) -> AuditLog:
    balances = page.customer.balances()
    return AuditLog([_entry(page, balances, *each) for each in zip(page.entries, page.uses, strict=True)], page.total)


def _entry(page: Page, balances: dict[int, Balance], entry: Entry, used: Used) -> AuditLogEntry:
    account = page.program.account_numbered(entry.point_account)
    source = None if entry.point_source_id is None else page.program.source_with_id(entry.point_source_id)
    balance = balances.get(account.number)
    occurred = incentives_time(entry.occurred_at)
    reference = entry.reference_id or ""
    return AuditLogEntry(
        id=entry.id,
        retailer_id=page.program.retailer_id,
        user_id=page.customer.id,
        account_name=account.name,
        point_account_id=account.id,
        user_point_account_id="" if balance is None else balance.id,
        modification=number(entry.amount),
        amount_spent=number(used.spent),
        amount_expired=number(used.expired),
        audit_type=AUDIT_TYPES[EntryKind(entry.kind)],
        modification_type=ADDED if entry.amount > 0 else TAKEN,
        modification_entity_id=reference,
        point_source_id=entry.point_source_id or "",
        point_source_name="" if source is None else source.name,
        time_of_occurrence=occurred,
        create_date=occurred,
        request_id=entry.request or "",
        idempotency_id=entry.idempotency_id or "",
        kind=entry.kind,
        transaction_id=reference if reference and entry.reference_type == TRANSACTION else UNSET,
        expires_at=UNSET if entry.expires_at is None else incentives_time(entry.expires_at),
        reference_id=reference or UNSET,
        reference_type=entry.reference_type or UNSET,
    )
