"""Processes on one data folder, and many callers who send to them at the same moment."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier
from typing import NamedTuple

from tests.support import engines, raw
from tests.support.raw import Answer, Wire, bearer
from tests.support.target import Target

CALLERS = 32
PATIENCE_SECONDS = 60


class Town(NamedTuple):
    """Processes on one data folder, by the ports to reach them, and a token that all of them take."""

    ports: list[int]
    target: Target
    token: str


NAMES = count()


def send(town: Town, port: int, path: str, body: dict[str, object]) -> Answer:
    """One request of the platform API on a connection of its own."""
    headers = [bearer(town.token), ("Content-Type", "application/json")]
    return raw.ask(port, "POST", path, json.dumps(body).encode(), headers)


def newcomer(town: Town, beans: int) -> str:
    """A customer with so many beans; the id."""
    users = f"/priv/v1/apps/{town.target.values['api_key']}/users"
    made = send(town, town.ports[0], users, {"user": {"external_id": f"spender {next(NAMES)}"}})
    customer_id: str = json.loads(made.body)["user"]["id"]
    if beans:
        answer = send(town, town.ports[0], *deposit(town, customer_id, beans))
        assert answer.status == 200, answer
    return customer_id


def deposit(town: Town, customer_id: str, amount: float, name: str | None = None) -> tuple[str, dict[str, object]]:
    """A deposit of beans: path and body."""
    detail = {"amount": amount, "point_account_id": town.target.values["beans"], "idempotency_id": name}
    return "/api/1.0/user_points/deposit", whole(town, customer_id, "deposit_details", detail)


def spend(town: Town, customer_id: str, amount: float, name: str | None = None) -> tuple[str, dict[str, object]]:
    """A spend of beans: path and body."""
    detail = {"amount": amount, "point_account_ids": [town.target.values["beans"]], "idempotency_id": name}
    return "/api/1.0/user_points/spend_multiple", whole(town, customer_id, "spend_details", detail)


def whole(town: Town, customer_id: str, name: str, detail: dict[str, object]) -> dict[str, object]:
    """The body of a request with one detail, without members that say nothing."""
    said = {key: value for key, value in detail.items() if value is not None}
    return {"retailer_id": town.target.values["retailer_id"], "user_id": customer_id, name: [said]}


def at_once(town: Town, requests: list[tuple[str, dict[str, object]]]) -> list[Answer]:
    """The answers to requests that are sent at the same moment, in turn to each port."""
    ready = Barrier(len(requests))

    def one(place: int, path: str, body: dict[str, object]) -> Answer:
        headers = [bearer(town.token), ("Content-Type", "application/json")]
        data = raw.request("POST", path, json.dumps(body).encode(), headers)
        with Wire(town.ports[place % len(town.ports)], timeout=PATIENCE_SECONDS) as wire:
            ready.wait(PATIENCE_SECONDS)
            wire.send(data)
            answer = wire.answer()
        assert answer is not None, "closed without an answer"
        return answer

    with ThreadPoolExecutor(len(requests)) as pool:
        futures = [pool.submit(one, place, *each) for place, each in enumerate(requests)]
        return [future.result() for future in futures]


def entries(town: Town, customer_id: str) -> Counter[tuple[str, int]]:
    """How often the ledger of a customer has an entry of this kind and amount, in units."""
    with engines.reading(town.target.folder) as database:
        statement = (
            "select e.kind, e.amount from ledger_entry e join customer c on c.number = e.customer where c.id = ?"
        )
        return Counter((kind, amount) for kind, amount in database.rows(statement, customer_id))


def outcomes(answers: list[Answer]) -> Counter[str]:
    """How many got which answer, by status and error code."""
    return Counter(
        f"{answer.status} {json.loads(answer.body).get('errors', {}).get('code', '')}".strip() for answer in answers
    )
