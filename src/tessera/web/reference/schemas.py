"""The JSON schemas of what is sent and answered, made from the structs that do it."""

from collections.abc import Sequence
from types import UnionType
from typing import Union, get_args, get_origin

import msgspec

from tessera.web.reference import members
from tessera.web.reference.dialect import PREFIX, Schema, add_nullable, mend, parts, set_apart
from tessera.web.reference.naming import type_names


def schemas(
    bodies: Sequence[object], replies: Sequence[object]
) -> tuple[list[Schema], list[Schema], dict[str, Schema]]:
    """The schemas of bodies and of replies, each in its order, and the named ones that they point at.

    A member of a reply that has a default is always there, so it is required; one of a body may be left out. Raises
    ValueError when two types would have one name.
    """
    kinds = [kind for each in (*bodies, *replies) for kind in choices(each)]
    single, raw = msgspec.json.schema_components(kinds, ref_template=f"{PREFIX}{{name}}")
    ready = iter(single)
    made = [_either([next(ready) for _ in choices(each)]) for each in (*bodies, *replies)]
    named = _named([*made, *raw.values()], raw)
    everything = [*made, *named.values()]
    for each in parts(everything):
        mend(each)
    add_nullable(everything, named)
    sent = reached(made[: len(bodies)], named)
    for name, each in named.items():
        if "properties" in each and name not in sent:
            _always_there(each)
        members.describe(name, each, sent=name in sent)
    for each in parts([*made, *named.values()]):
        set_apart(each)
    return made[: len(bodies)], made[len(bodies) :], named


def choices(kind: object) -> tuple[object, ...]:
    """The types of a union, or the one type."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _either(found: list[Schema]) -> Schema:
    return found[0] if len(found) == 1 else {"anyOf": found}


def _named(everything: Sequence[Schema], raw: dict[str, Schema]) -> dict[str, Schema]:
    """The schemas under the names that the document has for them, and every reference with it."""
    names = type_names({key: str(each.get("title", key)) for key, each in raw.items()})
    for part in parts(list(everything)):
        if "$ref" in part:
            part["$ref"] = PREFIX + names[part["$ref"].removeprefix(PREFIX)]
    return {names[key]: {**each, "title": names[key]} for key, each in raw.items()}


def reached(schemas: Sequence[object], named: dict[str, Schema]) -> set[str]:
    """The names of the schemas that these point at, directly or through others."""
    reached: set[str] = set()
    waiting = list(schemas)
    while waiting:
        for part in parts(waiting.pop()):
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
