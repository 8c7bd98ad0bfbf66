"""A row of a file of customers, however the file is written: as a new customer, and as an update of a known one."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from tessera.app.customers.files import faults
from tessera.app.customers.files.columns import PHONE_NUMBER
from tessera.app.customers.files.faults import Cell, Fault
from tessera.app.customers.files.lines import LINE_BYTES_MAX
from tessera.core import flags, leniency
from tessera.core.customers.profiles import FLAGS, CustomerUpdate, NewCustomer

TOO_LONG = f"The line is longer than {LINE_BYTES_MAX} bytes."
BOTH = f"{PHONE_NUMBER} and phone_numbers are both given. Leave one of them empty."


class Row(NamedTuple):
    """A customer as the file has it: as a new one, and as what becomes of one who is known.

    `line` is the row's first line. `document` has its members as one JSON object, `cell` finds the value of one in the
    file, `spoiled` are those that a spreadsheet seems to have destroyed.
    """

    line: int
    new: NewCustomer
    update: CustomerUpdate
    document: bytes = b"{}"
    cell: Callable[[str, bytes], Cell] = faults.raw_cell
    spoiled: tuple[Fault, ...] = ()


def row_of(line: int, document: bytes, cell: Callable[[str, bytes], Cell]) -> Row:
    """A row of a JSON object. Raises as a decoder does."""
    update = leniency.decode(faults.update_decoder, document)
    kept = {name: UNSET for name in FLAGS if getattr(update, name) is None}
    new = leniency.decode(faults.new_decoder, document)
    spoiled = faults.spoiled(document, cell)
    return Row(
        line=line,
        new=new,
        update=msgspec.structs.replace(update, **kept),
        document=document,
        cell=cell,
        spoiled=spoiled,
    )


class NoFlag(Exception):
    """A text that says neither yes nor no."""


def flag(text: str) -> bool | str:
    """A flag in words; empty when it is not given. Raises NoFlag."""
    word = text.strip().casefold()
    if not word:
        return ""
    if word not in flags.WORDS:
        raise NoFlag
    return flags.WORDS[word]


def no_flag(name: str) -> str:
    """The refusal of a text that is no flag."""
    return f"{name} must be {flags.CHOICES}, in any case."
