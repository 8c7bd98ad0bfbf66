"""The values that a type allows, in words, for the refusal of one that it does not."""

from msgspec import inspect

from tessera.core.flags import CHOICES
from tessera.core.text import UUID


def allowed(kind: inspect.Type) -> str:
    """The values of a type, as "a whole number from 1 to 100"."""
    found = dict.fromkeys(_one(each) for each in _alternatives(kind))
    return choice([each for each in found if each] or ["null"])


def choice(names: list[str]) -> str:
    """Names in a sentence: "a, b or c"."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _alternatives(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.UnionType):
        return [each for inner in kind.types for each in _alternatives(inner)]
    return [kind]


def _one(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        return _marked(kind)
    words = _WORDS.get(type(kind))
    if words is not None:
        return words
    match kind:
        case inspect.IntType():
            return f"a whole number{_between(kind.ge, kind.le)}"
        case inspect.LiteralType(values=values):
            return choice([str(each) for each in values])
        case inspect.EnumType(cls=cls):
            return choice([str(each.value) for each in cls])
        case inspect.StrType() | inspect.ListType() | inspect.DictType():
            name, unit = _SIZED[type(kind)]
            return f"{name}{_between(kind.min_length, kind.max_length, unit, ' of ')}"
    return "a value of JSON"


_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: CHOICES,
    inspect.FloatType: "a number",
    inspect.DecimalType: "a number",
    inspect.StructType: "an object",
    inspect.NoneType: "",
}
_SIZED = {
    inspect.StrType: ("a text", " characters"),
    inspect.ListType: ("a list", " elements"),
    inspect.DictType: ("an object", " members"),
}


def _marked(kind: inspect.Metadata) -> str:
    if (kind.extra_json_schema or {}).get("type") == "number":
        return "a number"
    words = choice([each for each in map(_one, _alternatives(kind.type)) if each])
    return f"an id, {words}" if UUID in (kind.extra or {}) else words


def _between(least: float | None, most: float | None, unit: str = "", before: str = " from ") -> str:
    if least is not None and most is not None:
        return f"{before}{least} to {most}{unit}"
    if least is not None:
        return f"{before}{least}{unit} or more"
    return "" if most is None else f"{before}at most {most}{unit}"
