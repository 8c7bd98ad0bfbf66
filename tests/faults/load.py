"""A load that goes on through faults, and the row of the table that a fault comes to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.faults.callers import IN_FORCE_SECONDS, KINDS, LATE_SECONDS, Caller, Depositor, Shared
from tests.faults.ledger import Ledger
from tests.faults.operators import Operator
from tests.faults.proof import Proof
from tests.faults.stage import Stage
from tests.support.waiting import wait_until

AGREED_SECONDS = 120.0
"""How long a load may take to come to something on a busy machine."""


COMPLAINTS_SHOWN = 20


class Row(NamedTuple):
    """What a fault came to on an engine.

    `late_ends` were in force after one second and before ten; more is `accepted_after_revoke`.
    `longest_outage_seconds` is what one caller saw between two answers, `longest_without_tokens_seconds` the one that
    asks for tokens of an application that is known; `slowest_refusal_seconds` is how long anybody waited for a 503.
    """

    fault: str
    engine: str
    rounds: int
    acknowledged: int
    lost: int
    accepted_after_revoke: int
    late_ends: int
    longest_outage_seconds: float
    longest_without_tokens_seconds: float
    slowest_refusal_seconds: float
    seed: int
    complaints: list[str] = []

    @property
    def good(self) -> bool:
        """Whether everything held."""
        return not (self.lost or self.accepted_after_revoke or self.complaints)


class Load:
    """Callers and an operator on a stage, and the ledger that they write."""

    def __init__(self, stage: Stage, path: Path, kinds: int, *, operated: bool) -> None:
        self.stage = stage
        self.ledger = Ledger(path)
        self.shared = Shared(stage, self.ledger)
        self.callers: list[Caller] = [KINDS[place](self.shared, place) for place in range(kinds)]
        self.operator = Operator(self.shared)
        self.lost: list[str] = []
        self.accepted: list[str] = []
        self._mark = 0
        self._operated = operated

    def start(self) -> None:
        """Begin, paused."""
        for each in self._everybody():
            each.start()

    def _everybody(self) -> list[Caller | Operator]:
        return [*self.callers, self.operator] if self._operated else [*self.callers]

    def go(self, answers: int = 5) -> None:
        """Go on, and return once every caller was answered again so often."""
        self.operator.rests = False
        self.shared.go.set()
        self.answered(answers)

    def answered(self, answers: int = 3) -> None:
        """Return once every caller was answered so often from now on. Raises AssertionError."""
        before = [caller.done for caller in self.callers]
        deadline = time.monotonic() + AGREED_SECONDS
        while any(caller.done < done + answers for caller, done in zip(self.callers, before, strict=True)):
            assert time.monotonic() < deadline, f"callers are not answered: {self.shared.wrong[-3:]}"
            time.sleep(0.005)

    def answered_by(self, caller: Caller, answers: int = 20) -> None:
        """Return once one caller was answered so often from now on. Raises TimeoutError."""
        before = caller.done
        wait_until(lambda: caller.done >= before + answers, AGREED_SECONDS)

    def refusals(self) -> int:
        """How often anybody was answered 503 so far."""
        return sum(caller.refused for caller in self.callers)

    def add_depositor(self) -> Caller:
        """One more caller, who deposits."""
        caller = Depositor(self.shared, len(self.callers))
        self.callers.append(caller)
        caller.start()
        return caller

    def pause(self) -> None:
        """Have everybody wait; nothing is under way when this returns. Raises AssertionError."""
        self.shared.go.clear()
        deadline = time.monotonic() + AGREED_SECONDS
        while not all(each.idle for each in self._everybody() if each.is_alive()):
            assert time.monotonic() < deadline, "callers do not pause"
            time.sleep(0.005)

    def prove(
        self, port: int | None = None, *, everything: bool = False, seed: int = 0, late_seconds: float = LATE_SECONDS
    ) -> None:
        """Ask about what was written since the last proof, and a sample of what was before."""
        time.sleep(max(0.0, self.shared.ended_at + IN_FORCE_SECONDS - time.monotonic()))
        proof = Proof(self.stage, self.ledger, port or self.stage.ports[0], late_seconds)
        verdict = proof.of(0 if everything else self._mark, seed)
        self._mark = len(self.ledger.lines())
        self.shared.late_ends += proof.late
        self.lost += verdict.lost
        self.accepted += verdict.accepted

    def end(self) -> None:
        """Everybody goes home."""
        self.shared.over = True
        self.shared.go.set()
        for each in self._everybody():
            if each.ident is not None:
                each.join(AGREED_SECONDS)
        self.ledger.close()

    def row(self, fault: str, rounds: int, seed: int) -> Row:
        """What it came to."""
        complaints = list(dict.fromkeys([*self.lost, *self.accepted, *self.shared.wrong]))[:COMPLAINTS_SHOWN]
        return Row(
            fault=fault,
            engine=self.stage.engine,
            rounds=rounds,
            acknowledged=self.ledger.answered,
            lost=len(self.lost),
            accepted_after_revoke=len(self.accepted) + self.shared.accepted_after_revoke,
            late_ends=self.shared.late_ends,
            longest_outage_seconds=round(max(caller.outage for caller in self.callers), 3),
            longest_without_tokens_seconds=round(self.callers[0].outage, 3),
            slowest_refusal_seconds=round(max(caller.worst_refusal for caller in self.callers), 3),
            seed=seed,
            complaints=complaints,
        )


@contextmanager
def loaded(stage: Stage, kinds: int = len(KINDS), *, operated: bool = True) -> Iterator[Load]:
    """A load for the length of a block, at whose end no server of the stage is left."""
    path = stage.folder.parent / f"{stage.folder.name}.{time.monotonic_ns()}.ledger"
    load = Load(stage, path, kinds, operated=operated)
    load.start()
    try:
        yield load
    finally:
        stage.close()
        load.end()
