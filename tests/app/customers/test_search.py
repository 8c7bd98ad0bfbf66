"""Looking up: exact, in one's own organization, and page by page over thousands."""

import json
from pathlib import Path

import pytest

from tessera.app.callers import Caller
from tessera.app.clients import properties
from tessera.app.customers import search
from tessera.app.customers.customers import creation
from tessera.app.customers.search import By, Page, Sought
from tessera.app.organizations import organizations
from tessera.core.customers.customers import Include, NewCustomer, PhoneNumber
from tessera.core.errors import ArgumentError, UserNotFound
from tests.support.scene import Scene, play

MANY = 3_000


async def page(scene: Scene, sought: Sought, cursor: str | None = None, limit: int = 100) -> Page:
    """A page of those found."""
    return await search.several(scene.context, scene.caller, scene.shop.api_key, sought, cursor, limit)


async def fill(scene: Scene, count: int) -> list[str]:
    """Customers with one phone number, in a few commits; their ids."""
    program = await scene.context.directory.programs.get(1)
    assert program is not None
    ids = [scene.context.new_uuid() for _ in range(count)]
    for start in range(0, count, 500):
        made = [
            creation(
                scene.context, 1, program, ids[n], NewCustomer(external_id=f"c{n}", phone_numbers=[PhoneNumber("+1 5")])
            )
            for n in range(start, min(start + 500, count))
        ]
        await scene.context.commit(*(change for each in made for change in each))
    return ids


def test_pages_hold_everybody_once(tmp_path: Path) -> None:
    """Pages of thousands hold each customer once in the order of their making, while others come and go."""

    async def scenario(scene: Scene) -> None:
        ids = await fill(scene, MANY)
        sought = {By.MOBILE_NUMBER: "15"}
        for limit in (100, 33):
            seen: list[str] = []
            cursor = None
            while True:
                found = await page(scene, sought, cursor, limit)
                assert len(found.players) <= limit
                seen += [json.loads(bytes(each))["id"] for each in found.players]
                cursor = found.next_cursor
                if cursor is None:
                    break
            assert seen == ids
        exact = await page(scene, sought, None, limit=100)
        assert exact.next_cursor is not None
        last = await page(scene, {By.MOBILE_NUMBER: "15"}, exact.next_cursor, limit=MANY - 100)
        assert (len(last.players), last.next_cursor) == (MANY - 100, None)

    play(tmp_path, scenario)


def test_a_cursor_opens_its_own_list_only(tmp_path: Path) -> None:
    """A cursor of one query or organization is refused in another, as is any text with a character changed."""

    async def scenario(scene: Scene) -> None:
        await fill(scene, 3)
        sought = {By.MOBILE_NUMBER: "15"}
        cursor = (await page(scene, sought, limit=1)).next_cursor
        assert cursor is not None
        other = await organizations.create(scene.context, "Other")
        theirs = await properties.create(scene.context, other, "shop")
        stranger = Caller(other.number, ("openid",))
        with pytest.raises(ArgumentError):
            await search.several(scene.context, stranger, theirs.api_key, sought, cursor, 1)
        for place in range(len(cursor)):
            changed = f"{cursor[:place]}{'0' if cursor[place] != '0' else '1'}{cursor[place + 1 :]}"
            with pytest.raises(ArgumentError):
                await page(scene, sought, changed)
        for elsewhere in ({By.MOBILE_NUMBER: "16"}, {By.MOBILE_NUMBER: "1 5"}, {By.EMAIL: "15"}):
            with pytest.raises(ArgumentError):
                await page(scene, elsewhere, cursor)

    play(tmp_path, scenario)


def test_of_several_the_oldest_is_the_one(tmp_path: Path) -> None:
    """A number that several customers share leads to the oldest; digits are compared, and all of them."""

    async def scenario(scene: Scene) -> None:
        ids = await fill(scene, 3)

        async def one(by: By, value: str) -> str:
            sought = {by: value}
            found = await search.one(scene.context, scene.caller, scene.shop.api_key, sought, Include())
            return str(json.loads(bytes(found))["id"])

        assert await one(By.PHONE, "+1-5") == await one(By.MOBILE_NUMBER, "15") == ids[0]
        assert await one(By.EXTERNAL_ID, "c2") == ids[2]
        for by, value in ((By.PHONE, "1"), (By.PHONE, "155"), (By.EXTERNAL_ID, "C2"), (By.EMAIL, "c2")):
            with pytest.raises(UserNotFound):
                await one(by, value)

    play(tmp_path, scenario)
