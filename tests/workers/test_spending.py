"""Many callers at one customer's points at once, through several processes: nothing is spent twice or lost."""

import json
from collections.abc import Callable

from tests.workers.town import CALLERS, Town, at_once, deposit, entries, newcomer, outcomes, spend


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
        operation(town, customer_id, amount, f"{operation.__name__} {place}")
        for place in range(8)
        for operation, amount in make
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
