"""Routes: an address with its method and handler, and the table that finds one for a request."""

import re
from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tessera.core.errors import MethodNotAllowed
from tessera.web.messages import Handler
from tessera.web.operations import Operation
from tessera.web.surfaces import PLATFORM, Surface

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

HIDDEN = "*"
SHOWN_SEGMENTS = 12
"""Of an unknown address; what follows is one more."""


class Route(NamedTuple):
    """An address that is answered. In `path`, a segment `{name}` stands for any one segment, which is not empty.

    `surface` says in which form a refusal is answered. `operation` says what it is for; None for what is no part of
    the API.
    """

    method: str
    path: str
    handler: Handler
    surface: Surface
    operation: Operation | None = None


def names(path: str) -> list[str]:
    """The names of the places of an address, as it is declared."""
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]


class _Pattern(NamedTuple):
    literals: tuple[str, ...]
    literals_of: Callable[[list[str]], tuple[str, ...]]
    values: tuple[int, ...]
    routes: dict[str, Route]


class Routes:
    """All routes of the service. Look-up takes about a microsecond and does not grow with their number.

    Raises ValueError when two routes answer the same method at the same address.
    """

    def __init__(self, routes: list[Route]) -> None:
        self._words = {word for route in routes for word in route.path.split("/") if not word.startswith("{")}
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: dict[int, list[_Pattern]] = {}
        self._surfaces: dict[str, Surface] = {}
        for route in routes:
            first = _first_segment(route.path)
            for each in (first, first.rstrip("/") + "/"):  # one slash at the end of an address means nothing
                self._surfaces.setdefault(each, route.surface)
            same_path = self._with_path(route.path)
            if route.method in same_path:
                raise ValueError(f"two routes answer {route.method} {route.path}")
            same_path[route.method] = route
        for patterns in self._patterns.values():
            patterns.sort(key=lambda pattern: -len(pattern.literals))

    def _with_path(self, path: str) -> dict[str, Route]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        segments = path.split("/")
        places = [index for index, each in enumerate(segments) if not each.startswith("{")]
        literals_of = itemgetter(*places)
        literals = literals_of(segments)
        same_length = self._patterns.setdefault(len(segments), [])
        for pattern in same_length:
            if pattern.literals == literals and pattern.literals_of(segments) == literals:
                return pattern.routes
        values = tuple(index for index, each in enumerate(segments) if each.startswith("{"))
        same_length.append(_Pattern(literals, literals_of, values, {}))
        return same_length[-1].routes

    def find(self, method: str, raw_path: bytes) -> tuple[Route, tuple[str, ...]] | None:
        """The route and the decoded path values for a request; None when the address is not known.

        Only the values may be percent-encoded, and one slash at the end means nothing: else an address has one
        spelling. Raises MethodNotAllowed when the address answers other methods only.
        """
        found = self._at(raw_path)
        return None if found is None else (_choose(found[0], method), found[1])

    def _at(self, raw_path: bytes) -> tuple[dict[str, Route], tuple[str, ...]] | None:
        """The routes of an address by their methods, and its decoded values; None when the address is not known."""
        path = raw_path.decode("latin-1")
        exact = self._exact.get(path)
        if exact is not None:
            return exact, ()
        found = self._matched(path)
        if found is None and path.endswith("/"):
            path = path[:-1]
            exact = self._exact.get(path)
            return self._matched(path) if exact is None else (exact, ())
        return found

    def _matched(self, path: str) -> tuple[dict[str, Route], tuple[str, ...]] | None:
        """The routes whose pattern an address has, and its values."""
        segments = path.split("/")
        for pattern in self._patterns.get(len(segments), ()):
            if pattern.literals_of(segments) == pattern.literals:
                values = tuple([segments[index] for index in pattern.values])
                if "%" in path:
                    values = _decoded(values)
                return (pattern.routes, values) if all(values) else None
        return None

    def surface(self, path: str, raw_path: bytes) -> Surface:
        """The surface of an address that nothing answers, or not by the method that was sent. `path` is decoded.

        It is that of the routes of the address, by other methods. When there are none, it is that of the routes that
        share its first segment, and then the platform's. Where several differ, the first of them decides.
        """
        found = self._at(raw_path)
        if found is not None:
            return next(iter(found[0].values())).surface
        return self._surfaces.get(_first_segment(path), PLATFORM)

    def shown(self, raw_path: bytes) -> str:
        """What can be shown of an address that nothing answers at: the words of ours in it, and `*` for any other.

        Anything else may be somebody's id, or a secret in the wrong place.
        """
        segments = raw_path.decode("latin-1").split("/", SHOWN_SEGMENTS)
        return "/".join(each if each in self._words else HIDDEN for each in segments)


def _first_segment(path: str) -> str:
    """The first segment of an address and the slash after it: `/oauth` alone is none of the addresses below it."""
    return path[: path.find("/", 1) + 1] or path


def _choose(routes: dict[str, Route], method: str) -> Route:
    route = routes.get(method)
    if route is None and method == "HEAD":  # answered as GET, and sent without its body (RFC 9110 section 9.3.2)
        route = routes.get("GET")
    if route is None:
        raise MethodNotAllowed(tuple(sorted([*routes, *(["HEAD"] if "GET" in routes else [])])))
    return route


def _decoded(values: tuple[str, ...]) -> tuple[str, ...]:
    """Path values without their percent signs; one that is no text, or has a control character, is empty."""
    decoded = []
    for value in values:
        try:
            text = unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        decoded.append("" if _CONTROL.search(text) else text)
    return tuple(decoded)
