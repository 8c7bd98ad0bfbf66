"""Callers that go on whatever happens, and write down what they send, what is answered, and how long nothing was.

A caller that gets no answer, or 503, tries again at the next node, as behind a balancer. Any other refusal is wrong.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from tests.faults.ledger import Ledger
from tests.faults.stage import Client, Stage
from tests.support import raw
from tests.support.raw import Answer, Wire, bearer

JSON = ("Content-Type", "application/json")

AGAIN_SECONDS = 0.03
"""Between two tries while nothing is answered."""

PATIENCE_SECONDS = 60.0
"""How long an answer is waited for, which may be the whole start of a server on a busy machine."""

IN_FORCE_SECONDS = 1.0
"""Within how long an end is in force in every process."""

LATE_SECONDS = 10.0
"""After which one that is not counts as none: until then it is late, as on a machine that is too busy."""


class Shared:
    """What callers of one load have in common."""

    def __init__(self, stage: Stage, ledger: Ledger) -> None:
        self.stage = stage
        self.ledger = ledger
        self.clients: list[Client] = [stage.client]
        self.revoked: deque[tuple[float, str]] = deque(maxlen=200)
        self.go = threading.Event()
        self.over = False
        self.wrong: list[str] = []
        self.accepted_after_revoke = 0
        self.late_ends = 0
        self.ended_at = 0.0


class Caller(threading.Thread):
    """One caller, on one connection at a time.

    `done` counts answers, `refused` refusals for now; `outage` and `worst_refusal` are the longest, in seconds.
    """

    def __init__(self, shared: Shared, number: int) -> None:
        super().__init__(daemon=True)
        self.shared = shared
        self.number = number
        self.random = random.Random(number)
        self.done = 0
        self.idle = True
        self.outage = 0.0
        self.refused = 0
        self.worst_refusal = 0.0
        self._place = number
        self._wire: Wire | None = None
        self._since: float | None = None

    def run(self) -> None:
        """Until it is over; nothing is sent while the load pauses."""
        while not self.shared.over:
            self.idle = True
            self._since = None
            self.shared.go.wait()
            self.idle = False
            while self.shared.go.is_set() and not self.shared.over:
                try:
                    self.act()
                except Exception as error:  # noqa: BLE001  # told at the end of the round
                    self.shared.wrong.append(f"{type(self).__name__}: {error!r}")
                    time.sleep(AGAIN_SECONDS)
        self._hang_up()

    def act(self) -> None:
        """One request, or a few."""
        raise NotImplementedError

    def ask(self, method: str, path: str, body: bytes, *headers: tuple[str, str]) -> Answer | None:
        """The answer, or None when there was none: it may have been done or not."""
        began = time.monotonic()
        answer = self._answer(raw.request(method, path, body, list(headers)))
        if answer is not None and answer.status != 503:
            if self._since is not None:
                self.outage = max(self.outage, time.monotonic() - self._since)
                self._since = None
            self.done += 1
            return answer
        if answer is not None:
            self.refused += 1
            self.worst_refusal = max(self.worst_refusal, time.monotonic() - began)
            if answer.header("retry-after") is None:
                self.shared.wrong.append(f"503 to {path} without Retry-After")
        if self._since is None:
            self._since = began
        time.sleep(AGAIN_SECONDS)
        return None

    def _answer(self, request: bytes) -> Answer | None:
        try:
            if self._wire is None:
                self._place += 1
                ports = self.shared.stage.ports
                self._wire = Wire(ports[self._place % len(ports)], timeout=PATIENCE_SECONDS)
            self._wire.send(request)
            answer = self._wire.answer()
        except TimeoutError:
            self.shared.wrong.append(f"no answer within {PATIENCE_SECONDS:g} s: {request[:60]!r}")
            answer = None
        except OSError:
            answer = None
        if answer is None or answer.status == 503 or answer.header("connection") == "close":
            self._hang_up()
        return answer

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire.socket.close()
            self._wire = None

    def token(self, client: Client) -> str | None:
        """A token, acknowledged or none."""
        answer = self.ask("POST", "/oauth/token", client.form(grant_type="client_credentials"), raw.FORM)
        if answer is None or (answer.status == 401 and client is not self.shared.stage.client):
            return None
        members = self._good(answer)
        if members is None:
            return None
        token: str = members["access_token"]
        until = members["created_at"] + members["expires_in"]
        self.shared.ledger.done("token", token, client=client.client_id, scope=members["scope"], until=until)
        return token

    def _good(self, answer: Answer) -> dict[str, Any] | None:
        if answer.status != 200:
            self.shared.wrong.append(f"{answer.status} {answer.body[:200]!r}")
            return None
        members: dict[str, Any] = msgspec.json.decode(answer.body)
        return members


class Issuer(Caller):
    """Asks for tokens of the demonstration's application, which every node knows after a moment."""

    def act(self) -> None:
        self.token(self.shared.stage.client)


class Guest(Caller):
    """Asks for tokens of applications that an operator has just made, which nodes have to look up."""

    def act(self) -> None:
        self.token(self.random.choice(self.shared.clients[-3:]))


class Revoker(Caller):
    """Revokes tokens, and asks about each again once its end must be in force everywhere."""

    _is_late = False

    def act(self) -> None:
        client = self.shared.stage.client
        token = self.token(client)
        if token is None:
            return
        self.shared.ledger.sent("revoke", token)
        answer = self.ask("POST", "/oauth/revoke", client.form(token=token), raw.FORM)
        if answer is None:
            return
        if answer.status != 200:
            self.shared.wrong.append(f"revoke: {answer.status} {answer.body[:200]!r}")
            return
        self.shared.ledger.done("revoke", token)
        self.shared.ended_at = time.monotonic()
        self.shared.revoked.append((time.monotonic(), token))
        self._ask_about_an_older_one()

    def _ask_about_an_older_one(self) -> None:
        ended_at, token = self.shared.revoked[0]
        if time.monotonic() - ended_at < IN_FORCE_SECONDS:
            return
        answer = self.ask("POST", "/oauth/introspect", self.shared.stage.inspector.form(token=token), raw.FORM)
        if answer is None:
            return
        if answer.status != 200:
            self.shared.wrong.append(f"introspect: {answer.status} {answer.body[:200]!r}")
        elif b'"active":true' in answer.body and time.monotonic() - ended_at < LATE_SECONDS:
            self._is_late = True
            return
        elif b'"active":true' in answer.body:
            self.shared.accepted_after_revoke += 1
        self.shared.late_ends += self._is_late
        self._is_late = False
        self.shared.revoked.popleft()


class Depositor(Caller):
    """Deposits points; what was not answered is sent again with its id, every second time."""

    _unsure: tuple[str, bytes] | None = None
    _token: str | None = None

    def act(self) -> None:
        if self._token is None:
            self._token = self.token(self.shared.stage.client)
            return
        if self._unsure is not None and self.random.random() < 0.5:
            name, body = self._unsure
        else:
            name, body = self._new()
        self._unsure = None
        answer = self.ask("POST", "/api/1.0/user_points/deposit", body, bearer(self._token), JSON)
        if answer is None:
            self._unsure = name, body
        elif answer.status == 200:
            self.shared.ledger.done("deposit", name)
        else:
            self.shared.wrong.append(f"deposit: {answer.status} {answer.body[:200]!r}")

    def _new(self) -> tuple[str, bytes]:
        stage = self.shared.stage
        customer, units = self.random.choice(stage.customers), self.random.randint(1, 99_999)
        name = self.shared.ledger.new_deposit()
        detail = {"point_account_id": stage.account, "amount": units / 10_000, "idempotency_id": name}
        body = {"retailer_id": stage.retailer_id, "user_id": customer, "deposit_details": [detail]}
        self.shared.ledger.sent("deposit", name, customer=customer, units=units)
        return name, msgspec.json.encode(body)


KINDS: tuple[Callable[[Shared, int], Caller], ...] = (Issuer, Guest, Revoker, Depositor, Depositor)
