"""The fields of a request's body, and the values that are bad in each: told from its type, so for any struct."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import inspect

from tessera.core import leniency, text

LONG = 10 * 1024
FAR = 5_001
"""Elements of a list whose type does not say how many there may be."""

BROKEN = (
    b"NaN", b"Infinity", b"-Infinity", b'"\\ud800"', b'"a\\udc00z"', b'"\\ud83d"', b'"\\x41"', b'"\\u12"', b'"a\x00"',
    b'"a\nb"', b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'["\\ud800"]', b'{"a": NaN}',
)  # fmt: skip
"""What no JSON is, and is meant for some value all the same."""

HUGE = (b"1e400", b"-1e400", b"1e99999999999999999999", b"1e-99999999999999999999", b"9" * 5_000, b"-" + b"9" * 5_000)
"""Numbers that JSON has and nobody can use."""

BEYOND = (b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1" + b"0" * 400)
"""Integers that a database has no room for."""

SAMPLES = {
    "str": (b'"text"', b'"12"', b'"true"'),
    "int": (b"12", b"-1", b"0"),
    "float": (b"1.5", b"1e2"),
    "bool": (b"true", b"false"),
    "null": (b"null",),
    "array": (b"[]", b"[null]", b'["a", ["b"]]'),
    "object": (b"{}", b'{"a": {"b": 1}}'),
}

RULED: dict[str, tuple[bytes, ...]] = {
    "amount": (b"0", b"-0", b"-1", b"-0.0001", b"0.00001", b"1e-400", b"100000000000.0001"),
    "country": (b'"XX"', b'"QQQ"', b'"U1A"', b'"\xc3\x89\xc3\x89\xc3\x89"', b'"Italy"'),
    "dob": (
        b'"2023-02-29"', b'"2023-02-30"', b'"1999-13-01"', b'"1999-00-10"', b'"0000-01-01"', b'"19900101"',
        b'"1990-1-1"', b'"9999-12-31"', b'"10000-01-01"', b'"-001-01-01"', b'"1990-01-01T00:00:00Z"', b'"1990-W01-1"',
        b'" 1990-01-01"', b'"\xef\xbc\x91990-01-01"',
    ),
    "keep": (b"-1", b"-0.0001", b"0.00001", b"5000.0001", b"100000000000.0001"),
    "minimum": (b"-1", b"-0.0001", b"0.00001", b"100000000000.0001"),
    "per": (b"0", b"-0", b"-1", b"-0.0001", b"0.00001", b"1e-400", b"100000000000.0001"),
    "points": (b"0", b"-0", b"-1", b"-0.0001", b"0.00001", b"1e-400", b"100000000000.0001"),
    "gender": (b'"x"', b'"other"'),
    "profile_photo_url": (b'"ada.png"', b'"javascript:alert(1)"', b'"//host/ada.png"'),
    "external_id": (b'" "', b'"a\xc2\xadb"', b'"\xef\xbb\xbfa"'),
    "auth_token": (b"true", b'"true"'),
    "sort_column": (b'"created"', b'"name;"', b'" name"', b'"retailer_id"'),
    "sort_direction": (b'"up"', b'"1"', b'"descend"'),
    "email": (
        b'"nobody"', b'"a\xe2\x80\x8bb@c.example"', b'"a@\xe2\x99\xa5.example"', b'"a@b"', b'"a b@c.example"',
        b'"@c.example"', b'"a@@c.example"',
    ),
}  # fmt: skip
"""Values of the right type that a rule forbids, by the name of the field."""

MONEY = (b"0.00001", b"100000000000.0001", b"-100000000000.0001")
"""Values that no amount of money has; it may be negative."""

RULED |= {
    **dict.fromkeys(("subtotal", "unit_price", "quantity"), MONEY),
    **dict.fromkeys(("request_payload.payments[].amount", "request_payload.discounts[].amount"), MONEY),
    **dict.fromkeys(("open_time", "modified_time"), (b'"soon"', b'"2026-02-30"', b'"0000-01-01"', b'"10000-01-01"')),
    "expires_at": (b'"soon"', b'"2026-02-30 00:00:00"', b'"10000-01-01 00:00:00"'),
    "user_id_type": (b'"Email"',),
    "request_payload.type": (b'"void"', b'"purchases"'),
}
"""Names with a path go before those without."""


class Field(NamedTuple):
    """A field by the name that the service gives it, and where it stands in a body.

    One that is `optional` is not given when it is null or an empty text; an element of a list is neither.
    """

    name: str
    keys: tuple[str | int, ...]
    kind: inspect.Type
    required: bool
    optional: bool = False


def fields(kind: object, valid: object) -> Iterator[Field]:
    """Every field of a body, those within lists and structs included; `valid` is a body that has all of them."""
    yield from _within(inspect.type_info(kind), valid, "", ())


def _within(kind: inspect.Type, valid: Any, name: str, keys: tuple[str | int, ...]) -> Iterator[Field]:
    for each in alternatives(kind):
        if isinstance(each, inspect.StructType):
            for field in each.fields:
                inner = f"{name}.{field.encode_name}" if name else field.encode_name
                assert field.encode_name in valid, f"the valid request has no {inner}: add it"
                optional = not field.required and not each.forbid_unknown_fields
                yield Field(inner, (*keys, field.encode_name), field.type, field.required, optional)
                yield from _within(field.type, valid[field.encode_name], inner, (*keys, field.encode_name))
        elif isinstance(each, inspect.ListType):
            assert valid, f"the list {name} of the valid request is empty: put something in"
            last = len(valid) - 1
            yield Field(f"{name}[{last}]", (*keys, last), each.item_type, required=False)
            yield from _within(each.item_type, valid[last], f"{name}[{last}]", (*keys, last))
        elif isinstance(each, inspect.DictType):
            assert valid, f"the object {name} of the valid request is empty: put something in"
            key = next(iter(valid))
            yield Field(f"{name}[...]", (*keys, key), each.value_type, required=False)


def alternatives(kind: inspect.Type) -> list[inspect.Type]:
    """The types that a value may be of."""
    bare = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(bare, inspect.UnionType):
        return [each for inner in bare.types for each in alternatives(inner)]
    return [bare]


def bad_values(field: Field, valid: Any) -> Iterator[bytes]:
    """JSON, or what was meant to be JSON, that must not stand in this field; `valid` is what may."""
    meant = {b"null", b'""'} if field.optional else set()
    marks = {mark for each in leniency.alternatives(field.kind) for mark in getattr(each, "extra", None) or ()}
    if text.FOLDS in marks:
        meant.add(b'"a\\nb"')
    kinds = alternatives(field.kind)
    free = any(isinstance(each, inspect.StrType) for each in kinds) and text.UUID not in marks and not _closed(field)
    if any(isinstance(each, inspect.BoolType) for each in kinds) and not _closed(field):
        meant |= {b"0", b'"true"'}
    for each in _bad_values(field, valid):
        digits = free and each.removeprefix(b"-").isdigit() and len(each) <= text.TEXT_MAX
        if each not in meant and not digits:
            yield each


def _closed(field: Field) -> bool:
    """Whether the field is of a declaration, in which everything means what it says."""
    return field.name.startswith("program")


def _bad_values(field: Field, valid: Any) -> Iterator[bytes]:
    yield from BROKEN
    taken = _taken(field.kind)
    if taken is None:
        yield from (*(each for each in HUGE if b"e-" not in each), b'"a\\u0000b"', b'{"a": ["\\u0000"]}', b"[1e400]")
        return
    for kind, samples in SAMPLES.items():
        if kind not in taken:
            yield from samples
    yield from HUGE
    yield from BEYOND
    path = re.sub(r"\[\d+\]", "[]", field.name)
    yield from RULED.get(path, RULED.get(str(field.keys[-1]), ()))
    for each in alternatives(field.kind):
        yield from _out_of_bounds(each, valid)


_TAKES: dict[type[inspect.Type], frozenset[str]] = {
    inspect.BoolType: frozenset({"bool"}),
    inspect.EnumType: frozenset({"str"}),
    inspect.DictType: frozenset({"object"}),
    inspect.FloatType: frozenset({"float", "int"}),
    inspect.IntType: frozenset({"int"}),
    inspect.ListType: frozenset({"array"}),
    inspect.LiteralType: frozenset({"str"}),
    inspect.NoneType: frozenset({"null"}),
    inspect.StrType: frozenset({"str"}),
    inspect.StructType: frozenset({"object"}),
}


def _taken(kind: inspect.Type) -> frozenset[str] | None:
    """The kinds of JSON values that a field may hold; None for any."""
    if isinstance(kind, inspect.Metadata) and (kind.extra_json_schema or {}).get("type") == "number":
        return _TAKES[inspect.FloatType]
    if isinstance(kind, inspect.UnionType):
        taken = [_taken(each) for each in kind.types]
        return None if None in taken else frozenset().union(*(each for each in taken if each is not None))
    known = alternatives(kind)
    if any(isinstance(each, inspect.AnyType | inspect.RawType) for each in known):
        return None
    unheard = [each for each in known if type(each) not in _TAKES]
    assert unheard == [], "say in _TAKES and _out_of_bounds which values are bad for these"
    return frozenset().union(*(_TAKES[type(each)] for each in known))


def _out_of_bounds(kind: inspect.Type, valid: Any) -> Iterator[bytes]:
    """Values of this very type that are too long, too short, too large or too small."""
    match kind:
        case inspect.StrType():
            yield from (
                b'""',
                b'"\\u0000"',
                b'"a\\u0000b"',
                b'"a\\nb"',
                b'"\\u007f"',
                b'"\\u009b"',
                b'"' + b"a" * LONG + b'"',
            )
            yield '"{}"'.format("é" * ((kind.max_length or LONG) + 1)).encode()
        case inspect.LiteralType() | inspect.EnumType():
            yield from (b'""', b'"text"', b'"' + b"a" * LONG + b'"')
        case inspect.IntType():
            yield from (b"%d" % (each) for each in (_below(kind), _above(kind)))
        case inspect.ListType():
            if kind.min_length:
                yield b"[]"
            yield json.dumps([valid[0]] * ((kind.max_length or FAR) + 1)).encode()
        case inspect.DictType():
            value = json.dumps(next(iter(valid.values()))).encode()
            for key in (b"", b"a\\u0000", b"\\ud800", b"\xff", b"a" * LONG):
                yield b'{"%b": %b}' % (key, value)
            if kind.min_length:
                yield b"{}"
            if kind.max_length is not None:
                yield b"{%b}" % b", ".join(b'"%d": %b' % (place, value) for place in range(kind.max_length + 1))


def _below(kind: inspect.IntType) -> int:
    return -(2**63) - 1 if kind.ge is None else int(kind.ge) - 1


def _above(kind: inspect.IntType) -> int:
    return 2**63 if kind.le is None else int(kind.le) + 1
