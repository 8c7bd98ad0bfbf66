"""Customers in JSON lines: each line is the `user` object of a request."""

from collections.abc import Iterator

import msgspec

from tessera.app.customers.files import columns
from tessera.app.customers.files import faults as file_faults
from tessera.app.customers.files.columns import PHONE_NUMBER, Layout
from tessera.app.customers.files.faults import Fault, Refused, members_of, refused
from tessera.app.customers.files.lines import LINE_BYTES_MAX
from tessera.app.customers.files.rows import BOTH, TOO_LONG, NoFlag, Row, flag, no_flag, row_of
from tessera.core import leniency
from tessera.core.customers.profiles import FLAGS

_encode = msgspec.json.Encoder().encode


def rows(lines: Iterator[bytes], layout: Layout, encoding: str, now: int) -> Iterator[Row | Refused]:
    """The rows of a file, as a stream."""
    for number, line in enumerate(lines, 1):
        if not line.isspace():
            yield _row(number, line, layout, encoding, now)


def _row(number: int, line: bytes, layout: Layout, encoding: str, now: int) -> Row | Refused:
    if len(line) > LINE_BYTES_MAX:
        return refused(number, TOO_LONG)
    try:
        line.decode()
        line = _encode(_named_members(members_of(line), layout))
        return row_of(number, line, file_faults.raw_cell)
    except msgspec.ValidationError:
        return _by_members(number, line, now)
    except UnicodeDecodeError:
        return refused(number, f"The line is not {encoding.upper()}.")
    except _BothGiven:
        return refused(number, BOTH)
    except _Twice as twice:
        return refused(number, f"Two members mean {twice}. Leave one of them out.")
    except (msgspec.DecodeError, RecursionError):
        return refused(number, "The line is not valid JSON.")


class _BothGiven(Exception):
    """One number, and a list of them."""


class _Twice(Exception):
    """Two names that mean one member."""


def _named_members(members: dict[str, msgspec.Raw], layout: Layout) -> dict[str, msgspec.Raw]:
    """The members under our names, which are recognized as those of columns are. Raises _BothGiven, _Twice."""
    named: dict[str, msgspec.Raw] = {}
    for name, value in members.items():
        ours = columns.member_named(name, layout)
        if ours in named:
            raise _Twice(ours)
        if ours is not None:
            named[ours] = value
    number = named.pop(PHONE_NUMBER, None)
    if number is not None:
        if bytes(number) not in leniency.NOT_GIVEN:
            if bytes(named.get("phone_numbers", b"null")) not in leniency.NOT_GIVEN:
                raise _BothGiven
            number = msgspec.Raw(_encode([{PHONE_NUMBER: number}]))
            named.pop("phone_numbers", None)
        named.setdefault("phone_numbers", number)
    return named


def _by_members(number: int, line: bytes, now: int) -> Row | Refused:
    """A line that its type refuses: flags in words are put right; else all that is wrong is found."""
    try:
        members = {name: bytes(raw) for name, raw in members_of(line).items()}
    except (msgspec.DecodeError, RecursionError):
        return refused(number, "The line is no JSON object.")
    faults, meant = [], dict(members)
    for name in FLAGS:
        text = file_faults.raw_cell(name, members.get(name, b"null"))
        try:
            if members.get(name, b"").startswith(b'"'):
                meant[name] = _encode(flag(text.value))
        except NoFlag:
            faults.append(Fault(*text, no_flag(name)))
            del meant[name]
    faults += file_faults.in_members(meant, now, file_faults.raw_cell)
    if faults:
        return Refused(number, tuple(faults))
    document = _encode({name: msgspec.Raw(raw) for name, raw in meant.items()})
    return row_of(number, document, file_faults.raw_cell)
