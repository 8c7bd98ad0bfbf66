"""Where bad requests are sent: a server, what it serves, a partner's connection to it, and how refusals must look."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tessera import wiring
from tessera.core.escaping import unsafe
from tessera.core.sent_values import SHOWN_MAX
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tests.adversarial.valid_requests import BODIES, QUERIES
from tests.architecture.words import REFUSAL_TEXT
from tests.support import engines, raw
from tests.support.raw import Answer, Wire
from tests.support.settings import settings_of
from tests.support.target import Header, Target

ALSO_UNDER = ("/incentives", "/transactions")
BESIDE = frozenset({"lease", "watermark", "refusal", "audit_entry", "usage_hour", "application_usage", "credential"})
"""Tables that change without a request's doing: the leases of singleton tasks, refusals, counts."""

_JSON = ("Content-Type", "application/json")
_PLACE = re.compile(r"\{(\w+)\}")


def routes(folder: Path) -> list[Route]:
    """The routes of the platform that a server over this data folder serves."""

    async def collect() -> list[Route]:
        async with wiring.open_context(settings_of(folder)) as context:
            return wiring.routes(context)

    every = asyncio.run(collect())
    return [
        each for each in every if each.path.startswith(("/priv/", "/api/", *(f"{prefix}/" for prefix in ALSO_UNDER)))
    ]


def name_of(route: Route) -> str:
    """Method and address, the same for both addresses of a route that has two."""
    path = route.path
    for prefix in ALSO_UNDER:
        path = path.removeprefix(prefix)
    return f"{route.method} {path}"


class Stand:
    """A partner at a server. What it sends goes over one connection, opened anew when the server closes it."""

    def __init__(self, target: Target) -> None:
        self.values = target.values
        self.routes = routes(target.folder)
        self._target = target
        self._wire = Wire(target.port)
        self._token = raw.bearer(target.token("admin"))
        self._fresh = count(1)

    def settle_in(self) -> None:
        """Wait until the server has heard of everything that was furnished beside it."""
        event = next(each for each in self.routes if each.path.endswith("/trigger_user_event"))
        deadline = time.monotonic() + 5
        while self.send(event.method, event.path, json.dumps(self.valid(event)).encode()).status != 200:
            assert time.monotonic() < deadline, "the server does not hear of the events"
            time.sleep(0.05)

    def close(self) -> None:
        """Close the connection."""
        self._wire.socket.close()

    def named(self, name: str) -> list[Route]:
        """The routes with this method and address."""
        return [each for each in self.routes if name_of(each) == name]

    def with_body(self) -> Iterator[tuple[Route, Operation]]:
        """The routes that take a body."""
        for route in self.routes:
            if route.operation is not None and route.operation.body is not None:
                yield route, route.operation

    def valid(self, route: Route) -> Any:
        """A new valid body."""
        return BODIES[name_of(route)](self.values, f"fresh-{next(self._fresh)}")

    def address(self, route: Route, **other: str) -> str:
        """The address of a route with the partner's own values in it, or others, which stand as they are."""
        known = {
            "api_key": self.values["api_key"],
            "user_id": self.values["customer_id"],
            "external_id": self.values["external_id"],
            "view": "ALL",
        }
        return _PLACE.sub(lambda place: other.get(place[1]) or quote(known[place[1]], safe=""), route.path)

    def whole_address(self, route: Route, **other: str) -> str:
        """The same, with the query string that the route cannot do without."""
        query = QUERIES.get(name_of(route))
        return self.address(route, **other) + (f"?{query}" if query else "")

    def send(self, method: str, address: str, body: bytes = b"", *headers: Header) -> Answer:
        """One request with the partner's token."""
        for _ in range(2):
            self._wire.send(raw.request(method, address, body, [self._token, *(headers or [_JSON])]))
            answer = self._wire.answer()
            if answer is None or answer.header("connection") == "close":
                self._wire.socket.close()
                self._wire = Wire(self._target.port)
            if answer is not None:
                if answer.status == 200 and address.endswith("/merge_accounts"):  # nobody is merged twice
                    self.values["spare"] = f"spare {int(self.values['spare'].split()[1]) + 1}"
                return answer
        raise AssertionError(f"{method} {address[:80]} was not answered")

    def contents(self) -> list[str]:
        """Every row that a request could have written."""
        return [row for row in engines.dump(self._target.folder) if row.split(" ", 1)[0] not in BESIDE]


def refused(answer: Answer) -> tuple[str, str]:
    """Code and message of a refusal of the platform. Raises AssertionError unless it is one, in good form."""
    assert 400 <= answer.status < 500, answer
    assert answer.header("content-type") == "application/json"
    members = json.loads(answer.body)
    assert list(members) == ["status", "errors"], answer
    assert members["status"] == "error"
    assert list(members["errors"]) == ["code", "message"], answer
    code, message = members["errors"]["code"], members["errors"]["message"]
    sentence, repeated, value = message.partition(" The value is ")
    assert not repeated or value.endswith("."), message
    assert REFUSAL_TEXT.fullmatch(sentence), message
    assert not unsafe(value), message
    assert "a" * (SHOWN_MAX + 1) not in message, message
    return code, sentence


OWN = ("date", "x-request-id", "content-length")
"""Headers that every answer has of its own."""


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are the same, but for the value that was sent, and what every answer has of its own."""
    undated = [[header for header in answer.headers if header[0] not in OWN] for answer in (one, other)]
    bodies = [_VALUE.sub("", answer.body.decode()) for answer in (one, other)]
    return (one.status, bodies[0], undated[0]) == (other.status, bodies[1], undated[1])


_VALUE = re.compile(r' The value is \\".*?\\"\.(?="\})')


def names(message: str, field: str) -> bool:
    """Whether a message names a field: by its path, or by its own name and the element of the list it stands in."""
    if field in message:
        return True
    path = re.findall(r"(\w+)(\[\d+\])?", field.removesuffix("[...]"))
    own = path[-1][0]
    element = next((f"{name}{place}" for name, place in reversed(path[:-1]) if place), "")
    return element in message and re.search(rf"\b{re.escape(own)}\b", message) is not None
