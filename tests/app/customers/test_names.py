"""What customers are called: every name in any spelling finds the one it is of, and nobody else."""

import asyncio
import json
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tessera.app.customers import customers, erasure, search, updates
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.files import bulk_import
from tessera.app.customers.files.rows import Row
from tessera.app.customers.search import By
from tessera.core import external_ids, leniency
from tessera.core.customers import referrer_codes
from tessera.core.customers.customers import Include
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer
from tessera.core.errors import UserNotFound, Validation
from tests.support import invariants
from tests.support.scene import Scene, play

_new = msgspec.json.Decoder(NewCustomer)
_update = msgspec.json.Decoder(CustomerUpdate)

LETTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(
    "\u00a0\u00ad\u200c\u200d\u3000\ufeff e\u0301"
)
IDS = st.text(LETTERS, min_size=1, max_size=12)


async def create(scene: Scene, **members: Any) -> dict[str, Any]:
    """What a create answers."""
    new = leniency.decode(_new, json.dumps(members).encode())
    answer: dict[str, Any] = json.loads(
        bytes(await customers.create(scene.context, scene.caller, scene.shop.api_key, new))
    )
    return answer


async def update(scene: Scene, named: CustomerRef, **members: Any) -> dict[str, Any]:
    """What an update answers."""
    sent = leniency.decode(_update, json.dumps(members).encode())
    view = await updates.update(scene.context, scene.caller, scene.shop.api_key, named, sent)
    answer: dict[str, Any] = json.loads(bytes(view))
    return answer


async def found(scene: Scene, external_id: str) -> str | None:
    """The id of the customer that an external id leads to, by its address and by a search alike."""
    context, caller, key = scene.context, scene.caller, scene.shop.api_key
    ids = set()
    for looked_up in (
        customers.read_external(context, caller, key, external_id, Include()),
        search.one(context, caller, key, {By.EXTERNAL_ID: external_id}, Include()),
    ):
        try:
            ids.add(json.loads(bytes(await looked_up))["id"])
        except UserNotFound:
            ids.add(None)
    assert len(ids) == 1, external_id
    return ids.pop()  # type: ignore[no-any-return]


@settings(
    max_examples=12, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(IDS, min_size=8, max_size=8))
def test_what_is_created_is_found_changed_and_deleted(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """A customer made in any way by any id is found, changed and deleted by each spelling of it; others are none."""

    async def scenario(scene: Scene) -> None:
        for number, sent in enumerate(ids):
            form = external_ids.normal(sent)
            before = invariants.contents(scene.folder)
            if form is None:
                with pytest.raises(Validation, match="external_id must have"):
                    await create(scene, external_id=sent)
                with pytest.raises(Validation, match=r"identifiers\[0\]"):
                    await create(scene, identifiers=[{"external_id": sent}])
                assert invariants.contents(scene.folder) == before
                assert await found(scene, sent) is None
                continue
            customer_id = await made(scene, sent, number % 3)
            spellings = (sent, form, f" \u3000{form}\u00a0", unicodedata.normalize("NFD", sent))
            for spelling in spellings:
                assert await found(scene, spelling) == customer_id
                named = CustomerRef(spelling, external=True)
                assert (await update(scene, named, external_id=spelling, city=spelling))["external_id"] == form
                with pytest.raises(Validation, match="external_id belongs"):
                    await create(scene, external_id=spelling)
            await erasure.erase(
                scene.context,
                scene.caller,
                scene.shop.api_key,
                CustomerRef(spellings[number % 4], external=True),
                Include(),
            )
            assert await found(scene, sent) is None
        invariants.check(scene.folder)

    play(tmp_path_factory.mktemp("names"), scenario)


async def made(scene: Scene, external_id: str, way: int) -> str:
    """Make a customer by one of the ways there are; its id."""
    if way == 0:
        return str((await create(scene, external_id=external_id))["id"])
    if way == 1:
        return str((await create(scene, identifiers=[{"external_id": external_id}]))["id"])
    row = Row(2, NewCustomer(external_id=external_id), CustomerUpdate(external_id=external_id))
    tally = await bulk_import.load(scene.context, 1, [row, row], lambda _tally: None)
    assert (tally.created, tally.unchanged) == (1, 1)
    return str(await found(scene, external_id))


def test_identifiers_are_added_retyped_and_replaced(tmp_path: Path) -> None:
    """Each is added once, the latest is shown, a type changes when it is given, and clearing frees what is left out."""

    async def scenario(scene: Scene) -> None:
        user = await create(
            scene, external_id="a", external_id_type="card",
            identifiers=[{"external_id": "a"}, {"external_id": "b", "external_id_type": "till"}],
        )  # fmt: skip
        named = CustomerRef(user["id"])
        assert (user["external_id"], types(user)) == ("a", {"b": "till", "a": "card"})
        assert await update(scene, named, **user) | {"tier_details": 0} == user | {"tier_details": 0}
        user = await update(scene, named, identifiers=[{"external_id": "b", "external_id_type": "app"}])
        assert types(user) == {"b": "app", "a": "card"}
        user = await update(
            scene, named, identifiers=[{"external_id": "c"}, {"external_id": "a"}], clear_identifiers=True
        )
        assert (user["external_id"], list(types(user).items())) == ("a", [("c", "default"), ("a", "card")])
        assert (await create(scene, external_id="b"))["external_id"] == "b"
        before = invariants.contents(scene.folder)
        for members, part in (
            ({"identifiers": [{"external_id": "b"}]}, "external_id belongs"),
            ({"clear_identifiers": True}, "Either external_id or email"),
            ({"identifiers": [{"external_id": f"x{n}"} for n in range(99)]}, "at most 100"),
        ):
            with pytest.raises(Validation, match=part):
                await update(scene, named, city="Rome", **members)
        assert invariants.contents(scene.folder) == before
        await update(scene, named, email="a@b.example", clear_identifiers="true")
        assert [await found(scene, each) for each in "ac"] == [None, None]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def types(user: dict[str, Any]) -> dict[str, str]:
    """The types of a customer's external ids."""
    return {each["external_id"]: each["external_id_type"] for each in user["identifiers"]}


def test_referrer_codes_are_ours_and_everybodys_own(tmp_path: Path) -> None:
    """Each customer has a random code, which empty members do not change; one that is brought is given once."""

    async def scenario(scene: Scene) -> None:
        users = [await create(scene, external_id=f"c{n}") for n in range(20)]
        codes = {user["referrer_code"] for user in users}
        assert len(codes) == 20
        assert all(referrer_codes.ours(code) for code in codes)
        named = CustomerRef(users[0]["id"])
        for empty in ("", None):
            assert (await update(scene, named, referrer_code=empty))["referrer_code"] == users[0]["referrer_code"]
        assert (await update(scene, named, referrer_code="FRIEND"))["referrer_code"] == "FRIEND"
        with pytest.raises(Validation, match="referrer_code belongs"):
            await update(scene, CustomerRef(users[1]["id"]), referrer_code="FRIEND")
        with pytest.raises(Validation, match="referrer_code belongs"):
            await create(scene, external_id="new", referrer_code="FRIEND")
        cleared = (await update(scene, named, referrer_code=None))["referrer_code"]
        assert referrer_codes.ours(cleared)
        assert cleared not in codes
        assert (await create(scene, external_id="new", referrer_code="FRIEND"))["referrer_code"] == "FRIEND"
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_referral_is_kept_and_told_once(tmp_path: Path) -> None:
    """The code stands in the profile until it is cleared, and one event tells each code that is new."""

    async def scenario(scene: Scene) -> None:
        user = await create(scene, external_id="a", referral={"referral_code": "FRIEND"})
        named = CustomerRef(user["id"])
        assert user["referral"] == {"referral_code": "FRIEND"}
        await update(scene, named, **user)
        await update(scene, named, referral={})
        changed = await update(scene, named, referral={"referral_code": "OTHER"})
        assert changed["referral"] == {"referral_code": "OTHER"}
        assert "referral" not in await update(scene, named, referral={"referral_code": ""})
        told = await scene.context.store.events_about(user["id"], 0, 100)
        data = [json.loads(each.data) for each in told if each.kind == "customer.referred"]
        assert data == [
            {"retailer_id": scene.retailer_id, "user_id": user["id"], "referral_code": code}
            for code in ("FRIEND", "OTHER")
        ]

    play(tmp_path, scenario)


def test_addresses_of_one_person_are_one(tmp_path: Path) -> None:
    """An address is taken in each of its spellings, whichever of them was first, and two domains stay two."""

    async def scenario(scene: Scene) -> None:
        first = await create(scene, email="cafe\u0301@BU\u0308CHER.example")
        for spelling in ("caf\u00e9@b\u00fccher.example", "CAF\u00c9@xn--bcher-kva.example"):
            with pytest.raises(Validation, match="email belongs"):
                await create(scene, email=spelling)
            view = await search.one(scene.context, scene.caller, scene.shop.api_key, {By.EMAIL: spelling}, Include())
            assert json.loads(bytes(view))["id"] == first["id"]
        ids = {(await create(scene, email=f"info@{each}.example"))["id"] for each in ("stra\u00dfe", "strasse")}
        assert len(ids) == 2

    play(tmp_path, scenario)


def test_one_code_wanted_by_many_goes_to_one(tmp_path: Path) -> None:
    """Of many customers that want one referrer code at once, one has it and the others are refused."""

    async def scenario(scene: Scene) -> None:
        ids = [(await create(scene, external_id=f"c{n}"))["id"] for n in range(6)]
        done = await asyncio.gather(
            *(update(scene, CustomerRef(each), referrer_code="ONE") for each in ids),
            *(create(scene, external_id=f"n{n}", referrer_code="ONE") for n in range(6)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Validation) for each in done) == 11
        invariants.check(scene.folder)

    play(tmp_path, scenario)
