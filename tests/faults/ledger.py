"""The ledger of what was sent and what was answered: a file of its own, on the disk before anybody relies on it.

| kind | name | an answer means |
|---|---|---|
| `token` | the token | it is live, with these claims |
| `revoke` | the token | it is dead |
| `deposit` | its idempotency id | it is in the customer's ledger, once, with this amount |
| `application` | client id | its secret gets tokens |
| `secret` | client id/name | this secret gets tokens, too |
| `expire` | client id/name | this secret gets none any more |
| `disable` | client id | none of its secrets gets tokens, and all of its tokens are dead |

What was sent and not answered may have happened or not; what it was once seen to be (`seen`), it is for good.
"""

import os
import secrets
import threading
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path

import msgspec

Fact = str | int
Key = tuple[str, str]


class State(IntEnum):
    """What is known of an operation."""

    NEVER = 0
    SENT = 1
    DONE = 2
    UNDONE = 3


class Line(msgspec.Struct, frozen=True):
    """One line of the file."""

    state: State
    kind: str
    name: str
    facts: dict[str, Fact]


class Ledger:
    """Written by many threads. `answered` counts what an answer wrote, `mark` begins the ids of its deposits."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._path = path
        self._lock = threading.Lock()
        self.answered = 0
        self.mark = f"d-{secrets.token_hex(4)}-"

    def new_deposit(self) -> str:
        """An idempotency id that tells whose it is."""
        return self.mark + secrets.token_hex(6)

    def sent(self, kind: str, name: str, **facts: Fact) -> None:
        """A request is about to be sent."""
        with self._lock:
            self._write(Line(State.SENT, kind, name, facts))

    def done(self, kind: str, name: str, **facts: Fact) -> None:
        """It was answered: on the disk when this returns."""
        with self._lock:
            self._write(Line(State.DONE, kind, name, facts))
            self.answered += 1
        os.fdatasync(self._file.fileno())

    def seen(self, kind: str, name: str, *, done: bool) -> None:
        """What became of something that was not answered."""
        with self._lock:
            self._write(Line(State.DONE if done else State.UNDONE, kind, name, {}))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def lines(self) -> list[Line]:
        """Everything in the file."""
        return [msgspec.json.decode(line, type=Line) for line in self._path.read_bytes().splitlines()]

    def _write(self, line: Line) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


class Known:
    """What the lines come to: the last state of each operation, and its facts, in the order of their first lines."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.states: dict[Key, State] = {}
        self.facts: dict[Key, dict[str, Fact]] = {}
        for line in lines:
            key = line.kind, line.name
            if self.states.get(key) is not State.DONE:
                self.states[key] = line.state
            if line.facts:
                self.facts[key] = line.facts
            else:
                self.facts.setdefault(key, {})

    def state(self, kind: str, name: str) -> State:
        """What is known of one operation."""
        return self.states.get((kind, name), State.NEVER)

    def names(self, kind: str) -> list[str]:
        """Every operation of a kind."""
        return [name for found, name in self.states if found == kind]
