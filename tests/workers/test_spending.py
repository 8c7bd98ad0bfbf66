"""Many callers at one customer's points at once, through several processes: nothing is spent twice or lost."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from threading import Barrier
from typing import NamedTuple

import pytest

from tests.support import engines, invariants, raw, world
from tests.support.raw import Answer, Wire, bearer
from tests.support.server import start
from tests.support.target import Target

pytestmark = pytest.mark.alone

CALLERS = 32


class Town(NamedTuple):
    """Processes on one data folder, by the ports to reach them, and a token that all of them take."""

    ports: list[int]
    target: Target
    token: str


@pytest.fixture(scope="module", params=["two servers", "two workers"])
def town(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Two servers on one data folder, or one with two workers."""
    folder = tmp_path_factory.mktemp("town") / "data"
    with ExitStack() as stack:
        servers = [start(folder)] if request.param == "two servers" else [start(folder, "--workers", "2")]
        stack.callback(servers[0].stop)
        if request.param == "two servers":
            servers.append(start(folder))
            stack.callback(servers[1].stop)
        target = Target(servers[0].port, folder, world.furnish(folder))
        yield Town([server.port for server in servers], target, target.token())
    invariants.check(folder)


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
        with Wire(town.ports[place % len(town.ports)], timeout=30) as wire:
            ready.wait(20)
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


def test_the_last_points_are_spent_once(town: Town) -> None:
    """Of 32 callers that want all of the points exactly one gets them, and the others are told that there are none."""
    customer_id = newcomer(town, 50)

    answers = at_once(town, [spend(town, customer_id, 50)] * CALLERS)

    assert outcomes(answers) == {"200": 1, "400 validation": CALLERS - 1}
    assert entries(town, customer_id) == {("deposit", 500_000): 1, ("spend", -500_000): 1}


def test_as_many_win_as_there_are_points(town: Town) -> None:
    """Of 32 callers that want one point each of 20, exactly 20 get one; none is turned away for the crowd."""
    customer_id = newcomer(town, 20)

    answers = at_once(town, [spend(town, customer_id, 1)] * CALLERS)

    assert outcomes(answers) == {"200": 20, "400 validation": CALLERS - 20}
    left = sorted(
        json.loads(each.body)["payload"]["summary"]["remaining_balance"] for each in answers if each.status == 200
    )
    assert left == list(range(20)), "two callers saw the same balance"
    assert entries(town, customer_id) == {("deposit", 200_000): 1, ("spend", -10_000): 20}


def test_what_is_sent_again_is_made_once(town: Town) -> None:
    """Deposits and spends with ids, each sent twice at once and once more: every answer the same, the sum exact."""
    customer_id = newcomer(town, 100)
    make: list[tuple[Callable[..., tuple[str, dict[str, object]]], int]] = [(deposit, 3), (spend, 2)]
    requests = [
        deed(town, customer_id, amount, f"{deed.__name__} {place}") for place in range(8) for deed, amount in make
    ]

    first = at_once(town, requests * 2)
    again = at_once(town, requests)

    assert outcomes(first + again) == {"200": 3 * len(requests)}
    for place, later in enumerate(again):
        assert first[place].body == first[place + len(requests)].body == later.body
    assert entries(town, customer_id) == {("deposit", 1_000_000): 1, ("deposit", 30_000): 8, ("spend", -20_000): 8}


def test_one_id_for_two_things_is_taken_once(town: Town) -> None:
    """Callers that use one id for different spends at once: one is made, and the others are told of the conflict."""
    customer_id = newcomer(town, 100)

    answers = at_once(town, [spend(town, customer_id, amount, "same") for amount in range(1, 17)])

    assert outcomes(answers) == {"200": 1, "409 validation": 15}
    assert sum(entries(town, customer_id).values()) == 2
