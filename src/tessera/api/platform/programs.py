"""Loyalty programs: what a retailer has set up, and setting it up (`/api/1.0/programs` and its parts)."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api.platform import fields
from tessera.api.platform.fields import one_of
from tessera.api.platform.incentives import TAG, Payload, reply, under_both
from tessera.app.context import Context
from tessera.app.loyalty import programs
from tessera.app.loyalty.program_lookup import own_retailer
from tessera.app.loyalty.programs import Proposal
from tessera.core.errors import ChangedMeanwhile, NotFound, Validation
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.drafts import Step
from tessera.core.loyalty.program_views import (
    AccountDetails,
    PointAccountView,
    PointSourceView,
    TierSystemView,
    account_view,
    source_view,
    system_view,
)
from tessera.core.text import Id, Text
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

T = TypeVar("T")

TAKE_MAX = 1000

SOURCE_COLUMNS = ("id", "name", "active")
ACCOUNT_COLUMNS = (*SOURCE_COLUMNS, "grouping_label")
SYSTEM_COLUMNS = ("id", "name")
"""The members by which each list can be sorted."""

DIRECTIONS = ("asc", "desc", "ascending", "descending")
DESCENDING = ("desc", "descending")


class PageRequest(msgspec.Struct, frozen=True):
    """Body of `point_sources/fetch`: which part of the list, and in which order."""

    retailer_id: Text
    skip: Annotated[int, Meta(ge=0, le=2**31)] = 0
    take: Annotated[int, Meta(ge=0, le=TAKE_MAX)] = 100
    sort_column: Text | None = None
    sort_direction: Text | None = None


class AccountsRequest(PageRequest, frozen=True):
    """Body of `point_accounts/fetch`, with the members of each account that are to be added."""

    include_point_sources: bool = False
    include_expiration_policy: bool = False
    include_restrictions: bool = False


class TierSystemsRequest(PageRequest, frozen=True):
    """Body of `tier_systems/fetch`; with `tier_system_id` that one alone is answered."""

    tier_system_id: Id | None = None


class ProgramRequest(msgspec.Struct, frozen=True):
    """Body of `programs/fetch`."""

    retailer_id: Text


class ApplyRequest(msgspec.Struct, frozen=True):
    """Body of `programs/apply`; a dry run answers what would change, and changes nothing."""

    retailer_id: Text
    program: Declaration
    dry_run: bool = False


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list, and how long all of it is."""

    total_records: int
    results: list[T]


class OneTierSystem(msgspec.Struct, frozen=True):
    """One tier system."""

    tier_system: TierSystemView


class TierSystems(msgspec.Struct, frozen=True):
    """A page of tier systems; where there is only one in all, `tier_system` is that one."""

    total_records: int
    results: list[TierSystemView]
    tier_system: TierSystemView | UnsetType = UNSET


class DeclaredProgram(msgspec.Struct, frozen=True):
    """A program in the form in which it is declared."""

    retailer_id: str
    program: Declaration


class Applied(msgspec.Struct, frozen=True):
    """Whether anything was changed, and what: the steps, the sections left alone, and what is in the way."""

    applied: bool
    plan: Sequence[Step]
    left_alone: Sequence[str]
    obstacles: list[str]


_decode_accounts = msgspec.json.Decoder(AccountsRequest)
_decode_page = msgspec.json.Decoder(PageRequest)
_decode_systems = msgspec.json.Decoder(TierSystemsRequest)
_decode_program = msgspec.json.Decoder(ProgramRequest)
_decode_apply = fields.number_decoder(ApplyRequest)

ACCOUNTS = Operation(
    summary="The point accounts of a retailer",
    tag=TAG,
    reply=Payload[Page[PointAccountView]],
    body=AccountsRequest,
    scope="loyalty:read",
    refusals=(NotFound,),
    name="listPointAccounts",
)
SOURCES = Operation(
    summary="The point sources of a retailer",
    tag=TAG,
    reply=Payload[Page[PointSourceView]],
    body=PageRequest,
    scope="loyalty:read",
    refusals=(NotFound,),
    name="listPointSources",
)
SYSTEMS = Operation(
    summary="The tier systems of a retailer, or one of them",
    tag=TAG,
    reply=Payload[OneTierSystem] | Payload[TierSystems],
    body=TierSystemsRequest,
    scope="loyalty:read",
    refusals=(NotFound,),
    name="listTierSystems",
)
FETCH = Operation(
    summary="The whole program of a retailer, as it is declared",
    tag=TAG,
    reply=Payload[DeclaredProgram],
    body=ProgramRequest,
    scope="loyalty:read",
    refusals=(NotFound,),
    name="getProgram",
)
APPLY = Operation(
    summary="Make the program of a retailer what is declared",
    tag=TAG,
    reply=Payload[Applied],
    body=ApplyRequest,
    scope="loyalty:admin",
    refusals=(NotFound, Validation, ChangedMeanwhile),
    description="Not opened by `openid` nor by HTTP Basic: an application must have been given `loyalty:admin`.",
    name="applyProgram",
)


def routes(context: Context) -> list[Route]:
    """The routes of programs."""

    async def accounts(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_accounts, await request.body(fields.BODY_BYTES_MAX))
        program = await own_retailer(context, caller, asked.retailer_id)
        details = AccountDetails(
            expiration_policy=asked.include_expiration_policy,
            point_sources=asked.include_point_sources,
            restrictions=asked.include_restrictions,
        )
        views = [account_view(program, each, details) for each in program.accounts]
        return reply(_page(asked, views, ACCOUNT_COLUMNS))

    async def sources(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_page, await request.body(fields.BODY_BYTES_MAX))
        program = await own_retailer(context, caller, asked.retailer_id)
        return reply(_page(asked, [source_view(program, each) for each in program.sources], SOURCE_COLUMNS))

    async def systems(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_systems, await request.body(fields.BODY_BYTES_MAX))
        program = await own_retailer(context, caller, asked.retailer_id)
        views = [system_view(program, each) for each in program.systems]
        page = _page(asked, views, SYSTEM_COLUMNS)
        if asked.tier_system_id is None:
            return reply(TierSystems(page.total_records, page.results, views[0] if len(views) == 1 else UNSET))
        system = program.system_with_id(asked.tier_system_id)
        if system is None:
            raise NotFound("tier_system_id names no tier system of this retailer.", sent=asked.tier_system_id)
        return reply(OneTierSystem(system_view(program, system)))

    async def fetch(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_program, await request.body(fields.BODY_BYTES_MAX))
        return reply(DeclaredProgram(asked.retailer_id, await programs.fetch(context, caller, asked.retailer_id)))

    async def apply(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:admin")
        asked = fields.decode(_decode_apply, await request.body(fields.BODY_BYTES_MAX))
        proposal = await programs.apply(context, caller, asked.retailer_id, asked.program, dry_run=asked.dry_run)
        return reply(_applied(proposal, dry_run=asked.dry_run))

    return [
        *under_both("/api/1.0/point_accounts/fetch", accounts, ACCOUNTS),
        *under_both("/api/1.0/point_sources/fetch", sources, SOURCES),
        *under_both("/api/1.0/tier_systems/fetch", systems, SYSTEMS),
        *under_both("/api/1.0/programs/fetch", fetch, FETCH),
        *under_both("/api/1.0/programs/apply", apply, APPLY),
    ]


def _page(asked: PageRequest, everything: list[T], columns: Sequence[str]) -> Page[T]:
    """The part of a list that was asked for, in its order. Raises ArgumentError."""
    column = one_of(asked.sort_column, columns, "sort_column")
    direction = one_of(asked.sort_direction, DIRECTIONS, "sort_direction")
    if column is not None:
        everything = sorted(everything, key=lambda each: _sort_key(str(getattr(each, column))))
    if direction in DESCENDING:
        everything = everything[::-1]
    return Page(len(everything), everything[asked.skip : asked.skip + asked.take])


def _sort_key(text: str) -> tuple[str, str]:
    """The order of a reader, to whom case matters least."""
    return text.casefold(), text


def _applied(proposal: Proposal, *, dry_run: bool) -> Applied:
    planned = proposal.plan
    return Applied(
        bool(planned.steps) and not dry_run,
        planned.steps,
        planned.left_alone,
        [held.sentence for held in proposal.held],
    )
