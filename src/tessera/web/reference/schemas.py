"""The JSON schemas of what is sent and answered, made from the structs that do it."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

Schema = dict[str, Any]

PREFIX = "#/components/schemas/"


def schemas(
    bodies: Sequence[object], replies: Sequence[object]
) -> tuple[list[Schema], list[Schema], dict[str, Schema]]:
    """The schemas of bodies and of replies, each in its order, and the named ones that they point at.

    A member of a reply that has a default is always there, so it is required; one of a body may be left out.
    """
    kinds = [kind for each in (*bodies, *replies) for kind in choices(each)]
    single, named = msgspec.json.schema_components(kinds, ref_template=f"{PREFIX}{{name}}")
    ready = iter(single)
    made = [_either([next(ready) for _ in choices(each)]) for each in (*bodies, *replies)]
    for each in _parts([*made, *named.values()]):
        _mend(each)
    sent = _reached(made[: len(bodies)], named)
    for name, each in named.items():
        if name not in sent and "properties" in each:
            _always_there(each)
    return made[: len(bodies)], made[len(bodies) :], named


def choices(kind: object) -> tuple[object, ...]:
    """The types of a union, or the one type."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _either(found: list[Schema]) -> Schema:
    return found[0] if len(found) == 1 else {"anyOf": found}


def _parts(value: object) -> Iterator[Schema]:
    """Every object inside a value, itself first."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _parts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _parts(each)


def _mend(schema: Schema) -> None:
    """Say what msgspec says in words that every reader of JSON Schema knows."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str):  # the end of a text is `$` in ECMA-262, which knows no `\Z`
        schema["pattern"] = pattern.replace(r"\Z", "$")
    if schema.get("anyOf") == [{"type": "integer"}, {"type": "number"}]:  # an integer is a number
        del schema["anyOf"]
        schema["type"] = "number"
    choices = schema.get("enum")
    if isinstance(choices, list) and all(isinstance(each, str) for each in choices):
        schema["type"] = "string"


def _reached(schemas: Sequence[Schema], named: dict[str, Schema]) -> set[str]:
    """The names of the schemas that these point at, directly or through others."""
    reached: set[str] = set()
    waiting = list(schemas)
    while waiting:
        for part in _parts(waiting.pop()):
            name = str(part.get("$ref", "")).removeprefix(PREFIX)
            if name in named and name not in reached:
                reached.add(name)
                waiting.append(named[name])
    return reached


def _always_there(schema: Schema) -> None:
    """Require the members that have a default; a default of null stands for a member that is left out."""
    required = schema.setdefault("required", [])
    for name, member in schema["properties"].items():
        default = member.pop("default", None)
        if default is not None and name not in required:
            required.append(name)
