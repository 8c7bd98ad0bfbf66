"""Fenced examples in the papers, and how a printed answer is compared with a real one."""

import re
import shlex
from string import Template
from typing import NamedTuple

from tests.architecture.modules import ROOT

ANYTHING = "..."
"""In a printed answer, stands for any value; at the end of a list, for the rest of it."""

_FENCE = re.compile(r"^```(\w+)[ ]*(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

EXACT = frozenset({"code", "error", "status", "token_type"})
"""Members whose printed value is meant literally."""


class Fence(NamedTuple):
    """A fenced block: its language, the word after it, its text, and its line in the file."""

    language: str
    info: str
    text: str
    line: int


def paper(path: str) -> str:
    """The text of one of the papers, by its path from the root."""
    return (ROOT / path).read_text("utf-8")


def fences(path: str) -> list[Fence]:
    """The fenced blocks of a file, in order."""
    text = paper(path)
    return [Fence(each[1], each[2], each[3], text.count("\n", 0, each.start()) + 1) for each in _FENCE.finditer(text)]


class Call(NamedTuple):
    """What a curl line sends."""

    method: str
    url: str
    headers: dict[str, str]
    user: tuple[str, str] | None
    body: str | None


def curl(line: str, values: dict[str, str]) -> Call:
    """What a curl line of the papers sends, its `$NAMES` replaced. Raises ValueError for an option it does not know."""
    words = iter(shlex.split(Template(line.replace("\\\n", " ")).substitute(values))[1:])
    method, url, headers, user, body = "", "", {}, None, None
    for word in words:
        match word:
            case "-X" | "--request":
                method = next(words)
            case "-H" | "--header":
                name, _, value = next(words).partition(": ")
                headers[name.lower()] = value
            case "-u" | "--user":
                name, _, secret = next(words).partition(":")
                user = (name, secret)
            case "-d" | "--data":
                body = next(words) if body is None else f"{body}&{next(words)}"
            case "-s" | "-g" | "-sS":
                pass
            case _ if word.startswith("-"):
                raise ValueError(f"curl option {word}")
            case _:
                url = word
    if body is not None:
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    return Call(method or ("GET" if body is None else "POST"), url, headers, user, body)


def differences(printed: object, actual: object, place: str = "answer") -> list[str]:
    """How the shape of a real answer differs from the printed one: members, their order, and the kinds of values."""
    if printed == ANYTHING:
        return []
    if isinstance(printed, dict) and isinstance(actual, dict):
        if list(printed) != list(actual):
            return [f"{place}: printed {list(printed)}, actual {list(actual)}"]
        return [each for name in printed for each in _member(name, printed[name], actual[name], f"{place}.{name}")]
    if isinstance(printed, list) and isinstance(actual, list):
        shown = printed[:-1] if printed and printed[-1] == ANYTHING else printed
        if len(actual) < len(shown) or (shown is printed and len(actual) != len(shown)):
            return [f"{place}: printed {len(shown)} elements, actual {len(actual)}"]
        pairs = enumerate(zip(shown, actual, strict=False))
        return [each for index, (one, two) in pairs for each in differences(one, two, f"{place}[{index}]")]
    return [] if _kind(printed) is _kind(actual) else [f"{place}: printed {printed!r}, actual {actual!r}"]


def _member(name: str, printed: object, actual: object, place: str) -> list[str]:
    if name in EXACT and isinstance(printed, str) and printed != actual:
        return [f"{place}: printed {printed!r}, actual {actual!r}"]
    return differences(printed, actual, place)


def _kind(value: object) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
