"""Points: deposits, spends and balances (`/api/1.0/user_points`)."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api.platform import fields
from tessera.api.platform.incentives import ACCOUNT, TAG, WHOSE, Payload, reply, under_both
from tessera.app.context import Context
from tessera.app.loyalty import points
from tessera.app.loyalty.points import Answer
from tessera.core.errors import IdempotencyConflict, NotFound, PlatformRefusal, UserNotFound, Validation
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import BalancesView, BalanceView, Summary, number, units, view
from tessera.core.text import Id, Text
from tessera.web import authorization, errors
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

DETAILS_MAX = 100
ACCOUNTS_MAX = 20

Amount = Annotated[Any, Meta(description="points, at most four decimals", extra_json_schema={"type": "number"})]


class DepositDetail(msgspec.Struct, frozen=True):
    """One deposit; `amount` in points."""

    amount: Amount
    point_account_id: Id
    point_source_id: Id | None = None
    reference_id: Text | None = None
    reference_type: Text | None = None
    idempotency_id: Text | None = None


class DepositRequest(msgspec.Struct, frozen=True):
    """Body of `user_points/deposit`."""

    retailer_id: Text
    user_id: Id
    deposit_details: Annotated[list[DepositDetail], Meta(min_length=1, max_length=DETAILS_MAX)]
    allow_partial_success: bool = False


class SpendDetail(msgspec.Struct, frozen=True):
    """One spend; `amount` in points, taken from the accounts in their order."""

    amount: Amount
    point_account_ids: Annotated[list[Id], Meta(min_length=1, max_length=ACCOUNTS_MAX)]
    reference_id: Text | None = None
    reference_type: Text | None = None
    idempotency_id: Text | None = None
    force_spend: bool = False
    is_return: bool = False


class SpendRequest(msgspec.Struct, frozen=True):
    """Body of `user_points/spend_multiple`."""

    retailer_id: Text
    user_id: Id
    spend_details: Annotated[list[SpendDetail], Meta(min_length=1, max_length=DETAILS_MAX)]
    allow_partial_success: bool = False


class BalancesRequest(msgspec.Struct, frozen=True):
    """Body of `user_points/balance` and `user_points/all_balances`."""

    retailer_id: Text
    user_id: Id
    point_account_ids: Annotated[list[Id], Meta(max_length=DETAILS_MAX)] | None = None
    culture: Text | None = None


class DepositResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one deposit, in the place that it had in the request."""

    point_account_id: str
    amount_deposited: int | float
    available_balance: int | float | UnsetType = UNSET
    reference_id: str | UnsetType = UNSET
    idempotency_id: str | UnsetType = UNSET
    error_status: int | UnsetType = UNSET
    message: str | UnsetType = UNSET


class DepositAnswer(msgspec.Struct, frozen=True, gc=False):
    """All balances of the customer afterwards, and what was deposited."""

    retailer_id: str
    user_id: str
    summary: Summary
    details: list[BalanceView]
    deposit_details: list[DepositResult]


class SpendResult(msgspec.Struct, frozen=True, gc=False):
    """What was taken from one point account, or why a spend was not made."""

    point_account_id: str
    amount_spent: int | float
    remaining_balance: int | float
    reference_id: str | UnsetType = UNSET
    idempotency_id: str | UnsetType = UNSET
    error_status: int | UnsetType = UNSET
    message: str | UnsetType = UNSET


class SpendSummary(msgspec.Struct, frozen=True, gc=False):
    """What was taken in all, and what the accounts of the request hold afterwards."""

    amount_spent: int | float
    remaining_balance: int | float


class SpendAnswer(msgspec.Struct, frozen=True, gc=False):
    """What was spent."""

    retailer_id: str
    user_id: str
    details: list[SpendResult]
    summary: SpendSummary


_decode_deposit = fields.number_decoder(DepositRequest)
_decode_spend = fields.number_decoder(SpendRequest)
_decode_balances = msgspec.json.Decoder(BalancesRequest)

_REFUSALS: tuple[type[PlatformRefusal], ...] = (NotFound, UserNotFound)

DEPOSIT = Operation(
    summary="Deposit points",
    tag=TAG,
    reply=Payload[DepositAnswer],
    body=DepositRequest,
    scope="loyalty:write",
    refusals=(*_REFUSALS, Validation, IdempotencyConflict),
    description="Deposits points for a customer, with the promotions that they earn: all of the list or none, unless"
    " `allow_partial_success` is true. Send an `idempotency_id`: the same id again for the same customer does not"
    " deposit twice.",
    example={
        **WHOSE,
        "deposit_details": [{"point_account_id": ACCOUNT, "amount": 12.5, "idempotency_id": "order-1042"}],
    },
    name="depositPoints",
)
SPEND = Operation(
    summary="Spend points",
    tag=TAG,
    reply=Payload[SpendAnswer],
    body=SpendRequest,
    scope="loyalty:write",
    refusals=(*_REFUSALS, Validation, IdempotencyConflict),
    description="Takes points from the accounts of each spend, in their order: all of the list or none, unless"
    " `allow_partial_success` is true. Send an `idempotency_id`: the same id again for the same customer does not"
    " spend twice.",
    example={
        **WHOSE,
        "spend_details": [{"amount": 5, "point_account_ids": [ACCOUNT], "idempotency_id": "order-1043"}],
    },
    name="spendPoints",
)
BALANCES = Operation(
    summary="Read the balances of a customer",
    tag=TAG,
    reply=Payload[BalancesView],
    body=BalancesRequest,
    scope="loyalty:read",
    refusals=_REFUSALS,
    description="What a customer has in each point account, or in those that are named, and the sums.",
    example=WHOSE,
    name="getBalances",
)


def routes(context: Context) -> list[Route]:
    """The routes of points."""

    async def deposit(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:write")
        asked = fields.decode(_decode_deposit, await request.body(fields.BODY_BYTES_MAX))
        answer = await points.order(
            context, caller, asked.retailer_id, asked.user_id, _deposits(asked), partial=asked.allow_partial_success
        )
        return reply(_deposit_answer(asked, answer))

    async def spend(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:write")
        asked = fields.decode(_decode_spend, await request.body(fields.BODY_BYTES_MAX))
        answer = await points.order(
            context, caller, asked.retailer_id, asked.user_id, _spends(asked), partial=asked.allow_partial_success
        )
        return reply(_spend_answer(asked, answer))

    async def balances(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_balances, await request.body(fields.BODY_BYTES_MAX))
        return reply(await points.balances(context, caller, asked.retailer_id, asked.user_id, asked.point_account_ids))

    return [
        *under_both("/api/1.0/user_points/deposit", deposit, DEPOSIT),
        *under_both("/api/2.0/user_points/deposit", deposit, DEPOSIT),
        *under_both("/api/1.0/user_points/spend_multiple", spend, SPEND),
        *under_both("/api/1.0/user_points/balance", balances, BALANCES),
        *under_both("/api/1.0/user_points/all_balances", balances, BALANCES),
    ]


def _deposits(asked: DepositRequest) -> list[Deposit]:
    return [
        Deposit(
            point_account_id=each.point_account_id,
            amount=units(each.amount, f"deposit_details[{place}].amount"),
            idempotency_id=each.idempotency_id,
            reference_id=each.reference_id,
            reference_type=each.reference_type,
            point_source_id=each.point_source_id,
        )
        for place, each in enumerate(asked.deposit_details)
    ]


def _spends(asked: SpendRequest) -> list[Spend]:
    return [
        Spend(
            point_account_ids=tuple(each.point_account_ids),
            amount=units(each.amount, f"spend_details[{place}].amount"),
            idempotency_id=each.idempotency_id,
            reference_id=each.reference_id,
            reference_type=each.reference_type,
            force_spend=each.force_spend,
            is_return=each.is_return,
        )
        for place, each in enumerate(asked.spend_details)
    ]


def _deposit_answer(asked: DepositRequest, answer: Answer) -> DepositAnswer:
    results = []
    for detail, result in zip(asked.deposit_details, answer.results, strict=True):
        reference, idempotency = detail.reference_id or UNSET, detail.idempotency_id or UNSET
        if isinstance(result, PlatformRefusal):
            status = errors.STATUSES[type(result)]
            results.append(
                DepositResult(
                    point_account_id=detail.point_account_id,
                    amount_deposited=0,
                    available_balance=UNSET,
                    reference_id=reference,
                    idempotency_id=idempotency,
                    error_status=status,
                    message=result.message,
                )
            )
        else:
            amount, available = number(result[0].amount), number(result[0].available)
            results.append(DepositResult(detail.point_account_id, amount, available, reference, idempotency))
    after = view(answer.program.retailer_id, answer.user_id, answer.program.accounts, answer.balances)
    return DepositAnswer(after.retailer_id, after.user_id, after.summary, after.details, results)


def _spend_answer(asked: SpendRequest, answer: Answer) -> SpendAnswer:
    results = []
    spent = 0
    ids = {account.number: account.id for account in answer.program.accounts}
    for detail, result in zip(asked.spend_details, answer.results, strict=True):
        reference, idempotency = detail.reference_id or UNSET, detail.idempotency_id or UNSET
        if isinstance(result, PlatformRefusal):
            status, left = errors.STATUSES[type(result)], number(_available(answer, detail.point_account_ids))
            results.append(
                SpendResult(
                    point_account_id=detail.point_account_ids[0],
                    amount_spent=0,
                    remaining_balance=left,
                    reference_id=reference,
                    idempotency_id=idempotency,
                    error_status=status,
                    message=result.message,
                )
            )
            continue
        for line in result:
            spent -= line.amount
            results.append(
                SpendResult(
                    ids[line.point_account], number(-line.amount), number(line.available), reference, idempotency
                )
            )
    named = {account_id for detail in asked.spend_details for account_id in detail.point_account_ids}
    summary = SpendSummary(number(spent), number(_available(answer, named)))
    return SpendAnswer(answer.program.retailer_id, answer.user_id, results, summary)


def _available(answer: Answer, account_ids: "list[str] | set[str]") -> int:
    """What the accounts with these ids hold together afterwards, in units."""
    wanted = {account.number for account in answer.program.accounts if account.id in account_ids}
    return sum(balance.available for balance in answer.balances.values() if balance.point_account in wanted)
