"""Updates: only what changes is written and told, facts are restated, and nothing of anybody else is taken."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tessera import wiring
from tessera.app.customers import customers, updates
from tessera.app.customers.customers import CustomerRef
from tessera.core.customers.customers import Include, NewCustomer, PhoneNumber
from tessera.core.customers.identifiers import IDENTIFIERS_MAX
from tessera.core.customers.profiles import CustomerUpdate
from tessera.core.errors import Validation
from tests.support import invariants
from tests.support.scene import Scene, play
from tests.support.settings import settings_of

EVERYTHING = Include(user_profile=True, identifiers=True)


async def update(scene: Scene, key: str, *, external: bool = False, **members: Any) -> dict[str, Any]:
    """What an update answers."""
    sent = msgspec.json.decode(msgspec.json.encode(members), type=CustomerUpdate)
    named = CustomerRef(key, external=external)
    user = await updates.update(scene.context, scene.caller, scene.shop.api_key, named, sent, EVERYTHING)
    answer: dict[str, Any] = json.loads(bytes(user))
    return answer


async def told(scene: Scene, customer_id: str) -> list[str]:
    """The kinds of events about a customer."""
    return [each.kind for each in await scene.context.store.events_about(customer_id, 0, 10_000)]


def test_an_update_is_answered_as_it_is_read(tmp_path: Path) -> None:
    """The answer is what a read gives then, and one event tells of the change."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card", first_name="Ada", phone_numbers=[PhoneNumber("+1 555")])
        scene.clock.step(3600)
        user = await update(
            scene, customer_id, city="Rome", first_name=None, external_id="till", user_profile={"cups": 1},
            phone_numbers=[{"phone_number": "+1 556", "phone_type": "home"}],
        )  # fmt: skip
        read = await customers.read(scene.context, scene.caller, scene.shop.api_key, customer_id, EVERYTHING)
        assert json.loads(bytes(read)) == user
        assert (user["external_id"], user["city"], user["user_profile"]) == ("till", "Rome", {"cups": 1, "_version": 1})
        assert [each["external_id"] for each in user["identifiers"]] == ["card", "till"]
        assert "first_name" not in user
        assert user["updated_at"] > user["created_at"]
        assert await told(scene, customer_id) == ["customer.created", "customer.changed"]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_what_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    """An update to what stands there already leaves every row as it was, and nobody is told."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card", first_name="Ada", email="a@b.example")
        await update(scene, customer_id, user_profile={"cups": 1}, phone_numbers=[{"phone_number": "1"}])
        before = invariants.contents(scene.folder)
        scene.clock.step(3600)
        same = {"first_name": "Ada", "email": "a@b.example", "external_id": "card", "city": None, "opted_in": True}
        await update(
            scene, "card", external=True, **same, user_profile={"cups": 1}, phone_numbers=[{"phone_number": "1"}]
        )
        await update(scene, customer_id)
        named = CustomerRef(customer_id)
        for whole in (True, False):
            sent = {"cups": msgspec.Raw(b" 1 ")}
            await updates.customize(scene.context, scene.caller, scene.shop.api_key, named, sent, whole=whole)
        assert invariants.contents(scene.folder) == before

    play(tmp_path, scenario)


def test_a_refused_update_writes_nothing(tmp_path: Path) -> None:
    """What belongs to somebody else is refused, with everything sent beside it."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card", email="a@b.example")
        nameless = await update(scene, customer_id, city="Rome")
        await scene.customer("other", email="other@b.example")
        before = invariants.contents(scene.folder)
        refused: tuple[tuple[str, dict[str, Any]], ...] = (
            ("email belongs", {"email": "OTHER@b.example"}),
            ("external_id belongs", {"external_id": "other"}),
            ("email is not", {"email": "x"}),
        )
        for part, members in refused:
            with pytest.raises(Validation, match=part):
                await update(scene, customer_id, city="Oslo", user_profile={"a": 1}, **members)
        assert invariants.contents(scene.folder) == before
        assert nameless["city"] == "Rome"

    play(tmp_path, scenario)


def test_one_id_or_address_stays(tmp_path: Path) -> None:
    """Who has no external id keeps an email address; who has one may do without."""

    async def scenario(scene: Scene) -> None:
        new = msgspec.convert({"email": "a@b.example"}, NewCustomer)
        view = await customers.create(scene.context, scene.caller, scene.shop.api_key, new)
        customer_id = json.loads(bytes(view))["id"]
        with pytest.raises(Validation, match="Either external_id or email"):
            await update(scene, customer_id, email=None)
        assert "email" not in await update(scene, customer_id, email=None, external_id="card")
        await scene.customer("next", email="a@b.example")
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_many_updates_at_once_all_take_effect(tmp_path: Path) -> None:
    """Updates of different members, through two processes' stores, lose nothing of each other."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        async with wiring.open_context(settings_of(scene.folder)) as other:
            await asyncio.gather(
                *(
                    updates.update(
                        context, scene.caller, scene.shop.api_key, CustomerRef(customer_id),
                        CustomerUpdate(external_id=f"card-{n}", user_profile={f"m{n}": msgspec.Raw(b"1")}), Include(),
                    )
                    for n in range(30)
                    for context in [(scene.context, other)[n % 2]]
                )
            )  # fmt: skip
        user = await update(scene, customer_id)
        assert user["user_profile"].pop("_version") == 30
        assert user["user_profile"] == {f"m{n}": 1 for n in range(30)}
        assert {each["external_id"] for each in user["identifiers"]} == {"card", *(f"card-{n}" for n in range(30))}
        assert (await told(scene, customer_id)).count("customer.changed") == 30
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_one_address_wanted_by_many_goes_to_one(tmp_path: Path) -> None:
    """Of many customers that take one email address at once, one has it and the others are refused."""

    async def scenario(scene: Scene) -> None:
        ids = [await scene.customer(f"card-{n}") for n in range(8)]
        done = await asyncio.gather(
            *(update(scene, each, email="one@x.example") for each in ids), return_exceptions=True
        )
        assert sum(isinstance(each, Validation) for each in done) == 7
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_external_ids_are_bounded(tmp_path: Path) -> None:
    """A customer collects no more external ids than there is room for."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card-0")
        for n in range(1, IDENTIFIERS_MAX):
            await update(scene, customer_id, external_id=f"card-{n}")
        with pytest.raises(Validation, match="at most 100"):
            await update(scene, customer_id, external_id="one more")
        assert (await update(scene, customer_id, external_id="card-7"))["external_id"] == "card-99"

    play(tmp_path, scenario)
