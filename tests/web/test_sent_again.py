"""A request that is sent again in another spelling says the same: it is answered as the first time, and done once."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import invariants
from tests.support.partner import Partner
from tests.support.scene import Scene, play

pytestmark = [pytest.mark.usefixtures("lent"), pytest.mark.engines("sqlite")]

CARD = "caf\u00e9 card"

Spell = Callable[[dict[str, Any], dict[str, str]], object]
"""Writes something in a body in another way, given the ids."""

TRANSACTION: dict[str, Spell] = {
    "our id": lambda body, ids: body.update(user_id=ids["user"]),
    "our id in upper case": lambda body, ids: body.update(user_id=ids["user"].upper()),
    "decomposed": lambda body, _: body.update(user_id="cafe\u0301 card"),
    "white space around": lambda body, _: body.update(user_id=f" {CARD}\u3000"),
    "the kind of id": lambda body, _: body.update(user_id_type="External_ID"),
    "the customer of the payment": lambda body, _: body.pop("user_id"),
    "retailer in upper case": lambda body, ids: body.update(client_id=ids["retailer"].upper()),
    "request as a number": lambda body, _: body.update(request_id=1042),
    "transaction as a number": lambda body, _: body["request_payload"].update(transaction_id=77),
    "amount with a zero": lambda body, _: body["request_payload"].update(subtotal=12.50000000000000001),
    "time in UTC": lambda body, _: body["request_payload"].update(open_time="2026-01-31T12:30:00.000Z"),
    "time in another zone": lambda body, _: body["request_payload"].update(open_time="2026-01-31T13:30:00+01:00"),
    "kind of transaction": lambda body, _: body["request_payload"].update(type="Purchase"),
    "kind of transaction not given": lambda body, _: body["request_payload"].update(type=""),
    "no discounts": lambda body, _: body["request_payload"].update(discounts=[]),
    "item as a number": lambda body, _: body["request_payload"]["items"][0].update(item_id=1),
    "payment by our id": lambda body, ids: body["request_payload"]["payments"][0].update(
        user_id=ids["user"], user_id_type="SessionM_ID"
    ),
    "payment's kind of id in lower case": lambda body, _: body["request_payload"]["payments"][0].update(
        user_id_type="external_id"
    ),
    "unknown members": lambda body, _: body.update(till="7"),
}

ORDER: dict[str, Spell] = {
    "customer in upper case": lambda body, ids: body.update(user_id=ids["user"].upper()),
    "retailer in upper case": lambda body, ids: body.update(retailer_id=ids["retailer"].upper()),
    "not partial": lambda body, _: body.update(allow_partial_success=False),
    "reference not given": lambda body, _: first_of(body).update(reference_id=""),
    "amount with a zero": lambda body, _: first_of(body).update(amount=5.0),
    "id as a number": lambda body, _: first_of(body).update(idempotency_id=int(first_of(body)["idempotency_id"])),
    "account in upper case": lambda body, ids: first_of(body).update(
        {name: ids["account"].upper() for name in ("point_account_id",) if name in first_of(body)}
        | {name: [ids["account"].upper()] for name in ("point_account_ids",) if name in first_of(body)}
    ),
    "unknown members": lambda body, _: first_of(body).update(till="7"),
}


def first_of(body: dict[str, Any]) -> dict[str, Any]:
    """The one detail of a deposit or a spend."""
    details: list[dict[str, Any]] = body["deposit_details" if "deposit_details" in body else "spend_details"]
    return details[0]


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """The payload of an answer without the retailer id, which is echoed as it was sent."""
    return {name: value for name, value in answer["payload"].items() if name != "retailer_id"}


def bodies(partner: Partner, customer: str) -> dict[str, tuple[str, dict[str, Any], dict[str, Spell]]]:
    """For each operation its address, a body, and how else that may be written."""
    retailer, account = partner.values["retailer_id"], partner.values["charity"]
    order = {"retailer_id": retailer, "user_id": customer}
    detail = {"amount": 5, "idempotency_id": "1043"}
    payment = {"payment_id": "9", "amount": 12.5, "user_id": CARD, "user_id_type": "External_ID"}
    payload = {
        "transaction_id": "77",
        "subtotal": 12.5,
        "open_time": "2026-01-31 12:30:00",
        "items": [{"item_id": "1", "quantity": 2, "unit_price": 6.25}],
        "payments": [payment],
    }
    transaction = {"store_id": "s1", "client_id": retailer, "request_id": "1042", "user_id": CARD}
    deposit = {**order, "deposit_details": [{**detail, "point_account_id": account}]}
    spend = {**order, "spend_details": [{**detail, "point_account_ids": [account], "idempotency_id": "1044"}]}
    return {
        "send_transaction": ("/api/2.0/send_transaction", {**transaction, "request_payload": payload}, TRANSACTION),
        "deposit": ("/api/1.0/user_points/deposit", deposit, ORDER),
        "spend_multiple": ("/api/1.0/user_points/spend_multiple", spend, ORDER),
    }


@pytest.mark.parametrize("name", ["send_transaction", "deposit", "spend_multiple"])
def test_another_spelling_is_the_same_request(tmp_path: Path, name: str) -> None:
    """Each is answered as the first one was, and nothing is written; what says something else is refused."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        customer = (await partner.create(external_id=CARD))["id"]
        ids = {"user": customer, "retailer": scene.retailer_id, "account": partner.values["charity"]}
        every = bodies(partner, customer)
        if name == "spend_multiple":
            await partner.done("POST", *every["deposit"][:2])
        path, body, spellings = every[name]
        answered = await partner.done("POST", path, body)
        stands = invariants.contents(scene.folder)
        taken_for_others = set()
        for spelling, spell in spellings.items():
            again = copy.deepcopy(body)
            spell(again, ids)
            answer = await partner.ask("POST", path, again)
            if answer.status != 200 or said(json.loads(answer.body)) != said(answered):
                taken_for_others.add(spelling)
            assert invariants.contents(scene.folder) == stands, spelling
        assert taken_for_others == set()
        invariants.check(scene.folder)

    play(tmp_path, scenario)
