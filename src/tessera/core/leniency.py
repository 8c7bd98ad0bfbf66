"""What a body was meant to say, by one rule that is read off its type.

An optional member that is null or an empty text is not given: it is left out, or stands as null where the type has a
meaning for null (an update clears by it). Where a text of free form is expected a whole number stands for its digits,
and where true or false is expected a word does (`flags`). A type may also say (`texts`) that line breaks are folded, or
that a UUID may come in upper case. All else stays, to be refused by the type; so does everything in a type that forbids
unknown members: in a declaration it means something to leave one out.
"""

import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from tessera.core import flags
from tessera.core import text as core_text

T = TypeVar("T")

NOT_GIVEN = (b"null", b'""')

_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type, as it stands or as it was meant. Raises as the decoder does."""
    try:
        decoded = decoder.decode(body)
    except msgspec.ValidationError:
        meant = _meant(body, _info_of(decoder))
        if meant == body:
            raise
        return decoder.decode(meant)
    if b'""' not in body:
        return decoded
    meant = _meant(body, _info_of(decoder))  # a member of any type, such as an amount, is taken when it is empty
    return decoded if meant == body else decoder.decode(meant)


def _info_of(decoder: msgspec.json.Decoder[Any]) -> inspect.Type:
    kind: Any = decoder.type
    return info(kind)


@lru_cache(maxsize=256)
def info(kind: Any) -> inspect.Type:
    """What a type says of itself."""
    return inspect.type_info(kind)


def _meant(raw: bytes, kind: inspect.Type) -> bytes:
    """One value; what cannot be read as its type stays as it came."""
    try:
        match _alternative(kind, raw[:1]), raw[:1]:
            case inspect.StructType(fields=fields, forbid_unknown_fields=False), b"{":
                return _struct(raw, fields)
            case inspect.ListType(item_type=item), b"[":
                elements = [bytes(each) for each in _elements(raw)]
                meant = [_meant(each, item) for each in elements]
                return raw if meant == elements else b"[%b]" % b",".join(meant)
            case inspect.DictType(value_type=value), b"{":
                members = {name: bytes(each) for name, each in _members(raw).items()}
                return _joined(raw, members, {name: _meant(each, value) for name, each in _given(members, value)})
            case inspect.Metadata(extra=dict(marks)), b'"':
                return _encode(_put_right(_text(raw), marks))
            case inspect.BoolType(), _:
                meaning = flags.meaning(_text(raw) if raw[:1] == b'"' else raw.decode())
                return raw if meaning is None else _encode(meaning)
            case inspect.StrType() | inspect.Metadata(type=inspect.StrType()) as text, _:
                return b'"%b"' % raw if _INTEGER.fullmatch(raw) and not _marked(text, core_text.UUID) else raw
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    return raw


def _given(members: dict[str, bytes], value: inspect.Type) -> list[tuple[str, bytes]]:
    """The members of an object whose names are the sender's own, without those that are empty and cannot be texts."""
    if any(isinstance(each, _EMPTY_MEANS_SOMETHING) for each in alternatives(value)):
        return list(members.items())
    return [(name, each) for name, each in members.items() if each not in NOT_GIVEN]


_EMPTY_MEANS_SOMETHING = (inspect.AnyType, inspect.RawType, inspect.StrType, inspect.Metadata)


def _marked(kind: inspect.Type, mark: str) -> bool:
    return isinstance(kind, inspect.Metadata) and mark in (kind.extra or {})


def _struct(raw: bytes, fields: tuple[inspect.Field, ...]) -> bytes:
    members = {name: bytes(each) for name, each in _members(raw).items()}
    meant = dict(members)
    for field in fields:
        name = field.encode_name
        if name not in members:
            continue
        if field.required or members[name] not in NOT_GIVEN:
            meant[name] = _meant(members[name], field.type)
        elif clearable(field.type):
            meant[name] = b"null"
        else:
            del meant[name]
    return _joined(raw, members, meant)


def _joined(raw: bytes, members: dict[str, bytes], meant: dict[str, bytes]) -> bytes:
    """An object of what was meant; as it came when that is the same, so that a member that stands twice stays so."""
    if meant == members:
        return raw
    return _encode({name: msgspec.Raw(each) for name, each in meant.items()})


def clearable(kind: inspect.Type) -> bool:
    """Whether null has a meaning for a member of this type."""
    return any(isinstance(each, inspect.NoneType) for each in alternatives(kind))


def alternatives(kind: inspect.Type) -> list[inspect.Type]:
    """The types of a union, or the one type; types of texts keep their marks."""
    if isinstance(kind, inspect.UnionType):
        return [each for inner in kind.types for each in alternatives(inner)]
    if isinstance(kind, inspect.Metadata) and not kind.extra:
        return alternatives(kind.type)
    return [kind]


def _alternative(kind: inspect.Type, first: bytes) -> inspect.Type | None:
    """The one of several types that a value is meant for which begins so."""
    several = alternatives(kind)
    if first in (b"{", b"["):
        shapes = (inspect.StructType, inspect.DictType) if first == b"{" else (inspect.ListType,)
        return next((each for each in several if isinstance(each, shapes)), None)
    if first != b'"' and any(isinstance(each, _NUMBERS) for each in several):
        return None
    return next((each for each in several if isinstance(each, _PUT_RIGHT)), None)


_NUMBERS = (inspect.IntType, inspect.FloatType, inspect.AnyType)
_PUT_RIGHT = (inspect.Metadata, inspect.StrType, inspect.BoolType)


def _put_right(text: str, marks: dict[str, Any]) -> str:
    if core_text.FOLDS in marks:
        text = core_text.folded(text)
    return core_text.canonical_id(text) if core_text.UUID in marks else text
