"""A file of customers, CSV or JSON lines, read as a stream; a bad row spoils no other."""

from enum import StrEnum
from typing import BinaryIO

from tessera.app import customer_csv, customer_json_lines, file_lines
from tessera.app.customer_columns import Layout
from tessera.app.customer_csv import Contents
from tessera.app.file_lines import UTF_8
from tessera.app.operators import OperatorError


class Format(StrEnum):
    """How a file of customers is written."""

    CSV = "csv"
    JSONL = "jsonl"


def read(file: BinaryIO, form: Format, layout: Layout, now: int) -> Contents:
    """Read a file. Raises OperatorError for one that cannot be such a file at all."""
    if form is Format.JSONL and layout.separator is not None:
        raise OperatorError("--separator is for CSV: JSON lines have no columns. Leave it out.")
    encoding, lines = file_lines.read(file, layout.encoding)
    notes = [] if encoding == (layout.encoding or UTF_8) else [f"The file is {encoding.upper()}, and is read so."]
    if form is Format.JSONL:
        return Contents(customer_json_lines.rows(lines, layout, encoding, now), notes)
    found = customer_csv.read(lines, layout, encoding, now)
    return Contents(found.rows, notes + found.notes)
