"""Routes: an address with its method and handler, and the table that finds one for a request."""

from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tessera.core.errors import MethodNotAllowed
from tessera.web.explaining import Explainer
from tessera.web.messages import Handler
from tessera.web.operations import Operation


class Route(NamedTuple):
    """An address that is answered. In `path`, a segment `{name}` stands for any one segment, which is not empty.

    `operation` says what it is for; None for what is no part of the API.
    """

    method: str
    path: str
    handler: Handler
    operation: Operation | None = None


class _Pattern(NamedTuple):
    literals: tuple[str, ...]
    literals_of: Callable[[list[str]], tuple[str, ...]]
    values: tuple[int, ...]
    handlers: dict[str, Handler]


class Routes:
    """All routes of the service. Look-up takes about a microsecond and does not grow with their number.

    `explainer` is told of what is refused. Raises ValueError when two routes answer the same method at one address.
    """

    def __init__(self, routes: list[Route], explainer: Explainer | None = None) -> None:
        self.explainer = explainer
        self._exact: dict[str, dict[str, Handler]] = {}
        self._patterns: dict[int, list[_Pattern]] = {}
        for route in routes:
            handlers = self._handlers(route.path)
            if route.method in handlers:
                raise ValueError(f"two routes answer {route.method} {route.path}")
            handlers[route.method] = route.handler
        for patterns in self._patterns.values():
            patterns.sort(key=lambda pattern: -len(pattern.literals))

    def _handlers(self, path: str) -> dict[str, Handler]:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        segments = path.split("/")
        places = [index for index, each in enumerate(segments) if not each.startswith("{")]
        literals_of = itemgetter(*places)
        literals = literals_of(segments)
        same_length = self._patterns.setdefault(len(segments), [])
        for pattern in same_length:
            if pattern.literals == literals and pattern.literals_of(segments) == literals:
                return pattern.handlers
        values = tuple(index for index, each in enumerate(segments) if each.startswith("{"))
        same_length.append(_Pattern(literals, literals_of, values, {}))
        return same_length[-1].handlers

    def find(self, method: str, raw_path: bytes) -> tuple[Handler, tuple[str, ...]] | None:
        """The handler and the decoded path values for a request; None when the address is not known.

        Only the values may be percent-encoded: an address has one spelling. Raises MethodNotAllowed when the address
        answers other methods only.
        """
        path = raw_path.decode("latin-1")
        handlers = self._exact.get(path)
        if handlers is not None:
            return _choose(handlers, method), ()
        segments = path.split("/")
        for pattern in self._patterns.get(len(segments), ()):
            if pattern.literals_of(segments) == pattern.literals:
                values = tuple([segments[index] for index in pattern.values])
                if b"%" in raw_path:
                    values = _decoded(values)
                return (_choose(pattern.handlers, method), values) if all(values) else None
        return None


def _choose(handlers: dict[str, Handler], method: str) -> Handler:
    handler = handlers.get(method)
    if handler is None and method == "HEAD":  # answered as GET, and sent without its body (RFC 9110 section 9.3.2)
        handler = handlers.get("GET")
    if handler is None:
        raise MethodNotAllowed(tuple(sorted([*handlers, *(["HEAD"] if "GET" in handlers else [])])))
    return handler


def _decoded(values: tuple[str, ...]) -> tuple[str, ...]:
    """Path values without their percent signs; one that is no printable text is empty."""
    decoded = []
    for value in values:
        try:
            text = unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        decoded.append(text if text.isprintable() else "")
    return tuple(decoded)
