"""How a value that does not fit its type is refused: with the name of the field, and nothing of what stood there."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import inspect

from tessera.core.errors import ArgumentError, MissingData

_MISSING = re.compile(r"Object missing required field `(\w+)`")
_AT = re.compile(r" - at (`key` in )?`\$\.?([^`]*)`$")
_PATTERN = re.compile(r"^Expected `str` matching regex .*", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field .*", re.DOTALL)
_QUOTED = re.compile(r"(?<=^Invalid enum value) .*", re.DOTALL)
_ANY = inspect.AnyType()
_BROKEN = re.compile("[\ud800-\udfff]")

NOT_JSON = "The body is not valid JSON."
MULTIPART = "The body is multipart/form-data. Send it as JSON (application/json)."
NO_TEXT = "it has a raw control character, a wrong escape, or bytes that are not UTF-8"
NO_NUMBER = "it is no number that JSON has, or one that is out of range"


def refusal(text: str) -> ArgumentError | MissingData:
    """The refusal for what msgspec says of a value: MissingData for an absent field, otherwise ArgumentError."""
    at = _AT.search(text)
    place = at.group(2) if at else ""
    missing = _MISSING.search(text)
    if missing:
        name = f"{place}.{missing.group(1)}" if place else missing.group(1)
        return MissingData(f"The field {name} is missing.")
    reason = _QUOTED.sub("", text[: at.start()] if at else text)  # what was sent may be a secret in a wrong place
    reason = _PATTERN.sub("it has a control character", reason)  # the only pattern that our types ask for
    reason = _UNKNOWN.sub("it has a member that is not known", reason)
    if at and at.group(1):
        reason = f"the name of a member: {reason}"
    return ArgumentError(f"{f'The field {place}' if place else 'The body'} cannot be used: {reason}.")


class Unreadable:
    """Stands in a document in the place of a number that is none."""


def broken(document: object, kind: object) -> ArgumentError:
    """The refusal for a body that is not JSON, given all the same as it was meant.

    In `document` an object is a tuple of its pairs. A text that cannot be one holds a lone surrogate, a number that
    cannot be one is `Unreadable`. `kind` is the type that was expected: only its names are told.
    """
    found = _found(document, inspect.type_info(kind), "")
    if found is None or not found.place:
        return ArgumentError(NOT_JSON)
    return ArgumentError(f"The field {found.place} cannot be used: {found.reason}.")


class _Found(NamedTuple):
    place: str
    reason: str


def _found(value: object, kind: inspect.Type, path: str) -> _Found | None:
    """The first broken value within the fields that are known."""
    match value, _alternative(kind, value):
        case list(), inspect.ListType(item_type=item):
            found = (_found(each, item, f"{path}[{index}]") for index, each in enumerate(value))
        case tuple(), inspect.StructType(fields=known):
            fields = {field.encode_name: field.type for field in known}
            prefix = f"{path}." if path else ""
            found = (
                _found(each, fields[name], f"{prefix}{name}") if name in fields else _found([name, each], _ANY, path)
                for name, each in value
            )
        case tuple(), inspect.DictType(value_type=item):
            if any(_BROKEN.search(name) for name, _ in value):
                return _Found(path, f"the name of a member: {NO_TEXT}")
            found = (_found(each, item, f"{path}[...]") for _, each in value)
        case _:
            reason = _reason(value)
            return None if reason is None else _Found(path, reason)
    return next((each for each in found if each is not None), None)


def _alternative(kind: inspect.Type, value: object) -> inspect.Type:
    """The one of several types that a value of this shape is meant for."""
    if isinstance(kind, inspect.Metadata):
        return _alternative(kind.type, value)
    if not isinstance(kind, inspect.UnionType):
        return kind
    wanted = inspect.ListType if isinstance(value, list) else (inspect.StructType, inspect.DictType)
    bare = (each.type if isinstance(each, inspect.Metadata) else each for each in kind.types)
    return next((each for each in bare if isinstance(each, wanted)), kind)


def _reason(value: object) -> str | None:
    """What is broken in a value, or anywhere within it."""
    waiting: list[object] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Unreadable):
            return NO_NUMBER
        if isinstance(each, str):
            if _BROKEN.search(each):
                return NO_TEXT
        elif isinstance(each, Sequence):
            waiting += each
    return None
