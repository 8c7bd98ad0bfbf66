"""What msgspec says of a type, put into the words of JSON Schema that every generator of clients reads.

Generators know less than the standard: a `$ref` with siblings loses them, a choice with null becomes a type of its own,
a number without a format becomes 32 bits wide. These rules hold for every schema of the document.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

PREFIX = "#/components/schemas/"
ALSO = "x-also-accepted"
"""What is taken beside what a schema says; shown in words, and left out of everybody's generated types."""

NULL: Schema = {"type": "null"}
INT32_MAX = 2**31 - 1
_OR_NULL = "OrNull"
_WORDS = {"false", "true"}


def parts(value: object) -> Iterator[Schema]:
    """Every object inside a value, itself first."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from parts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from parts(each)


def mend(schema: Schema) -> None:
    """Say it in words that every reader of JSON Schema knows. What is inside is mended after what holds it."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str):  # the end of a text is `$` in ECMA-262, which knows no `\Z`
        schema["pattern"] = pattern.replace(r"\Z", "$")
    choices = schema.get("enum")
    if isinstance(choices, list) and all(isinstance(each, str) for each in choices):
        schema["type"] = "string"
    if "anyOf" in schema:
        _choose(schema)
    if schema.get("type") == "null":
        schema["type"] = ["string", "null"]
    if "propertyNames" in schema:
        schema["propertyNames"].setdefault("type", "string")
    if schema.get("default", ...) is None:  # null is not given, as everywhere
        del schema["default"]
    if schema.get("format") == "uuid":  # it says all of it
        for name in ("pattern", "minLength", "maxLength"):
            schema.pop(name, None)
    _widen(schema)


def _choose(schema: Schema) -> None:
    """Put a choice into one type where it is one: with null, of numbers, of a truth value and the words for it."""
    found = [each for each in schema["anyOf"] if each != NULL]
    nullable = len(found) < len(schema["anyOf"])
    for each in found:
        mend(each)
    if [each.get("type") for each in found] == ["integer", "number"]:  # an integer is a number
        found = found[1:]
    elif len(found) == 2 and found[0].get("type") == "boolean" and set(found[1].get("enum", ())) == _WORDS:
        found = found[:1]
        schema[ALSO] = sorted(_WORDS)
    if len(found) > 1:
        _keep_choice(schema, found, nullable=nullable)
        return
    del schema["anyOf"]
    for name, value in found[0].items():
        schema.setdefault(name, value)
    if not nullable:
        return
    if "$ref" in schema:
        schema["$ref"] += _OR_NULL
    elif isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]


def _keep_choice(schema: Schema, found: list[Schema], *, nullable: bool) -> None:
    """A choice between several types; null belongs to the first that is none, and what is usual is told in words."""
    schema["anyOf"] = found
    if nullable:
        first = next(each for each in found if "type" in each)
        first["type"] = [first["type"], "null"]
    usual = schema.pop("default", None)
    if usual is not None:
        schema["description"] = f"{schema.get('description', '')} `{usual}` when left out.".strip()


def _widen(schema: Schema) -> None:
    """Numbers as wide as ours are, which generators otherwise take for 32 bits."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "number" in kinds:
        schema.setdefault("format", "double")
    elif "integer" in kinds and schema.get("maximum", INT32_MAX + 1) > INT32_MAX:
        schema.setdefault("format", "int64")


def set_apart(schema: Schema) -> None:
    """A `$ref` has no siblings: they stand beside an `allOf`."""
    if "$ref" in schema and len(schema) > 1:
        schema["allOf"] = [{"$ref": schema.pop("$ref")}]


def add_nullable(schemas: list[Schema], named: dict[str, Schema]) -> None:
    """A type for each one that may also be null where it is used."""
    wanted = {str(part["$ref"]).removeprefix(PREFIX) for part in parts(schemas) if "$ref" in part}
    for name in sorted(wanted - set(named)):
        named[name] = named[name.removesuffix(_OR_NULL)] | {"title": name, "type": ["object", "null"]}
