"""Customers in CSV: a header that names the columns, and a customer in each row."""

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from tessera.app.customers.files import columns as file_columns
from tessera.app.customers.files import faults
from tessera.app.customers.files.columns import PHONE_NUMBER, UNNAMED, Column, Layout
from tessera.app.customers.files.faults import Cell, Fault, Refused, refused
from tessera.app.customers.files.lines import LINE_BYTES_MAX
from tessera.app.customers.files.rows import BOTH, TOO_LONG, NoFlag, Row, flag, no_flag, row_of
from tessera.app.operators import OperatorError
from tessera.core.customers.profiles import FLAGS

_encode = msgspec.json.Encoder().encode


class Contents(NamedTuple):
    """The rows of a file, as a stream, and what was recognized of how it is written; None where nothing is special."""

    rows: Iterator[Row | Refused]
    encoding: str | None = None
    separator: str | None = None


class _Lines:
    """The lines of a CSV file as its parser takes them; a row is never longer than a JSON line may be.

    Of lines that are too much for their row the parser sees whether a quoted value ends in them, so that no part of a
    row is taken for a row.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._row_bytes = 0

    def begin_row(self) -> None:
        """The next line is the first of a row."""
        self._row_bytes = 0

    @property
    def too_long(self) -> bool:
        """Whether the row is over the limit."""
        return self._row_bytes > LINE_BYTES_MAX

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._row_bytes += len(line)
        if self.too_long:
            return '"\n' if line.count(b'"') % 2 else "\n"
        return line.decode("utf-8", "surrogateescape")


def read(lines: Iterator[bytes], layout: Layout, encoding: str, now: int) -> Contents:
    """The rows of a file. Raises OperatorError for one whose first line cannot be its header."""
    recognized = None
    skipped, first = 0, next(lines, b"")
    separator = layout.separator
    if (said := file_columns.said_by_file(first.decode("utf-8", "replace"))) is not None:
        skipped, first, separator = 1, next(lines, b""), separator or said
    if separator is None:
        separator = file_columns.recognized(first.decode("utf-8", "replace"), layout)
        if separator != ",":
            recognized = file_columns.name_of(separator)
    try:
        first.decode()
    except UnicodeDecodeError:
        raise OperatorError("header_not_in_encoding", encoding=encoding) from None
    csv.field_size_limit(LINE_BYTES_MAX)  # of the process; the rows have the same limit, with a sentence of ours
    source = _Lines(chain([first] if first else [], lines))
    reader = csv.reader(source, delimiter=separator, strict=True)
    columns = _header(reader, layout)
    return Contents(_rows(reader, source, _Columns(columns, encoding, now), skipped), separator=recognized)


def _header(reader: Any, layout: Layout) -> list[Column]:
    try:
        return file_columns.columns(next(reader, []), layout)
    except csv.Error as error:
        raise OperatorError("header_not_csv", reason=str(error)) from None


def _rows(reader: Any, source: _Lines, columns: "_Columns", skipped: int) -> Iterator[Row | Refused]:
    while True:
        line = reader.line_num + 1 + skipped
        source.begin_row()
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield refused(line, f"The row is not CSV: {_in_our_words(str(error))}.")
        else:
            if source.too_long:
                yield refused(line, TOO_LONG)
            elif any(map(str.strip, values)):
                yield columns.row(line, values)


def _in_our_words(error: str) -> str:
    """What the parser says, where it is about a value that does not end."""
    unended = error == "unexpected end of data" or error.startswith("field larger")
    return "a quotation mark that opens a value has no other one that closes it" if unended else error


class _Columns:
    """The columns of a file, and how the values in them are read."""

    def __init__(self, columns: Sequence[Column], encoding: str, now: int) -> None:
        self._columns = columns
        self._encoding = encoding.upper()
        self._now = now
        self._taken = [(place, each.member) for place, each in enumerate(columns) if each.member]
        self._unnamed = [place for place, each in enumerate(columns) if each.member == UNNAMED]
        self._titles = {each.member: each.title for each in columns}

    def row(self, line: int, values: list[str]) -> Row | Refused:
        """One row."""
        count = len(self._columns)
        if len(values) < count or any(map(str.strip, values[count:])):
            return refused(line, f"The row has {len(values)} values for {count} columns.")
        unnamed = [place for place in self._unnamed if values[place].strip()]
        texts = {member: values[place] for place, member in self._taken}
        try:
            if unnamed:
                raise _BadCell
            "".join(values).encode()
            fields = {name: _value(name, text) for name, text in texts.items()}
            _join_phone_numbers(fields)
            return row_of(line, _encode(fields), self._cell_of(texts))
        except (_BadCell, msgspec.ValidationError, UnicodeEncodeError):
            nameless = (Fault(None, None, f"Column {place + 1} has a value and no name.") for place in unnamed)
            return Refused(line, (*nameless, *self._faults(texts)))

    def _faults(self, texts: dict[str, str]) -> Iterator[Fault]:
        """All that is wrong, looked for cell by cell."""
        for name, text in texts.items():
            cell = self._cell_of(texts)
            try:
                text.encode()
                fields = {name: _value(name, text)}
            except UnicodeEncodeError:
                shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                reason = f"{name} is not {self._encoding}. Say which encoding the file is in."
                yield Fault(self._titles[name], shown, reason)
            except _BadCell as error:
                yield Fault(*cell(name, b""), str(error))
            else:
                _join_phone_numbers(fields)
                members = {name: _encode(value) for name, value in fields.items()}
                yield from faults.in_members(members, self._now, cell)
        if all(texts.get(name, "").strip() for name in (PHONE_NUMBER, "phone_numbers")):
            yield Fault(None, None, BOTH)

    def _cell_of(self, texts: dict[str, str]) -> Callable[[str, bytes], Cell]:
        def cell(member: str, _raw: bytes) -> Cell:
            name = member
            if member == "phone_numbers" and (member not in texts or texts.get(PHONE_NUMBER, "").strip()):
                name = PHONE_NUMBER
            return Cell(self._titles.get(name, name), texts.get(name, ""))

        return cell


def _value(name: str, text: str) -> Any:
    """A cell as the member that it is; one of blanks alone is empty. Raises _BadCell."""
    if not text or text.isspace():
        return ""
    read = _CELLS.get(name)
    if read is None:
        return text
    try:
        return read(text)
    except NoFlag:
        raise _BadCell(no_flag(name)) from None
    except (msgspec.DecodeError, RecursionError):
        raise _BadCell(f"{name} must be JSON.") from None


class _BadCell(Exception):
    """A value that is none of its column."""


def _join_phone_numbers(fields: dict[str, Any]) -> None:
    """One number as a list of one. Raises _BadCell when both are given."""
    if PHONE_NUMBER in fields:
        number, numbers = fields.pop(PHONE_NUMBER), fields.get("phone_numbers", "")
        if number and numbers:
            raise _BadCell(BOTH)
        fields["phone_numbers"] = number or numbers


_CELLS: dict[str, Callable[[str], Any]] = {
    PHONE_NUMBER: lambda text: [{PHONE_NUMBER: text}],
    **dict.fromkeys(FLAGS, flag),
    "identifiers": msgspec.json.decode,
    "phone_numbers": msgspec.json.decode,
    "referral": msgspec.json.decode,
    "user_profile": msgspec.json.Decoder(dict[str, msgspec.Raw]).decode,
}
"""What the cell of a column is, where it is not its text."""
