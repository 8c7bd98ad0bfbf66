"""Secrets that people made up: checked slowly once, remembered, and forgotten with their secret."""

from pathlib import Path

import pytest

from tessera.app import applications
from tessera.app.applications import Issued
from tessera.core import applications as law
from tessera.core.errors import InvalidClient
from tessera.ports import SlowHash
from tests.support.scene import Scene, play

PASSWORD = "correct horse battery staple"


class Counting:
    """The real slow hash, with its checks counted."""

    def __init__(self, real: SlowHash) -> None:
        self._real = real
        self.checks = 0
        self.wasted = 0

    def make(self, secret: str) -> bytes:
        return self._real.make(secret)

    async def matches(self, encoded: bytes, secret: str) -> bool:
        self.checks += 1
        return await self._real.matches(encoded, secret)

    async def waste(self) -> None:
        self.wasted += 1
        await self._real.waste()


async def imported(scene: Scene) -> tuple[Issued, Counting]:
    """An application brought along from another system, and the count of slow checks from now on."""
    counting = Counting(scene.house.slow_hash)
    scene.house.slow_hash = counting
    made = await applications.create(scene.house, "moved", 1, client_id="their-id", client_secret=PASSWORD)
    return made, counting


def test_a_slow_secret_is_checked_once(tmp_path: Path) -> None:
    """The right secret costs one slow check, and then none; each wrong one costs one."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        for _ in range(5):
            assert await scene.alive(await scene.token(made, PASSWORD))
        assert (counting.checks, counting.wasted) == (1, 0)
        for wrong in (f"{PASSWORD} ", PASSWORD.upper(), "x"):
            with pytest.raises(InvalidClient):
                await scene.token(made, wrong)
        assert (counting.checks, counting.wasted) == (4, 0)

    play(tmp_path, scenario)


def test_an_unknown_client_costs_the_same(tmp_path: Path) -> None:
    """An unknown client id of a foreign form costs one slow check; one of our own form none, known or not."""

    async def scenario(scene: Scene) -> None:
        _, counting = await imported(scene)
        for client_id in ("unknown", "0" * 63, "A" * 64):
            before = counting.checks + counting.wasted
            with pytest.raises(InvalidClient):
                await scene.token(Issued(client_id, None, ""), "anything")
            assert counting.checks + counting.wasted == before + 1
        before = counting.checks + counting.wasted
        for client_id in (scene.partner.client_id, "0" * 64):
            with pytest.raises(InvalidClient):
                await scene.token(Issued(client_id, None, ""), "anything")
        assert counting.checks + counting.wasted == before

    play(tmp_path, scenario)


def test_a_remembered_secret_ends_when_it_is_expired(tmp_path: Path) -> None:
    """A secret that was remembered as verified is refused once it has ended, at a slow check's cost."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        await scene.token(made, PASSWORD)
        await applications.expire_secret(scene.house, made.client_id, "first")
        for _ in range(2):
            with pytest.raises(InvalidClient):
                await scene.token(made, PASSWORD)
        assert (counting.checks, counting.wasted) == (1, 2)
        await applications.add_secret(scene.house, made.client_id, "again", imported=PASSWORD)
        assert await scene.alive(await scene.token(made, PASSWORD))
        assert counting.checks == 2

    play(tmp_path, scenario)


def test_a_remembered_secret_does_not_open_a_disabled_application(tmp_path: Path) -> None:
    """While the application is disabled a remembered secret is refused; after enabling it works again."""

    async def scenario(scene: Scene) -> None:
        made, _ = await imported(scene)
        await scene.token(made, PASSWORD)
        await applications.disable(scene.house, made.client_id)
        with pytest.raises(InvalidClient):
            await scene.token(made, PASSWORD)
        await applications.enable(scene.house, made.client_id)
        assert await scene.alive(await scene.token(made, PASSWORD))
        await applications.delete(scene.house, made.client_id)
        with pytest.raises(InvalidClient):
            await scene.token(made, PASSWORD)

    play(tmp_path, scenario)


def test_an_imported_secret_of_our_form_is_not_slow(tmp_path: Path) -> None:
    """A secret of 64 hex characters is random whoever made it: no slow check, whatever the client id's form."""

    async def scenario(scene: Scene) -> None:
        _, counting = await imported(scene)
        for client_id in ("another-id", "cd" * 32):
            made = await applications.create(scene.house, client_id, 1, client_id=client_id, client_secret="ef" * 32)
            assert await scene.alive(await scene.token(made, "ef" * 32))
            found = await scene.house.store.application(client_id)
            assert found is not None
            assert found.credentials[0].kind is law.CredentialKind.KEYED
        assert counting.checks + counting.wasted == 0

    play(tmp_path, scenario)
