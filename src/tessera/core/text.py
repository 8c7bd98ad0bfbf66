"""Texts that callers send: the type of each kind of member, and what `leniency` may put right in it."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

TEXT_MAX = 255

CONTROL = r"\x00-\x1f\x7f-\x9f"
"""The control characters of ISO 6429, C0 and C1: a terminal obeys both."""

NO_CONTROL = rf"^[^{CONTROL}]*\Z"
ONE_LINE = rf"^[^{CONTROL}\u2028\u2029]*\Z"

FOLDS, UUID = "folds", "uuid"
"""Marks of a type: line breaks are folded, a UUID is put into lower case."""

_HEX = "[0-9A-Fa-f]"
_UUID = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_UPPER_CASE_UUID = rf"(?=[0-9a-f-]*[A-F]){_UUID}\Z"
_ID = rf"^(?!{_UPPER_CASE_UUID})[^{CONTROL}]*\Z"
_IN_SCHEMA = {"format": "uuid"}

Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=NO_CONTROL)]

Line = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=ONE_LINE, extra={FOLDS: True})]
"""A text of one line."""

Id = Annotated[
    str, Meta(min_length=1, max_length=TEXT_MAX, pattern=_ID, extra={UUID: True}, extra_json_schema=_IN_SCHEMA)
]
"""An id of ours; a UUID in any case means the same (RFC 9562 section 4)."""

_WHOLE_UUID = re.compile(_UUID)
_LINE_BREAKS = re.compile(r"[ ]*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+[ \t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]*")


def canonical_id(text: str) -> str:
    """An id as it is stored: a UUID in lower case, anything else as it came."""
    return text if text.islower() or not _WHOLE_UUID.fullmatch(text) else text.lower()


def same_id(one: str, other: str) -> bool:
    """Whether two texts are the same id."""
    return one == other or canonical_id(one) == canonical_id(other)


def folded(text: str) -> str:
    """A text in one line: every run of line breaks and tabs is one blank, and none at either end."""
    if not _LINE_BREAKS.search(text):
        return text
    return _LINE_BREAKS.sub("\n", text).strip("\n").replace("\n", " ")


def json_text(value: object) -> str:
    """A value as the JSON text under which it is stored."""
    return msgspec.json.encode(value).decode()
