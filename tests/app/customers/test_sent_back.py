"""Read, change one member, write: every object of a customer that is answered can be sent back."""

import json
from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tessera.app.customers import customers, erasure, search, updates
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.search import By
from tessera.core import leniency
from tessera.core.customers.customers import Include
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer
from tests.support import invariants
from tests.support.scene import Scene, play, status

EVERYTHING = Include(user_profile=True, identifiers=True, incentives=True)

_new = msgspec.json.Decoder(NewCustomer)
_update = msgspec.json.Decoder(CustomerUpdate)

MEMBERS: dict[str, Any] = {
    "identifiers": [{"external_id": "till", "external_id_type": "till"}],
    "email": "Ada@b\u00fccher.example",
    "opted_in": False,
    "gender": "Female",
    "dob": "1990-02-28",
    "address": "1 Street\nFlat 2",
    "address2": "b",
    "city": "Rome",
    "zip": 10115,
    "dma": 501,
    "state": "Oregon",
    "country": "it",
    "locale": "it-IT",
    "suspended": True,
    "last_name": "O'Hara",
    "first_name": "\u00c9lise",
    "profile_photo_url": "https://x.example/a.png",
    "referrer_code": "FRIEND",
    "referral": {"referral_code": "OTHER"},
    "phone_numbers": [{"phone_number": "+1 5", "preference_flags": ["sms"], "verified_ownership": True}],
    "test_account": True,
    "user_profile": {"cups": 1, "nested": {"a": [None, ""]}},
}
"""Each member that a new customer may have, once."""

STORED: dict[str, Any] = {
    "identifiers": [*MEMBERS["identifiers"], {"external_id": "card", "external_id_type": "default"}],
    "gender": "f",
    "address": "1 Street Flat 2",
    "zip": "10115",
    "dma": "501",
    "state": "OR",
    "country": "ITA",
    "locale": "it-it",
    "phone_numbers": [{**MEMBERS["phone_numbers"][0], "phone_type": "mobile"}],
    "user_profile": {**MEMBERS["user_profile"], "_version": 1},
}
"""What is answered of a member, where that is not what was sent."""

TOKEN_ONLY = {"external_id", "external_id_type", "auth_token"}


def test_every_member_is_tried() -> None:
    """A member that is new in the struct of a new customer is tried here too."""
    assert set(NewCustomer.__struct_fields__) == MEMBERS.keys() | TOKEN_ONLY


async def answered(view: Awaitable[msgspec.Raw]) -> dict[str, Any]:
    """The members of a view."""
    members: dict[str, Any] = json.loads(bytes(await view))
    return members


def as_new(body: dict[str, Any]) -> NewCustomer:
    """A body as a create takes it."""
    return leniency.decode(_new, json.dumps(body).encode())


def as_update(body: dict[str, Any]) -> CustomerUpdate:
    """A body as an update takes it."""
    return leniency.decode(_update, json.dumps(body).encode())


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@example(set(MEMBERS), "city")
@example(set(MEMBERS) - {"email"}, "phone_numbers")
@given(st.sets(st.sampled_from(sorted(MEMBERS))), st.sampled_from(sorted(MEMBERS)))
def test_whatever_is_answered_can_be_sent_back(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], cleared: str
) -> None:
    """Each answer to a create, read, update, search, list or deletion is taken by an update and a create, unchanged."""

    async def scenario(scene: Scene) -> None:
        context, caller, key = scene.context, scene.caller, scene.shop.api_key
        body = {"external_id": "card", **{name: MEMBERS[name] for name in names}}
        created = await answered(customers.create(context, caller, key, as_new(body), EVERYTHING))
        assert {name: created[name] for name in names} == {name: STORED.get(name, MEMBERS[name]) for name in names}
        named = CustomerRef(created["id"])
        await scene.deposit(created["id"], status(700))
        await answered(updates.update(context, caller, key, named, as_update({cleared: None})))
        page = await search.several(context, caller, key, {By.EMAIL: MEMBERS["email"]}, None, 9)
        one = search.one(context, caller, key, {By.EXTERNAL_ID: "card"}, EVERYTHING)
        answers = [
            await answered(customers.read(context, caller, key, created["id"], Include())),
            await answered(one),
            *(json.loads(bytes(player)) for player in page.players),
        ]
        stands = invariants.contents(scene.folder)
        for answer in answers:
            again = await answered(updates.update(context, caller, key, named, as_update(answer)))
            assert {name: again[name] for name in answer if name != "user_id"} == {
                name: value for name, value in answer.items() if name != "user_id"
            }
        assert invariants.contents(scene.folder) == stands
        changed = await answered(updates.update(context, caller, key, named, as_update({**answers[0], "city": "Oslo"})))
        assert {**changed, "city": "", "updated_at": ""} == {**again, "city": "", "updated_at": ""}
        gone = await answered(erasure.erase(context, caller, key, named, EVERYTHING))
        remade = await answered(customers.create(context, caller, key, as_new(gone), EVERYTHING))
        ours = remade.keys() & (MEMBERS.keys() | {"external_id"})
        assert {name: remade[name] for name in ours - {"user_profile", "phone_numbers"}} == {
            name: gone[name] for name in ours - {"user_profile", "phone_numbers"}
        }
        assert (remade.get("phone_numbers") or None) == (gone.get("phone_numbers") or None)
        members = [{**each.get("user_profile", {}), "_version": 0} for each in (remade, gone)]
        assert members[0] == members[1]
        assert gone.keys() - remade.keys() <= {
            "phone_numbers",
            *(name for name in gone if name.startswith("maintenance")),
        }

    play(tmp_path_factory.mktemp("back"), scenario)
