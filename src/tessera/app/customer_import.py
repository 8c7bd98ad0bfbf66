"""Bringing customers in from a file: create, update or leave alone, many rows in flight so that they share commits."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import msgspec

from tessera.app.customer_rows import Refused, Row
from tessera.app.customers import creation, decode_profile, happened, replacement, taken
from tessera.app.house import House
from tessera.app.operators import OperatorError
from tessera.core import times
from tessera.core.changes import Change
from tessera.core.customer_profiles import NewCustomer, Profile, folded_email, new_profile
from tessera.core.customers import Customer
from tessera.core.errors import PlatformRefusal
from tessera.core.loyalty.happenings import Happening
from tessera.core.loyalty.program import Program
from tessera.ports import Conflict, StoreError

ROWS_IN_FLIGHT = 1024
"""Rows decided and committed together; well within what the store lets wait."""

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
            for outcome in await asyncio.gather(*(_bring_in(house, program, row) for row in chunk)):
                tally.add(outcome)
            report(tally)
    except StoreError as error:
        raise OperatorError(
            f"The database gave out ({error}) after {tally.created + tally.updated} customers were brought in, which"
            " are kept. Put that right and import the same file again."
        ) from error
    return tally


def _chunks(rows: Iterable[Row | Refused]) -> Iterator[list[Row | Refused]]:
    """Rows that may be in flight together: no two of them about the same external id or email address."""
    chunk: list[Row | Refused] = []
    keys: set[tuple[str, str]] = set()
    for row in rows:
        own = _keys(row)
        if len(chunk) >= ROWS_IN_FLIGHT or not keys.isdisjoint(own):
            yield chunk
            chunk, keys = [], set()
        chunk.append(row)
        keys.update(own)
    if chunk:
        yield chunk


def _keys(row: Row | Refused) -> list[tuple[str, str]]:
    if isinstance(row, Refused):
        return []
    keys = []
    if isinstance(row.new.external_id, str):
        keys.append(("external_id", row.new.external_id))
    if isinstance(row.new.email, str):
        keys.append(("email", folded_email(row.new.email)))
    return keys


async def _bring_in(house: House, program: Program, row: Row | Refused) -> Outcome | Refused:
    if isinstance(row, Refused):
        return row
    try:
        return await _create_or_update(house, program, row)
    except PlatformRefusal as refusal:
        return Refused(row.line, refusal.public)


async def _create_or_update(house: House, program: Program, row: Row) -> Outcome:
    """Decide anew when somebody else was quicker. Raises Validation when the row cannot be."""
    organization = program.organization
    for attempt in range(1, ATTEMPTS_MAX + 1):
        known = await _known(house, organization, row.new)
        changes: list[Change]
        if known is None:
            outcome = Outcome.CREATED
            changes = creation(house, organization, program, house.new_uuid(), row.new)
        else:
            outcome = Outcome.UPDATED
            changes = _update(house, program, known, row)
            if not changes:
                return Outcome.UNCHANGED
        try:
            await house.commit(*changes)
        except Conflict as conflict:
            if attempt == ATTEMPTS_MAX:
                raise taken(conflict) from None
        else:
            return outcome
    raise AssertionError("the last attempt returns or raises")


async def _known(house: House, organization: int, new: NewCustomer) -> Customer | None:
    """The customer that a row is about: by its external id or, when it gives none, by its email address."""
    if isinstance(new.external_id, str):
        return await house.store.customer_with_external_id(organization, new.external_id)
    if isinstance(new.email, str):
        customer_id = await house.store.customer_id_with_email(organization, folded_email(new.email))
        if customer_id is not None:
            return await house.store.customer(organization, customer_id)
    return None


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
