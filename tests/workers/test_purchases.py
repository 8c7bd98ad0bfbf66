"""Many callers who buy, return and merge at once, through several processes: points are neither lost nor made."""

import json
from collections import Counter
from itertools import count
from typing import Any

from tests.support import engines
from tests.support.raw import Answer
from tests.workers.town import CALLERS, Town, at_once, entries, newcomer, outcomes, send

Sent = tuple[str, dict[str, Any]]

TRANSACTIONS = count()


def transaction(town: Town, name: str, subtotal: float, **members: Any) -> Sent:
    """A transaction: path and body; `user_id` is of the request, other members of the transaction."""
    body = {
        "store_id": "s1",
        "client_id": town.target.values["retailer_id"],
        "request_id": f"request {name}",
        "user_id": members.pop("user_id"),
        "request_payload": {"transaction_id": name, "subtotal": subtotal, **members},
    }
    return "/api/2.0/send_transaction", body


def fresh() -> str:
    """A transaction id that nobody used."""
    return f"t{next(TRANSACTIONS)}"


def beans(town: Town, answer: Answer) -> float:
    """The beans that a transaction moved."""
    points = json.loads(answer.body)["payload"]["points"]
    moved: list[float] = [each["amount"] for each in points if each["point_account_id"] == town.target.values["beans"]]
    return sum(moved)


def test_a_purchase_of_many_callers_is_recorded_once(town: Town) -> None:
    """The same purchase from 32 callers, half of them with another request id, earns once; all are answered alike."""
    who, name = newcomer(town, 0), fresh()
    path, body = transaction(town, name, 10, user_id=who)

    answers = at_once(town, [(path, body), (path, {**body, "request_id": f"{name} again"})] * (CALLERS // 2))

    assert outcomes(answers) == {"200": CALLERS}
    assert len({each.body for each in answers}) == 2
    assert [beans(town, each) for each in answers] == [10] * CALLERS
    assert entries(town, who) == {("deposit", 100_000): 2}


def test_one_id_for_two_purchases_is_taken_once(town: Town) -> None:
    """Callers that use one transaction id for different purchases at once: one is recorded, the others are told."""
    who, name = newcomer(town, 0), fresh()

    answers = at_once(town, [transaction(town, name, amount, user_id=who) for amount in range(1, 17)])

    assert outcomes(answers) == {"200": 1, "409 validation": 15}
    assert sum(entries(town, who).values()) == 2


def test_returns_at_once_take_back_what_was_earned(town: Town) -> None:
    """32 callers return 7 each of a purchase of 100: all are recorded, and exactly 100 points go back."""
    who, name = newcomer(town, 0), fresh()
    send(town, town.ports[0], *transaction(town, name, 100, user_id=who))
    returns = [transaction(town, fresh(), -7, user_id=who, original_transaction_id=name) for _ in range(CALLERS)]

    answers = at_once(town, returns)

    assert outcomes(answers) == {"200": CALLERS}
    assert sum(beans(town, each) for each in answers) == -100
    taken = Counter(entries(town, who))
    assert taken.pop(("deposit", 1_000_000)) == 2
    assert sum(amount * times for (_, amount), times in taken.items()) == -2_000_000


def test_purchases_during_a_merge_are_the_survivor_s(town: Town) -> None:
    """Callers buy by both external ids while others merge the two, each way: every point is the survivor's."""
    cards = [f"merging {fresh()}", f"merging {fresh()}"]
    users = f"/priv/v1/apps/{town.target.values['api_key']}/users"
    for card in cards:
        assert send(town, town.ports[0], users, {"user": {"external_id": card}}).status == 200
    external = users.replace("/users", "/external/users")
    merges: list[Sent] = [
        (f"{external}/{one}/merge_accounts".replace(" ", "%20"), {"user": {"external_id": other}})
        for one, other in (cards, cards[::-1])
    ]
    purchases = [transaction(town, fresh(), 3, user_id=cards[place % 2]) for place in range(CALLERS - 4)]

    answers = at_once(town, [*purchases[:10], *merges, *purchases[10:], *merges])

    merged = [answer for answer in answers if b'"user":' in answer.body]
    bought = [answer for answer in answers if b'"payload":' in answer.body]
    assert len(merged) == 1
    assert [outcomes([each]) for each in answers if each.status != 200] == [{"400 validation": 1}] * 3
    assert [beans(town, each) for each in bought] == [3] * len(purchases)
    survivor = json.loads(merged[0].body)["user"]["id"]
    assert entries(town, survivor) == {("deposit", 30_000): 2 * len(purchases)}
    with engines.reading(town.target.folder) as database:
        bought_by = "select distinct c.id from purchase p join customer c on c.number = p.customer"
        names = [str(sent["request_payload"]["transaction_id"]) for _, sent in purchases[:2]]
        assert database.rows(f"{bought_by} where p.transaction_id in (?, ?)", *names) == [(survivor,)]
