"""Declarations of programs in files: YAML, or JSON. Read strictly, so that a slip is told with its line.

Only a small part of YAML is taken: mappings, lists, texts, numbers, `true`, `false` and `null` (also `True`, `TRUE`).
There are no anchors, aliases or tags, no key stands twice, and `yes`, `010` or `2030-01-01` are texts.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import yaml

from tessera.app.operators import OperatorError
from tessera.core.decoding import refusal
from tessera.core.errors import PlatformRefusal
from tessera.core.escaping import unsafe
from tessera.core.loyalty.declaration import Declaration

FILE_BYTES_MAX = 1024 * 1024
DEPTH_MAX = 10
VALUES_MAX = 20_000
DIGITS_MAX = 40

_BYTE_ORDER_MARK = "\ufeff"
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
_WORDS = {
    **{form: value for word, value in (("true", True), ("false", False), ("null", None))
       for form in (word, word.capitalize(), word.upper())},
    "~": None,
    "": None,
}  # fmt: skip
"""The booleans and nulls of YAML 1.2 (section 10.3.2)."""
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*?)`(?: - at `\$\.?(?P<place>[^`]*)`)?", re.DOTALL)
_PLACE = re.compile(r"[a-z_]+(?:\[\d+\])*(?:\.[a-z_]+(?:\[\d+\])*)*")


class ProgramFile(NamedTuple):
    """What a file declares, and the line of each place in it."""

    declaration: Declaration
    lines: dict[str, int]

    def where(self, error: PlatformRefusal) -> str:
        """What a refusal says, and the line that it is about where there is one."""
        return _where(self.lines, error)


def read(raw: bytes) -> ProgramFile:
    """Read a declaration. Raises OperatorError with one sentence that names the place."""
    if len(raw) > FILE_BYTES_MAX:
        raise OperatorError("program_file_too_large", limit_kib=FILE_BYTES_MAX // 1024)
    try:
        text = raw.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise OperatorError("program_file_not_utf8", line=line) from None
    lines: dict[str, int] = {}
    value = _json(text) if text.lstrip()[:1] == "{" else _yaml(text, lines)
    try:
        return ProgramFile(msgspec.convert(value, Declaration), lines)
    except msgspec.ValidationError as error:
        raise OperatorError("program_file_unfit", problem=_unfit(str(error), lines, value)) from None


def _unfit(text: str, lines: dict[str, int], value: object) -> str:
    """What msgspec says of a value, with the line; a key that is not known has a line of its own."""
    unknown = _UNKNOWN.fullmatch(text)
    if unknown is None:
        return _where(lines, refusal(text, Declaration, value)).replace("The body", "The file")
    key, place = unknown["key"], unknown["place"] or ""
    line = lines.get(f"{place}.{key}" if place else key)
    return f"{'' if line is None else f'Line {line}: '}{key} is no key of {place or 'a declaration'}."


def write(declaration: Declaration, *, as_json: bool) -> str:
    """The text of a declaration; reading it gives the same.

    Letters stand for themselves, unless there is a character that must not reach a terminal: then YAML's escapes do.
    """
    value = msgspec.to_builtins(declaration)
    if as_json:
        return msgspec.json.format(msgspec.json.encode(value)).decode() + "\n"
    named = msgspec.json.encode(value).decode()
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=not unsafe(named), width=120)
    return text


def _where(lines: dict[str, int], error: PlatformRefusal) -> str:
    for found in sorted(_PLACE.findall(error.public), key=len, reverse=True):
        place = found
        while place:
            if place in lines:
                return f"Line {lines[place]}: {error.message}"
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return error.message


class _Once(dict[str, Any]):
    """A JSON object in which nothing stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        if len(self) < len(pairs):
            raise OperatorError("program_file_key_twice_in_object")


def _json(text: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_Once, parse_float=_number, parse_int=_number, parse_constant=str)
        text.encode()
        json.dumps(value, default=str, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise OperatorError("program_file_not_json", line=error.lineno) from None
    except (RecursionError, UnicodeEncodeError):
        raise OperatorError("program_file_json_unusable") from None
    return value


def _number(text: str) -> int | Decimal:
    if len(text) > DIGITS_MAX:
        raise OperatorError("program_file_long_number", limit=DIGITS_MAX)
    return int(text) if _WHOLE.fullmatch(text) else Decimal(text)


def _yaml(text: str, lines: dict[str, int]) -> Any:
    try:
        return _Reader(text, lines).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise OperatorError("program_file_not_yaml_character", line=line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise OperatorError(
            "program_file_not_yaml",
            line=1 if mark is None else mark.line + 1,
            problem=str(error.problem or error.context),
        ) from None


class _Reader:
    """Values from the events of a YAML parser: nothing recurs, and every value counts against a limit."""

    def __init__(self, text: str, lines: dict[str, int]) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._lines = lines
        self._values = 0

    def document(self) -> Any:
        """The one document of the file."""
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise OperatorError("program_file_second_document", line=_line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, "", 0)
        return value

    def _value(self, event: yaml.Event, place: str, depth: int) -> Any:
        self._values += 1
        self._lines.setdefault(place, _line(event))
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise OperatorError("program_file_anchor", line=_line(event))
        if getattr(event, "tag", None) is not None:
            raise OperatorError("program_file_tag", line=_line(event))
        if self._values > VALUES_MAX:
            raise OperatorError("program_file_too_many_values", line=_line(event), limit=VALUES_MAX)
        if depth > DEPTH_MAX:
            raise OperatorError("program_file_too_deep", line=_line(event))
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(place, depth)
        return self._mapping(place, depth)

    def _list(self, place: str, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, f"{place}[{len(found)}]", depth + 1))
        return found

    def _mapping(self, place: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._value(event, "", depth + 1)
            if not isinstance(name, str):
                raise OperatorError("program_file_key_not_text", line=_line(event))
            if name in found:
                raise OperatorError("program_file_key_twice", line=_line(event))
            here = f"{place}.{name}" if place else name
            self._lines[here] = _line(event)
            found[name] = self._value(next(self._events), here, depth + 1)
        return found


def _scalar(event: yaml.ScalarEvent) -> Any:
    value: str = event.value
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise OperatorError("program_file_half_character", line=_line(event))
    if event.style is not None:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _NUMBER.fullmatch(value):
        if len(value) > DIGITS_MAX:
            raise OperatorError("program_file_long_number_at", line=_line(event), limit=DIGITS_MAX)
        return _number(value)
    return value


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes wherever reading them here would not give them back."""

    def ignore_aliases(self, _data: object) -> bool:
        """Nothing is written once for two places."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    quoted = text in _WORDS or _NUMBER.fullmatch(text) is not None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)


_Dumper.add_representer(str, _text)
