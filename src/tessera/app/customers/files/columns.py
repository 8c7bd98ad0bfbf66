"""The columns of a CSV file of customers: how they are separated, and what member each of them is."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tessera.app.operators import OperatorError
from tessera.core.customers.profiles import NewCustomer

PHONE_NUMBER = "phone_number"
"""A member of convenience: one mobile number, in place of the list `phone_numbers`."""

MEMBERS = tuple(name for name in (*NewCustomer.__struct_fields__, PHONE_NUMBER) if name != "auth_token")

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

UNNAMED = ""
"""The member of a column that has no name: it may hold nothing."""

_NAMING = ("external_id", "identifiers", "email")
_DROPPED = re.compile(r"[\s_-]+")
_SAID = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class Layout(NamedTuple):
    """What the operator says of a file: separator, encoding, the members by the name of their column, what to ignore.

    A separator or an encoding that is None is recognized. Names of columns are as `key_of` gives them.
    """

    separator: str | None = None
    encoding: str | None = None
    renamed: Mapping[str, str] = {}
    ignored: frozenset[str] = frozenset()


class Column(NamedTuple):
    """A column by its title in the file; `member` is None when it is ignored."""

    title: str
    member: str | None


def key_of(title: str) -> str:
    """The name of a column, without regard to case, blanks, `_` and `-`."""
    return _DROPPED.sub("", title).casefold()


_BY_KEY = {key_of(member): member for member in MEMBERS}


def layout(separator: str | None, encoding: str | None, renamed: Iterable[str], ignored: Iterable[str]) -> Layout:
    """What the flags of the command say; `renamed` are texts `COLUMN=member`. Raises OperatorError."""
    members = {}
    for each in renamed:
        title, _, member = each.rpartition("=")
        if not title.strip() or key_of(member) not in _BY_KEY:
            raise OperatorError("column_mapping_malformed", mapping=each, members=list(MEMBERS))
        members[key_of(title)] = _BY_KEY[key_of(member)]
    return Layout(
        None if separator is None else separator_named(separator),
        encoding,
        members,
        frozenset(key_of(title) for each in ignored for title in each.split(",") if title.strip()),
    )


def separator_named(name: str) -> str:
    """A separator by its name, or one character. Raises OperatorError."""
    found = SEPARATORS.get(name.lower(), "\t" if name == r"\t" else name)
    if len(found) != 1 or found.isalnum() or found in '"\r\n ':
        raise OperatorError("separator_unusable", separator=name, known=list(SEPARATORS))
    return found


def said_by_file(line: str) -> str | None:
    """The separator in a first line `sep=;`, which spreadsheets write before the header."""
    found = _SAID.fullmatch(line)
    return found[1] if found else None


def recognized(header: str, layout: Layout) -> str:
    """The separator by which most names in the header are columns; a comma where nothing is better."""

    def known(separator: str) -> int:
        return sum(key_of(title) in _BY_KEY or key_of(title) in layout.renamed for title in _split(header, separator))

    return max(SEPARATORS.values(), key=known)


def _split(header: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=separator), [])
    except csv.Error:
        return []


def name_of(separator: str) -> str:
    """What a separator is called."""
    return next((name for name, each in SEPARATORS.items() if each == separator), separator)


def columns(titles: Sequence[str], layout: Layout) -> list[Column]:
    """The columns by the titles in the header. Raises OperatorError that names all that is wrong."""
    found = [_column(title.strip(), layout) for title in titles]
    keys = {key_of(each.title) for each in found}
    wrong = [
        *(f"{_named(title)} is no column" for title in _unknown(titles, layout)),
        *(f"{title} is not in the file" for title in sorted({*layout.renamed, *layout.ignored} - keys)),
        *(
            f"{member} stands twice" for member, count in Counter(each.member for each in found).items()
            if count > 1 and member
        ),
    ]  # fmt: skip
    if not {each.member for each in found} & set(_NAMING):
        wrong.append("a column is missing")
    if wrong:
        raise OperatorError("columns_unusable", problems="; ".join(wrong), members=list(MEMBERS))
    return found


def member_named(name: str, layout: Layout) -> str | None:
    """The member that a name of JSON lines means: the name itself when it is none of ours; None for one to ignore."""
    key = key_of(name)
    if key in layout.ignored:
        return None
    return layout.renamed.get(key) or _BY_KEY.get(key, name)


def _column(title: str, layout: Layout) -> Column:
    key = key_of(title)
    if key in layout.ignored:
        return Column(title, None)
    return Column(title, layout.renamed.get(key) or _BY_KEY.get(key, UNNAMED))


def _unknown(titles: Sequence[str], layout: Layout) -> list[str]:
    known = {"", *_BY_KEY, *layout.renamed, *layout.ignored}
    return [title.strip() for title in titles if key_of(title) not in known]


def _named(title: str) -> str:
    return title if len(title) <= 40 else f"{title[:40]}..."
