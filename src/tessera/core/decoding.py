"""How a value that does not fit its type is refused: with the name of the field, what is allowed, and the value."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from tessera.core.allowed import allowed
from tessera.core.errors import NOT_SHOWN, ArgumentError, MissingData
from tessera.core.leniency import alternatives, info
from tessera.core.sent_values import Number, may_be_shown

_MISSING = re.compile(r"Object missing required field `(\w+)`")
_AT = re.compile(r" - at (`key` in )?`\$\.?([^`]*)`$")
_PATTERN = re.compile(r"^Expected `str` matching regex .*", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field .*", re.DOTALL)
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|(\w+)")
_ANY = inspect.AnyType()
_BROKEN = re.compile("[\ud800-\udfff]")

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_value = msgspec.json.Decoder().decode

NOT_JSON = "The body is not valid JSON."
MULTIPART = "The body is multipart/form-data. Send it as JSON (application/json)."
NO_TEXT = "it has a raw control character, a wrong escape, or bytes that are not UTF-8"
NO_NUMBER = "it is no number that JSON has, or one that is out of range"


def refusal(text: str, kind: object, body: object = NOT_SHOWN) -> ArgumentError | MissingData:
    """The refusal for what msgspec says of a value: MissingData for an absent field, otherwise ArgumentError.

    `kind` is the type that was expected, which says what is allowed; the value itself is found in `body`: bytes
    of JSON, or the values that were read from them.
    """
    at = _AT.search(text)
    place = at.group(2) if at else ""
    missing = _MISSING.search(text)
    if missing:
        name = f"{place}.{missing.group(1)}" if place else missing.group(1)
        return MissingData(f"The field {name} is missing.")
    reason = text[: at.start()] if at else text
    of_name = at is not None and at.group(1) is not None
    if _PATTERN.match(reason):  # control characters are all that the patterns of our types refuse
        reason = "it has a control character"
    elif _UNKNOWN.match(reason):
        reason = "it has a member that is not known"
    else:
        reason = f"it must be {allowed(_type_at(info(kind), place, of_name=of_name))}"
    if of_name:
        reason = f"the name of a member: {reason}"
    named = f"The field {place}" if place else "The body"
    sent = NOT_SHOWN if of_name or body is NOT_SHOWN else _sent(body, place)
    return ArgumentError(f"{named} cannot be used: {reason}.", sent=sent)


def _type_at(kind: inspect.Type, place: str, *, of_name: bool) -> inspect.Type:
    """The type of a field by its path; of the names of its members where `of_name` says so."""
    for index, name in _STEP.findall(place):
        for each in map(_bare, alternatives(kind)):
            match each:
                case inspect.StructType(fields=fields) if name:
                    kind = next((field.type for field in fields if field.encode_name == name), _ANY)
                case inspect.ListType(item_type=item) if index and index != "...":
                    kind = item
                case inspect.DictType(value_type=value) if index == "...":
                    kind = value
                case _:
                    continue
            break
        else:
            return _ANY
    if of_name:
        return next(
            (each.key_type for each in map(_bare, alternatives(kind)) if isinstance(each, inspect.DictType)), _ANY
        )
    return kind


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _sent(body: object, place: str) -> object:
    """The value at a path of a body; `NOT_SHOWN` where it may be a secret, or its name is the sender's own."""
    if not may_be_shown(place) or "[...]" in place:
        return NOT_SHOWN
    found: Any = body
    try:
        for index, name in _STEP.findall(place):
            if isinstance(found, bytes):
                found = bytes(_elements(found)[int(index)] if index else _members(found)[name])
            else:
                found = found[int(index) if index else name]
        if not isinstance(found, bytes):
            return found
        return Number(found.decode()) if found[:1] in b"-0123456789" else _value(found)
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, RecursionError, ArithmeticError):
        return NOT_SHOWN


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
