"""A file of customers, CSV or JSON lines, read as a stream; a bad row spoils no other."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import BinaryIO

from tessera.app.customers.files import csv_rows, json_lines
from tessera.app.customers.files import lines as file_lines
from tessera.app.customers.files.columns import Layout
from tessera.app.customers.files.csv_rows import Contents
from tessera.app.customers.files.lines import UTF_8
from tessera.app.operators import OperatorError


class Format(StrEnum):
    """How a file of customers is written."""

    CSV = "csv"
    JSONL = "jsonl"


def read(file: BinaryIO, form: Format, layout: Layout, now: int) -> Contents:
    """Read a file. Raises OperatorError for one that cannot be such a file at all."""
    if form is Format.JSONL and layout.separator is not None:
        raise OperatorError("separator_without_columns")
    encoding, lines = file_lines.read(file, layout.encoding)
    lines = _with_line_ends(lines)
    recognized = None if encoding == (layout.encoding or UTF_8) else encoding
    if form is Format.JSONL:
        return Contents(json_lines.rows(lines, layout, encoding, now), recognized)
    return csv_rows.read(lines, layout, encoding, now)._replace(encoding=recognized)


def _with_line_ends(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The same lines. Raises OperatorError when the first of them is many, which end in carriage returns alone."""
    first = next(lines, b"")
    head, ended, _ = first.rstrip(b"\r\n").partition(b"\r")
    if ended and head.count(b'"') % 2 == 0:
        raise OperatorError("line_ends_unusable")
    return chain([first] if first else [], lines)
