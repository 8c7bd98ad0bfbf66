"""Transactions that are spelled in several ways: the same is recognized, what contradicts itself is refused."""

from pathlib import Path
from typing import Any

import pytest

from tessera.app.customers import merging
from tessera.app.customers.customers import CustomerRef
from tessera.app.loyalty import points_history
from tessera.core.changes import AddPurchase
from tessera.core.errors import ArgumentError, IdempotencyConflict, Validation
from tessera.core.loyalty.purchases import Kind, Transaction
from tests.app.loyalty.test_purchases import balance, points, send, with_rules
from tests.support.scene import Scene

RECEIPT: dict[str, Any] = {
    "channel": "Store",
    "open_time": "2026-01-31T12:30:00Z",
    "items": [{"item_id": "4711", "name": "Caf\u00e9", "quantity": 2, "unit_price": 5}],
    "payments": [{"payment_id": "1", "type": "CASH", "amount": 10}],
}


def spelled_otherwise(who: str) -> list[dict[str, Any]]:
    """The same purchase in other words, member by member."""
    ours = {"user_id": who, "user_id_type": "SessionM_ID"}
    return [
        {"user_id": who.upper()},
        {"user_id": "card"},
        {"user_id": "card", "user_id_type": "external_id"},
        {"payments": [{**RECEIPT["payments"][0], **ours}]},
        {"user_id": who, "type": "SALE"},
        {"user_id": who, "type": "Purchase"},
        {"user_id": who, "channel": "store"},
        {"user_id": who, "channel": " STORE "},
        {"user_id": who, "open_time": "2026-01-31 13:30:00+01:00"},
        {"user_id": who, "items": [{"item_id": 4711, "name": "Cafe\u0301", "quantity": 2.0, "unit_price": 5.00}]},
        {"user_id": who, "items": [{"item_id": " 4711 ", "name": "Caf\u00e9 ", "quantity": 2, "unit_price": 5}]},
        {"user_id": who, "items": [{**RECEIPT["items"][0], "line_id": "", "subtotal": ""}]},
        {"user_id": who, "payments": [{"payment_id": 1, "type": "Cash", "amount": 10}]},
        {"user_id": who, "discounts": [], "modified_time": None},
        {"user_id": who, "request_id": " request of t1 "},
        {"user_id": who, "request_id": 5},
    ]


def test_the_same_transaction_in_other_words_is_the_same(tmp_path: Path) -> None:
    """What is compared is what members come to: the customer, the kind, numbers, moments and forms of letters."""

    async def scenario(scene: Scene, who: str) -> None:
        first = await send(scene, "t1", 10, **RECEIPT, user_id=who)
        assert points(first) == {"account-spend": 20, "account-tier": 100}
        for spelling in spelled_otherwise(who):
            again = await send(scene, "t1", 10, **{**RECEIPT, **spelling})
            assert (again.user_id, points(again)) == (who, points(first)), spelling
        assert points(await send(scene, " t1\u00a0", 10, **RECEIPT, user_id=who)) == points(first)
        assert await balance(scene, who) == (20, 20)

    with_rules(tmp_path, scenario)


def test_what_differs_is_another_transaction(tmp_path: Path) -> None:
    """Other items, another moment, another store or another payment is no repetition."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t1", 10, **RECEIPT, user_id=who)
        others: list[dict[str, Any]] = [
            {"items": [{**RECEIPT["items"][0], "item_id": "4712"}]},
            {"items": [{**RECEIPT["items"][0], "quantity": 3}]},
            {"open_time": "2026-01-31T12:30:01Z"},
            {"payments": [{**RECEIPT["payments"][0], "type": "CARD"}]},
            {"payments": []},
            {"channel": None},
        ]
        for other in others:
            with pytest.raises(IdempotencyConflict):
                await send(scene, "t1", 10, **{**RECEIPT, **other}, user_id=who)

    with_rules(tmp_path, scenario)


def test_a_return_is_the_same_by_word_or_by_sign(tmp_path: Path) -> None:
    """A negative subtotal and a positive one of type refund are one return."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t1", 10, user_id=who)
        first = await send(scene, "r1", -5, user_id=who)
        for subtotal, kind in ((5, "refund"), (5, "RETURN"), (-5, "Refund"), (-5, None)):
            assert await send(scene, "r1", subtotal, user_id=who, type=kind) == first
        assert await balance(scene, who) == (10, 10)

    with_rules(tmp_path, scenario)


def test_a_transaction_of_a_customer_who_was_merged(tmp_path: Path) -> None:
    """Sent again with the survivor's id, or an external id of either, it is answered as the first time."""

    async def scenario(scene: Scene, who: str) -> None:
        gone = await scene.customer("gone")
        first = await send(scene, "t1", 10, user_id=gone, payments=[{"user_id": gone}])
        await merging.merge(
            scene.context, scene.caller, scene.shop.api_key, CustomerRef(who), merging.Merged(gone, None)
        )
        for name in (who, "gone", "card"):
            again = await send(scene, "t1", 10, user_id=name, payments=[{"user_id": name}])
            assert (again.user_id, again.points) == (who, first.points)
        assert await balance(scene, who) == (20, 20)

    with_rules(tmp_path, scenario)


def told(details: str, content: str) -> Transaction:
    """A purchase of nothing, with these texts."""
    return Transaction(Kind.PURCHASE, "q", "t", None, None, 0, (), details, content, ("q", "t"))


def test_a_purchase_of_an_earlier_version_is_recognized() -> None:
    """Its fingerprint is that of the details as they were sent."""
    earlier = told("", "as sent").fingerprint()

    assert told("as sent", "in one form").recognizes(earlier)
    assert not told("otherwise", "in one form").recognizes(earlier)
    assert AddPurchase.__struct_fields__.count("fingerprint") == 1


@pytest.mark.parametrize("kind", ["purchase", "SALE"])
def test_a_purchase_is_not_negative(tmp_path: Path, kind: str) -> None:
    """What says that it is a purchase and has the sign of a return is refused by both names."""

    async def scenario(scene: Scene, who: str) -> None:
        with pytest.raises(Validation, match=r"request_payload\.type .* request_payload\.subtotal is negative"):
            await send(scene, "t1", -10, user_id=who, type=kind)
        with pytest.raises(ArgumentError, match=r"must be purchase, sale, refund or return") as refused:
            await send(scene, "t1", 10, user_id=who, type="void")
        assert refused.value.message.endswith('The value is "void".')

    with_rules(tmp_path, scenario)


@pytest.mark.parametrize(
    ("member", "where"),
    [("request_id", "request_id"), ("item_id", r"request_payload\.items\[0\]\.item_id"),
     ("payment_id", r"request_payload\.payments\[0\]\.payment_id")],
)  # fmt: skip
@pytest.mark.parametrize("blank", [" ", "\u00a0", "a\u00adb"])
def test_an_id_can_be_seen(tmp_path: Path, member: str, where: str, blank: str) -> None:
    """Ids of a transaction follow the rule of external ids: a blank one, or one with a hidden character, is refused."""
    sent: dict[str, dict[str, Any]] = {
        "request_id": {"request_id": blank},
        "item_id": {"items": [{"item_id": blank}]},
        "payment_id": {"payments": [{"payment_id": blank}]},
    }

    async def scenario(scene: Scene, who: str) -> None:
        with pytest.raises(Validation, match=f"{where} must have a character that can be seen"):
            await send(scene, "t1", 10, user_id=who, **sent[member])

    with_rules(tmp_path, scenario)


CARD = "gift-card"


@pytest.mark.parametrize(
    ("subtotal", "kind", "items", "counted"),
    [
        (40, None, [(CARD, 10)], 30),
        (40, None, [(CARD, -10), ("beans", 50)], 50),
        (40, None, [(CARD, 10), (CARD, -10), ("beans", 40)], 40),
        (-40, None, [(CARD, -10), ("beans", -30)], -30),
        (-40, None, [(CARD, 10), ("beans", 30)], -30),
        (-40, None, [(CARD, 10), ("beans", -50)], -50),
        (40, "refund", [(CARD, -10), ("beans", -30)], -30),
        (40, "refund", [(CARD, 10), ("beans", 30)], -30),
    ],
)
def test_excluded_items_count_with_their_sign(
    tmp_path: Path, subtotal: float, kind: str | None, items: list[tuple[str, float]], counted: int
) -> None:
    """What is given back within a purchase, or bought within a return, counts the other way."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t0", 100, user_id=who)
        priced = [
            {"item_id": name, "quantity": 1 if price > 0 else -1, "unit_price": abs(price)} for name, price in items
        ]
        moved = await send(scene, "t1", subtotal, user_id=who, type=kind, items=priced)
        assert points(moved) == {"account-spend": 2 * counted}

    with_rules(tmp_path, scenario)


def test_the_audit_log_has_the_request_of_a_purchase(tmp_path: Path) -> None:
    """Every entry that a purchase made has the request id that was sent."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t1", 10, user_id=who, channel="store", request_id=" till-7-1042 ")
        page = await points_history.fetch(scene.context, scene.caller, scene.retailer_id, who, 0, 10)
        assert [each.request for each in page.entries] == ["till-7-1042"] * 2

    with_rules(tmp_path, scenario)
