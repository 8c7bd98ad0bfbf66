"""What an operator does to a running server: starts it, asks its management port, waits for what it shows."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from tests.support.server import Server, running

T = TypeVar("T")

WAIT_SECONDS = 60.0

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Sample = tuple[str, frozenset[tuple[str, str]]]


class Operated:
    """A running server with its management port."""

    def __init__(self, server: Server) -> None:
        self.server = server
        found = re.search(r"Health and metrics on (\S+):", server.output)
        assert found is not None, server.output
        self.management = found.group(1)

    def ask(self, path: str) -> httpx.Response:
        """An answer of the management port, on a connection of its own."""
        return httpx.get(self.management + path, timeout=60)

    def samples(self) -> dict[Sample, float]:
        """Everything that `/metrics` shows."""
        found: dict[Sample, float] = {}
        for line in self.ask("/metrics").raise_for_status().text.splitlines():
            if line and not line.startswith("#"):
                match = _SAMPLE.match(line)
                assert match is not None, line
                labels = frozenset((name, value) for name, value in _LABEL.findall(match.group(2) or ""))
                found[match.group(1), labels] = float(match.group(3))
        return found

    def number(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        wanted = set(labels.items())
        return sum(value for (found, has), value in self.samples().items() if found == name and wanted <= has)

    def events(self, name: str = "request") -> list[dict[str, Any]]:
        """The events of this name in the log so far."""
        lines = (line for line in self.server.output.splitlines() if line.startswith("{") and line.endswith("}"))
        decoded: list[dict[str, Any]] = [msgspec.json.decode(line) for line in lines]
        return [each for each in decoded if each.get("event") == name]


def until(look: Callable[[], T], good: Callable[[T], bool], seconds: float = WAIT_SECONDS) -> T:
    """What is seen when it is good at last. Raises AssertionError with what was seen otherwise."""
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    return seen


@contextmanager
def operated(folder: Path, *arguments: str, **environment: str) -> Iterator[Operated]:
    """A server with a management port for the length of a block."""
    with running(folder, *arguments, **{"TESSERA_MANAGEMENT_PORT": "0", **environment}) as server:
        until(lambda: server.output, lambda output: "Health and metrics on" in output)
        yield Operated(server)
