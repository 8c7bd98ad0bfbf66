"""Customers: created whole or not at all, and found in their own organization only."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tessera.app.callers import Caller
from tessera.app.clients import properties
from tessera.app.customers import customers
from tessera.app.organizations import organizations
from tessera.core.customers.customers import Include
from tessera.core.errors import InvalidAPIKey, UserNotFound, Validation
from tests.support import invariants
from tests.support.scene import Scene, play


async def read(scene: Scene, customer_id: str, wanted: Include = customers.INCLUDE_NOTHING) -> dict[str, object]:
    """A customer's profile as JSON."""
    view = await customers.read(scene.context, scene.caller, scene.shop.api_key, customer_id, wanted)
    members: dict[str, object] = msgspec.json.decode(msgspec.json.encode(view))
    return members


def test_a_new_customer_is_in_the_lowest_level(tmp_path: Path) -> None:
    """A new customer is read back with what was sent, without points, in the lowest level of the tier system."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card", email="Ada@X.example", first_name="Ada")
        user = await read(scene, customer_id)
        assert (user["id"], user["external_id"], user["email"]) == (customer_id, "card", "Ada@X.example")
        assert (user["tier"], user["tier_points"], user["next_tier_points"]) == ("L0", 0, 500)
        by_card = await customers.read_external(scene.context, scene.caller, scene.shop.api_key, "card", Include())
        assert msgspec.json.decode(msgspec.json.encode(by_card)) == user
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_an_email_address_and_an_external_id_are_free_once(tmp_path: Path) -> None:
    """An address is unique in its folded form and an external id exactly; a refused customer leaves nothing."""

    async def scenario(scene: Scene) -> None:
        await scene.customer("card", email="Ada@X.example")
        before = invariants.contents(scene.folder)
        with pytest.raises(Validation, match="email belongs to another"):
            await scene.customer("card-2", email="aDA@x.EXAMPLE")
        with pytest.raises(Validation, match="external_id belongs to another"):
            await scene.customer("card", email="new@x.example")
        assert invariants.contents(scene.folder) == before
        await scene.customer("Card")
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_the_same_customer_at_once_is_created_once(tmp_path: Path) -> None:
    """Of many requests at once for one external id, one creates the customer and the others are refused."""

    async def scenario(scene: Scene) -> None:
        done = await asyncio.gather(*(scene.customer("card") for _ in range(16)), return_exceptions=True)
        assert sum(isinstance(each, str) for each in done) == 1
        assert sum(isinstance(each, Validation) for each in done) == 15
        assert invariants.row_counts(scene.folder)["customer"] == 1
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_custom_profile_has_a_version_of_ours(tmp_path: Path) -> None:
    """A custom profile begins at version 1, whatever version it brings along."""

    async def scenario(scene: Scene) -> None:
        sent = {"_version": msgspec.Raw(b'"x"'), "roast": msgspec.Raw(b"[1]")}
        user = await read(scene, await scene.customer("card", user_profile=sent), Include(user_profile=True))
        assert user["user_profile"] == {"_version": 1, "roast": [1]}

    play(tmp_path, scenario)


def test_another_organization_sees_nothing(tmp_path: Path) -> None:
    """Another organization's key is refused like an unknown one, and its caller does not find the customer."""

    async def scenario(scene: Scene) -> None:
        customer_id = await scene.customer("card")
        other = await organizations.create(scene.context, "Other")
        theirs = await properties.create(scene.context, other, "shop")
        stranger = Caller(other.number, ("openid",))
        refusals = []
        for caller, key in ((scene.caller, theirs.api_key), (scene.caller, "0" * 40), (stranger, scene.shop.api_key)):
            with pytest.raises(InvalidAPIKey) as refusal:
                await customers.read(scene.context, caller, key, customer_id, Include())
            refusals.append(refusal.value.public)
        assert len(set(refusals)) == 1
        with pytest.raises(UserNotFound):
            await customers.read(scene.context, stranger, theirs.api_key, customer_id, Include())
        with pytest.raises(UserNotFound):
            await customers.read_external(scene.context, stranger, theirs.api_key, "card", Include())

    play(tmp_path, scenario)
