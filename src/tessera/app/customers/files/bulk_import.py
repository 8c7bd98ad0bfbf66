"""Bringing customers in from a file: create, update or leave alone, a chunk of rows in one commit."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, cast

import msgspec

from tessera.app.context import Context
from tessera.app.customers.customers import creation, happened, taken
from tessera.app.customers.files import faults as file_faults
from tessera.app.customers.files.dry_run import DryRun
from tessera.app.customers.files.faults import Fault, Refused
from tessera.app.customers.files.rows import Row
from tessera.app.customers.updates import Known, known, updated
from tessera.app.operators import OperatorError
from tessera.core.changes import Change
from tessera.core.customers import emails
from tessera.core.customers.customers import Customer
from tessera.core.customers.identifiers import SentIdentifier, given
from tessera.core.customers.profiles import NewCustomer
from tessera.core.errors import PlatformRefusal, Validation
from tessera.core.event_types import EventType
from tessera.core.loyalty.program import Program
from tessera.ports import Conflict, Store, StoreError

ROWS_IN_FLIGHT = 1024
"""Rows that are decided and committed together."""

REFUSED_SHOWN_MAX = 100
"""Refused rows that are reported one by one; the others are only counted. So it is with warnings."""

ATTEMPTS_MAX = 5


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Imported(NamedTuple):
    """A row that was not refused: what became of it, and the id of its customer."""

    outcome: Outcome
    customer: str


class Warned(NamedTuple):
    """A row that was brought in, and what a spreadsheet seems to have spoiled in it."""

    line: int
    faults: tuple[Fault, ...]


class Tally(msgspec.Struct):
    """What became of all rows so far; `refusals` holds the first of those refused, `warnings` of those warned of."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refused] = []
    warned: int = 0
    warnings: list[Warned] = []

    def add(self, row: Row | Refused, result: Imported | Refused) -> None:
        """Count one more row."""
        if isinstance(result, Refused):
            self.refused += 1
            if len(self.refusals) < REFUSED_SHOWN_MAX:
                self.refusals.append(result)
            return
        counter = result.outcome.value
        setattr(self, counter, getattr(self, counter) + 1)
        if isinstance(row, Row) and row.spoiled:
            self.warned += 1
            if len(self.warnings) < REFUSED_SHOWN_MAX:
                self.warnings.append(Warned(row.line, row.spoiled))


async def dry_run(
    context: Context,
    organization: int,
    rows: Iterable[Row | Refused],
    report: Callable[[Tally], None],
    *,
    strict: bool = False,
) -> Tally:
    """Tell what `load` would do, and write nothing. Raises as `load` does."""
    own = copy.copy(context)  # others go on writing to the store by theirs
    own.store = cast("Store", DryRun(context.store))  # it can do what an import needs, and nothing that writes
    return await load(own, organization, rows, report, strict=strict)


async def load(
    context: Context,
    organization: int,
    rows: Iterable[Row | Refused],
    report: Callable[[Tally], None],
    *,
    strict: bool = False,
    each_customer: Callable[[str], None] | None = None,
) -> Tally:
    """Import the rows in their order; `report` is called now and then with the tally so far.

    `each_customer` is called with the id of the customer of each row that was not refused, once that is committed.

    A row one of whose external ids (or, having none, whose email address) is known updates that customer in the fields
    it gives, as an update by the API does; a flag that is empty stays. A row that is refused stops no other; one with
    a value that a spreadsheet seems to have spoiled is refused when `strict`. Doing it again changes nothing more.
    Raises OperatorError when the database gives out; what was counted is kept.
    """
    program = await context.directory.programs.get(organization)
    if program is None:
        raise OperatorError("organization_gone")
    tally = Tally()
    try:
        for chunk in _chunks(map(_held, rows) if strict else rows):
            for row, result in zip(chunk, await _bring_in(context, program, chunk), strict=True):
                tally.add(row, result)
                if each_customer is not None and isinstance(result, Imported):
                    each_customer(result.customer)
            report(tally)
    except StoreError as error:
        raise OperatorError("import_interrupted", reason=str(error), customers=tally.created + tally.updated) from error
    return tally


def _held(row: Row | Refused) -> Row | Refused:
    """The row, refused when a spreadsheet seems to have spoiled a value in it."""
    return Refused(row.line, row.spoiled) if isinstance(row, Row) and row.spoiled else row


def _chunks(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    """Rows that may be decided together: no two of them about the same external id or email address."""
    chunk: list[Row | Refused] = []
    keys: set[str] = set()
    for row in rows:
        own = [] if isinstance(row, Refused) else _keys(row.new)
        if len(chunk) >= ROWS_IN_FLIGHT or not keys.isdisjoint(own):
            yield chunk
            chunk, keys = [], set()
        chunk.append(row)
        keys.update(own)
    if chunk:
        yield chunk


def _keys(new: NewCustomer) -> list[str]:
    """What a row may share with another: an external id and an address are told apart by their first letter."""
    return [*(f"i{each.external_id}" for each in _ids(new)), *(f"e{each}" for each in _addresses(new))]


def _ids(new: NewCustomer) -> list[SentIdentifier]:
    """The external ids of a row; none of one that is going to be refused for them."""
    try:
        return given(new.external_id, new.external_id_type, new.identifiers)
    except Validation:
        return []


def _addresses(new: NewCustomer) -> list[str]:
    return [emails.folded(new.email)] if isinstance(new.email, str) else []


async def _bring_in(context: Context, program: Program, chunk: list[Row | Refused]) -> list[Imported | Refused]:
    """All rows of a chunk in one commit; when somebody else was quicker, each of them in one of its own."""
    found = await _known(context, program.organization, [row.new for row in chunk if isinstance(row, Row)])
    if _entangled(found, chunk):
        return [await _bring_one_in(context, program, row) for row in chunk]
    results: list[Imported | Refused] = []
    changes: list[Change] = []
    for row in chunk:
        if isinstance(row, Refused):
            results.append(row)
            continue
        try:
            result, own = _decide(context, program, row, found)
        except PlatformRefusal as refusal:
            results.append(file_faults.of_row(row.line, row.document, row.cell, refusal, context.clock.now()))
        else:
            results.append(result)
            changes += own
    try:
        await context.commit(*changes)
    except Conflict:
        return [await _bring_one_in(context, program, row) for row in chunk]
    return results


async def _bring_one_in(context: Context, program: Program, row: Row | Refused) -> Imported | Refused:
    if isinstance(row, Refused):
        return row
    try:
        return await _create_or_update(context, program, row)
    except PlatformRefusal as refusal:
        return file_faults.of_row(row.line, row.document, row.cell, refusal, context.clock.now())


async def _known(context: Context, organization: int, rows: list[NewCustomer]) -> Known:
    external_ids = [each.external_id for new in rows for each in _ids(new)]
    return await known(context, organization, external_ids, [each for new in rows for each in _addresses(new)])


def _entangled(found: Known, chunk: list[Row | Refused]) -> bool:
    """Whether a row wants the email address of a customer that another row is about, and may take it away."""
    changing = {customer.number for customer in found.by_external_id.values()}
    for row in chunk:
        if isinstance(row, Row) and isinstance(row.new.email, str) and (ids := _ids(row.new)):
            owner = found.by_email.get(emails.folded(row.new.email))
            about = _about(found, ids)
            if owner is not None and owner.number in changing and (about is None or about.number != owner.number):
                return True
    return False


def _decide(context: Context, program: Program, row: Row, found: Known) -> tuple[Imported, list[Change]]:
    """What becomes of a row: by its external ids or, when it gives none, by its email address. Raises Validation."""
    ids = given(row.new.external_id, row.new.external_id_type, row.new.identifiers)
    owner = found.by_email.get(emails.folded(row.new.email)) if isinstance(row.new.email, str) else None
    about = _about(found, ids) if ids else owner
    if owner is not None and (about is None or about.number != owner.number):
        raise Validation("email belongs to another customer.")
    if about is None:
        id = context.new_uuid()
        return Imported(Outcome.CREATED, id), creation(context, program.organization, program, id, row.new)
    _, changes = updated(context, program, about, row.update, ids, found)
    if not changes:
        return Imported(Outcome.UNCHANGED, about.id), []
    changes.append(happened(context, program, EventType.CUSTOMER_CHANGED, about.id, context.clock.now()))
    return Imported(Outcome.UPDATED, about.id), changes


def _about(found: Known, ids: Sequence[SentIdentifier]) -> Customer | None:
    """The customer with any of these external ids, the latest first."""
    owners = (found.by_external_id.get(each.external_id) for each in reversed(ids))
    return next((owner for owner in owners if owner is not None), None)


async def _create_or_update(context: Context, program: Program, row: Row) -> Imported:
    """Decide anew when somebody else was quicker. Raises Validation when the row cannot be."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        found = await _known(context, program.organization, [row.new])
        result, changes = _decide(context, program, row, found)
        try:
            await context.commit(*changes)
        except Conflict as conflict:
            if attempt == ATTEMPTS_MAX:
                raise taken(conflict) from None
        else:
            return result
    raise AssertionError("the last attempt returns or raises")
