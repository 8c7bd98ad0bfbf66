"""Customers in a file, one a row: CSV with a header, or JSON lines. Read as a stream; a bad row spoils no other."""

import csv
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, BinaryIO, NamedTuple

import msgspec
from msgspec import UNSET

from tessera.app.operators import OperatorError
from tessera.core import leniency
from tessera.core.customer_profiles import FLAGS, CustomerUpdate, NewCustomer
from tessera.core.decoding import refusal

LINE_BYTES_MAX = 1024 * 1024
PHONE_NUMBER = "phone_number"
"""A column of convenience: one mobile number, in place of the list `phone_numbers`."""

_COLUMNS = (*NewCustomer.__struct_fields__, PHONE_NUMBER)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Format(StrEnum):
    """How a file of customers is written."""

    CSV = "csv"
    JSONL = "jsonl"


class Row(NamedTuple):
    """A customer as the file has it: as a new one, and as what becomes of one who is known.

    `line` is the row's first line.
    """

    line: int
    new: NewCustomer
    update: CustomerUpdate


class Refused(NamedTuple):
    """A row that was turned down, and why."""

    line: int
    reason: str


def read(file: BinaryIO, form: Format) -> Iterator[Row | Refused]:
    """The rows of a file, as a stream. Raises OperatorError for a file that cannot be such a file at all."""
    return _csv_rows(file) if form is Format.CSV else _json_rows(file)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only the beginning, which is over `LINE_BYTES_MAX`."""
    first = True
    while line := file.readline(LINE_BYTES_MAX + 1):
        rest = line
        while len(rest) > LINE_BYTES_MAX and not rest.endswith(b"\n"):
            rest = file.readline(LINE_BYTES_MAX + 1)
        yield line.removeprefix(_BYTE_ORDER_MARK) if first else line
        first = False


_new = msgspec.json.Decoder(NewCustomer)
_update = msgspec.json.Decoder(CustomerUpdate)
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def _row(number: int, document: bytes) -> Row:
    """A row of a JSON object. Raises as a decoder does."""
    update = leniency.decode(_update, document)
    kept = {name: UNSET for name in FLAGS if getattr(update, name) is None}
    return Row(number, leniency.decode(_new, document), msgspec.structs.replace(update, **kept))


def _json_rows(file: BinaryIO) -> Iterator[Row | Refused]:
    for number, line in enumerate(_lines(file), 1):
        if not line.isspace():
            yield _json_row(number, line)


def _json_row(number: int, line: bytes) -> Row | Refused:
    if len(line) > LINE_BYTES_MAX:
        return Refused(number, f"The line is longer than {LINE_BYTES_MAX} bytes.")
    try:
        line.decode()
        return _row(number, line)
    except msgspec.ValidationError as error:
        return Refused(number, refusal(str(error)).public)
    except UnicodeDecodeError:
        return Refused(number, "The line is not UTF-8.")
    except (msgspec.DecodeError, RecursionError):
        return Refused(number, "The line is not valid JSON.")


def _csv_rows(file: BinaryIO) -> Iterator[Row | Refused]:
    texts = (line.decode("utf-8", "surrogateescape") for line in _lines(file))
    reader = csv.reader(texts, strict=True)
    columns = _header(reader)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(line, f"The row is not CSV: {error}.")
            continue
        if values:
            yield _csv_row(line, columns, values)


def _header(reader: Any) -> list[str]:
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise OperatorError(f"The first line is not CSV ({error}). It must name the columns.") from None
    unknown = [name for name in columns if name not in _COLUMNS]
    if unknown or len(set(columns)) < len(columns) or not {"external_id", "email"} & set(columns):
        wrong = f"{_printable(unknown[0])} is no column" if unknown else "a column is missing or stands twice"
        raise OperatorError(
            f"The first line must name the columns, external_id or email among them, and each once: {wrong}. There"
            f" are: {', '.join(_COLUMNS)}."
        )
    return columns


def _printable(text: str) -> str:
    return ascii(text[:40]).strip("'") if text else "an empty name"


def _csv_row(line: int, columns: list[str], values: list[str]) -> Row | Refused:
    if len(values) != len(columns):
        return Refused(line, f"The row has {len(values)} values for {len(columns)} columns.")
    try:
        "".join(values).encode()
        fields: dict[str, Any] = {
            column: _CELLS[column](value) if value and column in _CELLS else value
            for column, value in zip(columns, values, strict=True)
        }
        if PHONE_NUMBER in fields:
            fields["phone_numbers"] = fields.pop(PHONE_NUMBER) or fields.get("phone_numbers", "")
        return _row(line, msgspec.json.encode(fields))
    except UnicodeEncodeError:
        return Refused(line, "The row is not UTF-8.")
    except msgspec.ValidationError as error:
        return Refused(line, refusal(str(error)).public)
    except (msgspec.DecodeError, RecursionError):
        return Refused(line, "identifiers, phone_numbers, referral and user_profile must be JSON.")


_CELLS: dict[str, Callable[[str], Any]] = {
    PHONE_NUMBER: lambda text: [{PHONE_NUMBER: text}],
    "test_account": lambda text: {"true": True, "false": False}.get(text, text),
    "identifiers": msgspec.json.decode,
    "phone_numbers": msgspec.json.decode,
    "referral": msgspec.json.decode,
    "user_profile": _decode_members,
}
"""What the cell of a column is, where it is not its text."""
