"""Bringing customers in from a file: create, update or leave alone, a chunk of rows in one commit."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tessera.app.customer_rows import Refused, Row
from tessera.app.customers import creation, decode_profile, happened, replacement, taken
from tessera.app.house import House
from tessera.app.operators import OperatorError
from tessera.core import times
from tessera.core.changes import Change
from tessera.core.customer_profiles import NewCustomer, Profile, folded_email, new_profile
from tessera.core.customers import Customer
from tessera.core.errors import PlatformRefusal, Validation
from tessera.core.loyalty.happenings import Happening
from tessera.core.loyalty.program import Program
from tessera.ports import Conflict, StoreError

ROWS_IN_FLIGHT = 1024
"""Rows that are decided and committed together."""

REFUSED_SHOWN_MAX = 100
"""Refused rows that are reported one by one; the others are only counted."""

ATTEMPTS_MAX = 5

_NEW_FIELDS = frozenset(NewCustomer.__struct_fields__) & frozenset(Profile.__struct_fields__)


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Tally(msgspec.Struct):
    """What became of all rows so far; `refusals` holds the first of those refused."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refused] = []

    def add(self, outcome: Outcome | Refused) -> None:
        """Count one more row."""
        if isinstance(outcome, Refused):
            self.refused += 1
            if len(self.refusals) < REFUSED_SHOWN_MAX:
                self.refusals.append(outcome)
        else:
            setattr(self, outcome.value, getattr(self, outcome.value) + 1)


async def load(
    house: House, organization: int, rows: Iterable[Row | Refused], report: Callable[[Tally], None]
) -> Tally:
    """Bring the rows in, in their order; `report` is called now and then with the tally so far.

    A row whose external id (or, having none, email address) is known updates that customer in the fields it gives;
    the custom profile and the identifiers stay as they were made. A row that is refused stops no other. Doing it
    again changes nothing more. Raises OperatorError when the database gives out; what was counted is kept.
    """
    program = await house.directory.programs.get(organization)
    if program is None:
        raise OperatorError("The organization does not exist any more.")
    tally = Tally()
    try:
        for chunk in _chunks(rows):
            for outcome in await _bring_in(house, program, chunk):
                tally.add(outcome)
            report(tally)
    except StoreError as error:
        raise OperatorError(
            f"The database gave out ({error}) after {tally.created + tally.updated} customers were brought in, which"
            " are kept. Put that right and import the same file again."
        ) from error
    return tally


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
    keys = []
    if isinstance(new.external_id, str):
        keys.append(f"i{new.external_id}")
    if isinstance(new.email, str):
        keys.append(f"e{folded_email(new.email)}")
    return keys


async def _bring_in(house: House, program: Program, chunk: list[Row | Refused]) -> list[Outcome | Refused]:
    """All rows of a chunk in one commit; when somebody else was quicker, each of them in one of its own."""
    known = await _known(house, program.organization, [row.new for row in chunk if isinstance(row, Row)])
    if _entangled(known, chunk):
        return [await _bring_one_in(house, program, row) for row in chunk]
    outcomes: list[Outcome | Refused] = []
    changes: list[Change] = []
    for row in chunk:
        if isinstance(row, Refused):
            outcomes.append(row)
            continue
        try:
            outcome, own = _decide(house, program, row, known)
        except PlatformRefusal as refusal:
            outcomes.append(Refused(row.line, refusal.public))
        else:
            outcomes.append(outcome)
            changes += own
    try:
        await house.commit(*changes)
    except Conflict:
        return [await _bring_one_in(house, program, row) for row in chunk]
    return outcomes


async def _bring_one_in(house: House, program: Program, row: Row | Refused) -> Outcome | Refused:
    if isinstance(row, Refused):
        return row
    try:
        return await _create_or_update(house, program, row)
    except PlatformRefusal as refusal:
        return Refused(row.line, refusal.public)


class Known(NamedTuple):
    """Customers that rows may be about, by external id and by folded email address."""

    by_external_id: dict[str, Customer]
    by_email: dict[str, Customer]


async def _known(house: House, organization: int, rows: list[NewCustomer]) -> Known:
    external_ids = [new.external_id for new in rows if isinstance(new.external_id, str)]
    emails = [folded_email(new.email) for new in rows if isinstance(new.email, str)]
    return Known(
        await house.store.customers_with_external_ids(organization, external_ids),
        await house.store.customers_with_emails(organization, emails),
    )


def _entangled(known: Known, chunk: list[Row | Refused]) -> bool:
    """Whether a row wants the email address of a customer that another row is about, and may take it away."""
    changing = {customer.number for customer in known.by_external_id.values()}
    for row in chunk:
        if isinstance(row, Row) and isinstance(row.new.email, str) and isinstance(row.new.external_id, str):
            owner = known.by_email.get(folded_email(row.new.email))
            about = known.by_external_id.get(row.new.external_id)
            if owner is not None and owner.number in changing and (about is None or about.number != owner.number):
                return True
    return False


def _decide(house: House, program: Program, row: Row, known: Known) -> tuple[Outcome, list[Change]]:
    """What becomes of a row: by its external id or, when it gives none, by its email address. Raises Validation."""
    owner = known.by_email.get(folded_email(row.new.email)) if isinstance(row.new.email, str) else None
    about = known.by_external_id.get(row.new.external_id) if isinstance(row.new.external_id, str) else owner
    if owner is not None and (about is None or about.number != owner.number):
        new_profile(row.new, house.clock.now())  # what is wrong with the row itself is told first
        raise Validation("email belongs to another customer.")
    if about is None:
        return Outcome.CREATED, creation(house, program.organization, program, house.new_uuid(), row.new)
    changes = _update(house, program, about, row)
    return (Outcome.UPDATED if changes else Outcome.UNCHANGED), changes


async def _create_or_update(house: House, program: Program, row: Row) -> Outcome:
    """Decide anew when somebody else was quicker. Raises Validation when the row cannot be."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        known = await _known(house, program.organization, [row.new])
        outcome, changes = _decide(house, program, row, known)
        try:
            await house.commit(*changes)
        except Conflict as conflict:
            if attempt == ATTEMPTS_MAX:
                raise taken(conflict) from None
        else:
            return outcome
    raise AssertionError("the last attempt returns or raises")


def _update(house: House, program: Program, known: Customer, row: Row) -> list[Change]:
    """The changes that give a customer what the row says; none when it has that already."""
    now = house.clock.now()
    wanted = new_profile(row.new, now)
    before = decode_profile(known.profile)
    after = msgspec.structs.replace(before)
    for name in row.given & _NEW_FIELDS:
        setattr(after, name, getattr(wanted, name))
    if after == before:
        return []
    after.updated_at = times.core_time(now)
    changes = replacement(program.organization, known, before, after)
    return [*changes, happened(house, program, Happening.CUSTOMER_CHANGED, known.id, now)]
