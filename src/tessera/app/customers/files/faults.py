"""Everything that is wrong with a row of a file of customers, and what a spreadsheet may have spoiled in it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from tessera.core import leniency
from tessera.core.customers import custom_profiles
from tessera.core.customers.identifiers import combined, given
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer, ruled
from tessera.core.decoding import refusal
from tessera.core.errors import PlatformRefusal
from tessera.core.sent_values import shown

new_decoder = msgspec.json.Decoder(NewCustomer)
update_decoder = msgspec.json.Decoder(CustomerUpdate)

members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_value = msgspec.json.Decoder().decode


class Cell(NamedTuple):
    """A value as the file has it: the title of its column or the name of its member, and its text."""

    column: str
    value: str


class Fault(NamedTuple):
    """What is wrong with one value; the row as a whole where there is no column."""

    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        if self.column is None or self.value is None:
            return self.reason
        titled = "" if self.column in self.reason else f"{self.column}: "
        return f"{titled}{self.reason.rstrip('.')} (the value is {shown(self.value)})."


class Refused(NamedTuple):
    """A row that was turned down, and why: every value that cannot be taken."""

    line: int
    faults: tuple[Fault, ...]

    @property
    def reason(self) -> str:
        """All of it in sentences."""
        return " ".join(map(str, self.faults))


def refused(line: int, reason: str) -> Refused:
    """A row that was turned down as a whole."""
    return Refused(line, (Fault(None, None, reason),))


def raw_cell(member: str, raw: bytes) -> Cell:
    """A member of a JSON line as it is shown."""
    try:
        value = _value(raw)
    except (msgspec.DecodeError, RecursionError):
        value = None
    return Cell(member, value if isinstance(value, str) else raw.decode("utf-8", "backslashreplace"))


def in_members(members: Mapping[str, bytes], now: int, cell: Callable[[str, bytes], Cell]) -> Iterator[Fault]:
    """What is wrong with members of a row, each looked at alone."""
    for name, raw in members.items():
        reason = _reason(name, raw, now)
        if reason is not None:
            yield Fault(*cell(name, raw), reason)


def of_row(
    line: int, document: bytes, cell: Callable[[str, bytes], Cell], refusal: PlatformRefusal, now: int
) -> Refused:
    """A row that was refused, with everything that is wrong in it: a decision stops at the first."""
    members = {name: bytes(raw) for name, raw in members_of(document).items()}
    faults = list(in_members(members, now, cell))
    if refusal.public not in {each.reason for each in faults}:
        name = _FIRST_WORD.match(refusal.public)
        named = members.get(name[0]) if name else None
        place = Cell("", "") if name is None or named is None else cell(name[0], named)
        faults.append(Fault(place.column or None, place.value or None, refusal.public))
    return Refused(line, tuple(faults))


def _reason(name: str, raw: bytes, now: int) -> str | None:
    document = _encode({name: msgspec.Raw(raw)})
    try:
        leniency.decode(update_decoder, document)
        new = leniency.decode(new_decoder, document)
        ruled(new, now)
        kind = UNSET if new.external_id is UNSET else new.external_id_type  # alone it is judged with the whole row
        combined([], given(new.external_id, kind, new.identifiers))
        if isinstance(new.user_profile, dict):
            custom_profiles.first(new.user_profile)
    except msgspec.ValidationError as error:
        return refusal(str(error), CustomerUpdate).public
    except PlatformRefusal as error:
        return error.public
    except (msgspec.DecodeError, RecursionError):
        return f"The field {name} is not valid JSON."
    return None


_FIRST_WORD = re.compile(r"[a-z_]+")
_IDS = frozenset({"external_id", "identifiers", "phone_number", "phone_numbers", "zip", "dma"})
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_SPOILED: tuple[tuple[re.Pattern[str], frozenset[str] | None, str], ...] = (
    (
        re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[Ee]\+?[0-9]{1,3}"),
        None,
        "looks like a long number that a spreadsheet shortened",
    ),
    (
        re.compile(r"#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|#+)"),
        None,
        "is what a spreadsheet shows in the place of a value",
    ),
    (re.compile(r"[0-9]+[.,]0"), _IDS, "looks like a number that a program added a fraction to"),
    (
        re.compile(r"[1-9][0-9]{14}0{3,}"),
        _IDS,
        "looks like a long number that a spreadsheet rounded to 15 digits",
    ),
    (
        re.compile(rf"[0-9]{{1,2}}-{_MONTH}|{_MONTH}-[0-9]{{2}}"),
        _IDS,
        "looks like a date that a spreadsheet made of something else",
    ),
)
"""Texts that spreadsheets leave of a value, the members in which they are looked for (None: all), and what to say."""

_SUSPICIOUS = re.compile(
    rb'"[+-]?[0-9][.,0-9]*[Ee]\+?[0-9]+"|"#[A-Z#]|[0-9][.,]0"|[0-9]{15}000"|"[0-9]{1,2}-[A-Z][a-z]{2}"|"[A-Z][a-z]{2}-[0-9]'
)
"""Finds every document with such a text, and some others: most rows are looked at by it alone."""


def spoiled(document: bytes, cell: Callable[[str, bytes], Cell]) -> tuple[Fault, ...]:
    """Values of a row that a spreadsheet seems to have spoiled. The custom profile is left out: it is JSON."""
    if not _SUSPICIOUS.search(document):
        return ()
    return tuple(
        Fault(*cell(name, bytes(raw)), f"{name} {said}.")
        for name, raw in members_of(document).items()
        if name != "user_profile"
        for pattern, members, said in _SPOILED
        if (members is None or name in members) and any(pattern.fullmatch(text) for text in _texts(_value(raw)))
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
