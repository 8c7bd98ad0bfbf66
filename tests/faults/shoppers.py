"""Callers who buy, return, deposit, spend and merge, and who send again what was not answered until it is."""

import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.faults.callers import JSON, Caller, Shared
from tests.faults.ledger import Ledger
from tests.faults.stage import Stage
from tests.support.raw import bearer
from tests.support.waiting import wait_until

CROWD = 32

ANSWERED_SECONDS = 120.0
"""Timeout until every caller is answered, on a busy machine."""


class AuditedChange(NamedTuple):
    """One request. `moves` is what it adds to each point account of `whose`, in points, once it is done.

    Some are refused when they are sent again after they were done: `again` is the status then.
    """

    kind: str
    path: str
    body: dict[str, Any]
    whose: str = ""
    moves: int = 0
    again: int = 200


class Shopper(Caller):
    """Lives one story after the other: at the same customers as everybody, and with two of its own who are merged."""

    def __init__(self, shared: Shared, number: int, crowd: "Crowd") -> None:
        super().__init__(shared, number)
        self._crowd = crowd
        self._stories = self._live()
        self._token: str | None = None
        self._sent: AuditedChange | None = None
        self._tries = 0

    @property
    def sure(self) -> bool:
        """Whether everything that was sent is answered."""
        return self._sent is None

    def act(self) -> None:
        """Send the next request, or the one before again while it was not answered."""
        if self._token is None:
            self._token = self.token(self.shared.stage.client)
            return
        if self._sent is None:
            if self._crowd.finishing:
                time.sleep(0.005)
                return
            self._sent, self._tries = next(self._stories), 0
        operation = self._sent
        self._tries += 1
        answer = self.ask("POST", operation.path, msgspec.json.encode(operation.body), bearer(self._token), JSON)
        if answer is None:
            return
        if answer.status != 200 and not (self._tries > 1 and answer.status == operation.again):
            self.shared.wrong.append(f"{operation} at try {self._tries}: {answer.status} {answer.body[:200]!r}")
        self._crowd.note(operation, again=self._tries > 1)
        self._sent = None

    def _live(self) -> Iterator[AuditedChange]:
        while True:
            if self.random.random() < 0.5:
                yield from self._at_the_till(self.random.choice(self.shared.stage.customers))
            else:
                yield from self._one_of_two()

    def _at_the_till(self, customer: str) -> Iterator[AuditedChange]:
        subtotal = self.random.randint(2, 50)
        name = secrets.token_hex(6)
        yield self._transaction(name, subtotal, customer, customer)
        points = self.random.randint(1, 20)
        yield self._order("deposit", customer, points)
        back = self.random.randint(1, subtotal)
        yield self._transaction(f"{name} back", -back, customer, customer, original_transaction_id=name)
        yield self._order("spend_multiple", customer, points)

    def _one_of_two(self) -> Iterator[AuditedChange]:
        pair = f"{self._crowd.mark} {secrets.token_hex(6)}"
        cards = [f"{pair} {each}" for each in "ab"]
        users = f"/priv/v1/apps/{self.shared.stage.demo['api_key']}"
        for card in cards:
            yield AuditedChange("create", f"{users}/users", {"user": {"external_id": card}}, again=400)
            yield self._transaction(card, 30, card, pair)
        body = {"user": {"external_id": cards[1]}}
        yield AuditedChange(
            "merge", f"{users}/external/users/{cards[0].replace(' ', '%20')}/merge_accounts", body, pair, again=400
        )
        yield self._transaction(f"{pair} more", 5, cards[1], pair)
        yield self._transaction(f"{pair} back", -10, cards[0], pair, original_transaction_id=cards[1])

    def _transaction(self, name: str, subtotal: int, customer: str, whose: str, **members: str) -> AuditedChange:
        payload = {"transaction_id": f"{self._crowd.mark} {name}", "subtotal": subtotal}
        payload |= {member: f"{self._crowd.mark} {value}" for member, value in members.items()}
        retailer = self.shared.stage.retailer_id
        body = {"store_id": "s", "client_id": retailer, "request_id": payload["transaction_id"], "user_id": customer}
        path = "/api/2.0/send_transaction"
        kind = "purchase" if subtotal > 0 else "return"
        return AuditedChange(kind, path, {**body, "request_payload": payload}, whose, subtotal)

    def _order(self, kind: str, customer: str, points: int) -> AuditedChange:
        detail: dict[str, Any] = {"amount": points, "idempotency_id": f"{self._crowd.mark} {secrets.token_hex(6)}"}
        account = self.shared.stage.account
        detail |= {"point_account_id": account} if kind == "deposit" else {"point_account_ids": [account]}
        details = {"deposit": "deposit_details", "spend_multiple": "spend_details"}[kind]
        body = {"retailer_id": self.shared.stage.retailer_id, "user_id": customer, details: [detail]}
        return AuditedChange(
            kind, f"/api/1.0/user_points/{kind}", body, customer, points if kind == "deposit" else -points
        )


class Crowd:
    """Many shoppers at the servers of a stage. `resent` is how many operations were sent more than once."""

    def __init__(self, stage: Stage, path: Path) -> None:
        self.stage = stage
        self.mark = f"s-{secrets.token_hex(4)}"
        self.shared = Shared(stage, Ledger(path))
        self.finishing = False
        self.operations: list[AuditedChange] = []
        self.resent = 0
        self.shoppers = [Shopper(self.shared, number, self) for number in range(CROWD)]

    @property
    def done(self) -> Counter[str]:
        """The number of answered operations of each kind."""
        return Counter(operation.kind for operation in list(self.operations))

    def note(self, operation: AuditedChange, *, again: bool) -> None:
        """An operation was answered."""
        self.operations.append(operation)
        self.resent += again

    def answered(self, times: int = 2) -> None:
        """Return once every shopper was answered so often from now on. Raises TimeoutError."""
        wanted = [shopper.done + times for shopper in self.shoppers]
        wait_until(
            lambda: all(each.done >= count for each, count in zip(self.shoppers, wanted, strict=True)), ANSWERED_SECONDS
        )

    def finish(self) -> None:
        """Return once everything that was sent is answered, and nobody sends any more. Raises TimeoutError."""
        self.finishing = True
        wait_until(lambda: all(each.sure for each in self.shoppers), ANSWERED_SECONDS)

    def complaints(self, before: dict[str, int]) -> list[str]:
        """Every answered operation that the database contradicts; `before` has the first balances of the customers."""
        wrong = list(self.shared.wrong)
        bought = self._count(f"purchase where transaction_id like '{self.mark} %'", "transaction_id")
        wanted = {
            d.body["request_payload"]["transaction_id"] for d in self.operations if d.kind in {"purchase", "return"}
        }
        wrong += [
            f"{name} is there {bought[name]} times"
            for name in bought.keys() | wanted
            if bought[name] != (name in wanted)
        ]
        ordered = self._count(f"ledger_entry where idempotency_id like '{self.mark} %'", "idempotency_id")
        wrong += [f"{name} is there {count} times" for name, count in ordered.items() if count != 1]
        merged = {operation.whose for operation in self.operations if operation.kind == "merge"}
        together = self._count(
            f"identifier i join identifier j on i.customer = j.customer where i.external_id like '{self.mark} % a'"
            f" and j.external_id like '{self.mark} % b'",
            "i.external_id",
        )
        wrong += [f"{pair} is not one" for pair in merged if together[f"{pair} a"] != 1]
        moved: Counter[str] = Counter()
        for operation in self.operations:
            moved[operation.whose] += operation.moves
        now = beans(self.stage)
        for whose in filter(None, moved):
            cards = {f"{whose} a", f"{whose} b"} if whose.startswith(self.mark) else {whose}
            found = sum({now[each][0]: now[each][1] for each in cards if each in now}.values())
            if found != before.get(whose, 0) + moved[whose] * 10_000:
                wrong.append(f"{whose} has {found}, had {before.get(whose, 0)} and moved {moved[whose]} points")
        return wrong

    def _count(self, rows: str, name: str) -> Counter[str]:
        return Counter(row[0] for row in self.stage.rows(f"select {name} from {rows}"))


def beans(stage: Stage) -> dict[str, tuple[str, int]]:
    """For each id and each external id the customer that it leads to, and what that has in the first point account."""
    found: dict[str, tuple[str, int]] = {}
    joined = "select c.id, i.external_id, c.standing from customer c left join identifier i on i.customer = c.number"
    for customer, external_id, standing in stage.rows(joined):
        balances = msgspec.json.decode(standing)[0]
        units = sum(each[2] for each in balances if each[0] == 1)
        found[customer] = customer, units
        if external_id is not None:
            found[external_id] = customer, units
    return found


@contextmanager
def crowd(stage: Stage, path: Path) -> Iterator[Crowd]:
    """A crowd that shops for the length of a block, at whose end no server of the stage is left."""
    made = Crowd(stage, path)
    for each in made.shoppers:
        each.start()
    made.shared.go.set()
    try:
        yield made
    finally:
        made.shared.over = True
        stage.close()
        for each in made.shoppers:
            each.join(ANSWERED_SECONDS)
        made.shared.ledger.close()
