"""The proof: every line of the ledger is asked about, and what was left open is written down as it was found.

Only the end of an operation that was answered, or was seen to be in force, counts as lost; one that was neither may be
in force or not, and stays what it is.
"""

import random
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from tests.faults.callers import LATE_SECONDS
from tests.faults.ledger import Known, Ledger, State
from tests.faults.stage import Client, Stage
from tests.support import raw
from tests.support.raw import Answer, Wire

AT_ONCE = 32
"""Requests that are sent before their answers are read."""

HEALED_SECONDS = 30.0
"""Within which a server answers well whose callers are answered already: it has other connections to make anew."""

SAMPLE = 300
"""Older lines that are asked about again after a round."""


class Verdict(NamedTuple):
    """What was found: answers that did not hold, ends that did not, and how many lines were asked about."""

    lost: list[str]
    accepted: list[str]
    asked: int


class Proof:
    """Asks one node about the ledger. `late` counts ends that were not in force at first, and then were."""

    def __init__(self, stage: Stage, ledger: Ledger, port: int, late_seconds: float = LATE_SECONDS) -> None:
        self._stage = stage
        self._ledger = ledger
        self._port = port
        self._lost: list[str] = []
        self._accepted: list[str] = []
        self._asked = 0
        self._latest = 0.0
        self._late_seconds = late_seconds
        self.late = 0

    def of(self, since: int = 0, seed: int = 0) -> Verdict:
        """What holds of the lines from `since` on, and of a sample of those before. Raises AssertionError."""
        lines = self._ledger.lines()
        known = Known(lines)
        fresh = dict.fromkeys((line.kind, line.name) for line in lines[since:])
        older = [key for key in known.states if key not in fresh]
        chosen = [*fresh, *random.Random(seed).sample(older, min(SAMPLE, len(older)))]
        self._tokens(known, [name for kind, name in chosen if kind == "token"])
        clients = {name.partition("/")[0]: None for kind, name in chosen if kind not in {"token", "revoke", "deposit"}}
        self._applications(known, list(clients))
        self._deposits(known)
        return Verdict(self._lost, self._accepted, self._asked)

    def _answers(self, path: str, bodies: Sequence[bytes]) -> list[Answer]:
        """The answers to many requests, a few at a time; where one is 503, all of these few are asked again."""
        found: list[Answer] = []
        latest = time.monotonic() + HEALED_SECONDS
        with Wire(self._port, timeout=30) as wire:
            while len(found) < len(bodies):
                some = bodies[len(found) : len(found) + AT_ONCE]
                wire.send(b"".join(raw.request("POST", path, body, [raw.FORM]) for body in some))
                answers = [wire.answer() for _ in some]
                good = [answer for answer in answers if answer is not None]
                assert len(good) == len(some), f"{path} was not answered"
                if any(answer.status == 503 for answer in good) and time.monotonic() < latest:
                    time.sleep(0.05)
                else:
                    found += good
        self._asked += len(found)
        return found

    def _held(self, wanted: State, *, found: bool, kind: str, name: str) -> None:
        """Note what does not hold; what was open is written down as it was found."""
        if wanted is State.SENT:
            self._ledger.seen(kind, name, done=found)
        elif wanted is State.DONE and not found:
            self._lost.append(f"{kind} {name[:20]}")
        elif wanted is not State.DONE and found:
            self._accepted.append(f"{kind} {name[:20]}, which was not done")

    def _tokens(self, known: Known, names: list[str]) -> None:
        """Each is told of with its claims, or dead because it was revoked or its application stopped."""
        bodies = [self._stage.inspector.form(token=name) for name in names]
        for name, answer in zip(names, self._answers("/oauth/introspect", bodies), strict=True):
            assert answer.status == 200, answer
            facts = known.facts["token", name]
            told: dict[str, Any] = msgspec.json.decode(answer.body)
            ended = known.state("revoke", name), known.state("disable", str(facts["client"]))
            if told["active"]:
                if State.DONE in ended and not self._ends(name):
                    self._accepted.append(f"token {name[:20]} of {facts['client']}")
                claims = {"client": told["client_id"], "scope": told["scope"]}
                said = {"client": facts["client"], "scope": facts["scope"]}
                if claims != said or told["exp"] - int(facts["until"]) not in {0, 1}:  # what is left is rounded down
                    self._lost.append(f"claims of token {name[:20]}: {told} for {facts}")
            elif not {State.DONE, State.SENT} & set(ended):
                self._lost.append(f"token {name[:20]}")
            if ended[0] is State.SENT and State.DONE not in ended and ended[1] is not State.SENT:
                self._ledger.seen("revoke", name, done=not told["active"])

    def _ends(self, token: str) -> bool:
        """Whether a token is dead within the time that ends may take on a busy machine, all of them together."""
        self._latest = self._latest or time.monotonic() + self._late_seconds
        while time.monotonic() < self._latest:
            (answer,) = self._answers("/oauth/introspect", [self._stage.inspector.form(token=token)])
            if b'"active":false' in answer.body:
                self.late += 1
                return True
            time.sleep(0.05)
        return False

    def _applications(self, known: Known, names: list[str]) -> None:
        """Each secret gets a token or none, as its application and itself were left."""
        asked: list[tuple[str, str, Client]] = []
        for name in names:
            first = str(known.facts["application", name]["secret"])
            asked.append((name, "first", Client(name, first)))
            if known.state("secret", f"{name}/second"):
                second = str(known.facts["secret", f"{name}/second"]["secret"])
                asked.append((name, "second", Client(name, second)))
        bodies = [client.form(grant_type="client_credentials") for _, _, client in asked]
        good: dict[tuple[str, str], bool] = {}
        for (name, which, _), answer in zip(asked, self._answers("/oauth/token", bodies), strict=True):
            assert answer.status in {200, 401}, answer
            good[name, which] = answer.status == 200
        for name in names:
            self._application(known, name, first=good[name, "first"], second=good.get((name, "second")))

    def _application(self, known: Known, name: str, *, first: bool, second: bool | None) -> None:
        there, stopped = known.state("application", name), known.state("disable", name)
        added, ended = known.state("secret", f"{name}/second"), known.state("expire", f"{name}/first")
        works = first or bool(second)
        if stopped is State.DONE:
            if works:
                self._accepted.append(f"application {name[:20]}, which is disabled")
            return
        if stopped is State.SENT:
            self._ledger.seen("disable", name, done=not works)
            if not works:
                return
        if ended in {State.NEVER, State.UNDONE}:
            self._held(there, found=first, kind="application", name=name)
        elif ended is State.SENT:
            self._ledger.seen("expire", f"{name}/first", done=not first)
        elif first:
            self._accepted.append(f"secret {name[:20]}/first, which was ended")
        if second is not None:
            self._held(added, found=second, kind="secret", name=f"{name}/second")

    def _deposits(self, known: Known) -> None:
        """Each is in the ledger once, with its amount and its customer, or not at all; sums are what balances say."""
        rows = self._stage.rows(
            "select e.idempotency_id, c.id, e.amount from ledger_entry e join customer c on c.number = e.customer"
            " where e.idempotency_id is not null"
        )
        there: dict[str, list[tuple[str, int]]] = {}
        for name, customer, amount in rows:
            there.setdefault(name, []).append((customer, amount))
        for name in known.names("deposit"):
            facts = known.facts["deposit", name]
            found = there.pop(name, [])
            if found not in ([], [(facts["customer"], facts["units"])]):
                self._lost.append(f"deposit {name} is {found}, not {facts}")
            self._held(known.state("deposit", name), found=bool(found), kind="deposit", name=name)
        self._asked += len(known.names("deposit"))
        self._accepted += [f"deposit {name}, which nobody sent" for name in there if name.startswith(self._ledger.mark)]
        self._sums()

    def _sums(self) -> None:
        """A balance is the sum of its entries."""
        sums: dict[tuple[str, str], int] = {}
        for customer, account, amount in self._stage.rows(
            "select c.id, e.point_account, e.amount from ledger_entry e join customer c on c.number = e.customer"
        ):
            sums[customer, account] = sums.get((customer, account), 0) + amount
        for customer, standing in self._stage.rows("select id, standing from customer"):
            for balance in msgspec.json.decode(standing)[0]:
                if sums.get((customer, balance[0])) != balance[2]:
                    self._lost.append(f"balance of {customer}: {balance[2]}, not {sums.get((customer, balance[0]))}")
