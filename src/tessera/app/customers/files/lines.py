"""The lines of a text file as UTF-8, whatever encoding it is in, each within a limit."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tessera.app.operators import OperatorError
from tessera.core.nearest import nearest

LINE_BYTES_MAX = 1024 * 1024

UTF_8 = "utf-8"

ENCODINGS = (
    UTF_8,
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "mac-roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
)
"""What `--encoding` may name; other names of the same encodings are taken too."""

_CHUNK_BYTES = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, the longest first: that of UTF-32 begins like one of UTF-16."""

_CODECS = {codecs.lookup(each).name: each for each in ENCODINGS}


class Lines(NamedTuple):
    """The lines of a file as UTF-8, and the encoding that they came in.

    Of a line that is too long only the beginning is there, which is over `LINE_BYTES_MAX`, and one quotation mark more
    when there is an odd number of them in the rest: CSV has to know whether a value goes on. What cannot be decoded is
    not UTF-8 here either, so that its row is refused and no other.
    """

    encoding: str
    lines: Iterator[bytes]


def encoding_named(name: str) -> str:
    """One of `ENCODINGS` by any of its names. Raises OperatorError."""
    try:
        return _CODECS[codecs.lookup(name).name]
    except (LookupError, ValueError):
        raise OperatorError(
            "encoding_unknown", name=name, nearest=nearest(name, ENCODINGS), known=list(ENCODINGS)
        ) from None


def read(file: BinaryIO, encoding: str | None) -> Lines:
    """The lines of a file in this encoding; when None, by its byte order mark or its first bytes, else UTF-8.

    Raises OperatorError for a file that is not in the encoding that was named; while lines are read, too.
    """
    first = file.readline(LINE_BYTES_MAX + 1)
    recognized = _recognized(first)
    chosen = encoding or recognized
    if chosen == UTF_8 != recognized:
        raise OperatorError("encoding_differs", encoding=recognized)
    return Lines(chosen, _as_it_stands(file, first) if chosen == UTF_8 else _transcoded(file, first, chosen))


def _recognized(first: bytes) -> str:
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding
    if first[1:2] == b"\0":  # the other half of a letter, in a file without a mark
        return "utf-16-le"
    return "utf-16-be" if first[:1] == b"\0" else UTF_8


def _as_it_stands(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    line, skipped = first, len(codecs.BOM_UTF8) if first.startswith(codecs.BOM_UTF8) else 0
    while line:
        rest, marks = line, 0
        while len(rest) > LINE_BYTES_MAX and not rest.endswith(b"\n"):
            rest = file.readline(LINE_BYTES_MAX + 1)
            marks += rest.count(b'"')
        if marks % 2:
            line += b'"'
        yield line[skipped:] if skipped else line
        line, skipped = file.readline(LINE_BYTES_MAX + 1), 0


def _transcoded(file: BinaryIO, first: bytes, encoding: str) -> Iterator[bytes]:
    errors = "surrogatepass" if encoding.startswith("utf") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    chunk, pending, begun = first, "", False
    while True:
        broken = False
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:  # what even the error handler cannot take: a last character that is cut off
            text, broken = "\udcff", True
        except UnicodeError:
            raise OperatorError("file_not_in_encoding", encoding=encoding) from None
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True
        *whole, pending = (pending + text).split("\n")
        for line in whole:
            yield _encoded(f"{line}\n")
        pending = _beginning(pending)
        if not chunk or broken:
            break
        chunk = file.read(_CHUNK_BYTES)
    if pending:
        yield _encoded(pending)


def _beginning(text: str) -> str:
    """What is kept of a line that is too long, as `Lines` says."""
    kept, rest = text[: LINE_BYTES_MAX + 1], text[LINE_BYTES_MAX + 1 :]
    return f'{kept[:-1]}"{kept[-1]}' if rest.count('"') % 2 else kept


def _encoded(text: str) -> bytes:
    """A line in UTF-8; it is not UTF-8 where it could not be decoded."""
    return text.encode(UTF_8, "surrogatepass")
