"""No token from before a restore is valid after it, nor after the cut-offs that follow, whatever any clock says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app.administration import backups
from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.tokens import verification
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys.wrapping import MasterKey
from tessera.ops.entropy import SystemEntropy
from tessera.store.folder import DataFolder
from tessera.store.transfer import places
from tessera.store.transfer.endpoints import End
from tests.app.tokens.test_generations import node, receive, token
from tests.support import engines
from tests.support.clock import StepClock
from tests.support.postgres import cluster
from tests.support.scene import Scene, play
from tests.support.settings import settings_of
from tests.transfer.places import ENGINES, quiet

BEHIND_SECONDS = 3600
"""By how much the clock of the machine that restores is behind."""


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of the database that is backed up."""
    with engines.on(request.param):
        yield request.param


def end(folder: Path) -> End:
    """The database of a data folder."""
    return places.end(engines.url(folder) or f"{places.SQLITE}{DataFolder(folder).database}")


class Restorer:
    """A backup of a scene, which is put back into one data folder after the other."""

    def __init__(self, scene: Scene, folder: Path, engine: str) -> None:
        self._scene = scene
        self._folder = folder
        self._engine = engine
        self._file = folder / "backup.db"
        self._key = MasterKey(DataFolder(scene.folder).master_key.read_text().strip())
        self._clock = StepClock(scene.clock.now() - BEHIND_SECONDS * 1_000_000)
        self._manifest = backups.take(
            end(scene.folder), self._file, self._key, scene.clock, SystemEntropy(), quiet, force=False
        )

    def restore(self, name: str, *, keep_tokens: bool = False) -> Path:
        """Put it back; the data folder."""
        place = self._folder / name
        place.mkdir(mode=0o700)
        shutil.copy(DataFolder(self._scene.folder).master_key, place / "master.key")
        if self._engine == engines.POSTGRES:
            engines.name(place, cluster().url(cluster().create_database()))
        backups.restore(
            self._file, self._manifest, end(place), self._key, self._clock, quiet,
            entropy=SystemEntropy(), keep_tokens=keep_tokens,
        )  # fmt: skip
        return place

    def clock(self) -> StepClock:
        """A clock of a node at the restored database, which is right again."""
        return StepClock(self._scene.clock.now())


async def cut_off(context: Context, scene: Scene, number: int) -> None:
    """Revoke all tokens of the application, of its organization, of the application..."""
    if number % 2:
        await organizations.revoke_tokens(context, await organizations.find(context, "Org"))
    else:
        await applications.revoke_tokens(context, scene.partner.client_id)


async def valid(context: Context, issued: list[str]) -> list[str]:
    """Those of these tokens that a node accepts."""
    return [each for each in issued if await verification.check(context, each) is not None]


async def issued_meanwhile(scene: Scene) -> list[str]:
    """Tokens of the generation of the backup and of five that were reached later, of nodes with different clocks."""
    found = []
    async with node(scene, 600) as ahead:
        for number in range(6):
            both = [await token(scene.context, scene.partner), await token(ahead, scene.partner)]
            assert await valid(scene.context, both) == both
            found += both
            await cut_off(scene.context, scene, number)
            await receive(ahead)
    return found


@pytest.mark.parametrize("form", [TokenFormat.OPAQUE, TokenFormat.EDDSA])
@pytest.mark.parametrize("cut_offs_before", [0, 1])
@pytest.mark.parametrize("target", ENGINES)
def test_every_token_is_dead_after_a_restore(
    tmp_path: Path, source: str, target: str, cut_offs_before: int, form: TokenFormat
) -> None:
    """Those from before the backup and after it, also after a second restore of it; new ones are valid."""
    del source

    async def scenario(scene: Scene) -> None:
        await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_format=form))
        for number in range(cut_offs_before):
            await cut_off(scene.context, scene, number)
        restorer = Restorer(scene, tmp_path, target)
        earlier = await issued_meanwhile(scene)
        for name in ("first", "second"):
            async with wiring.open_context(settings_of(restorer.restore(name)), clock=restorer.clock()) as context:
                assert await valid(context, earlier) == []
                for number in range(6):
                    fresh = await token(context, scene.partner)
                    assert await valid(context, [*earlier, fresh]) == [fresh]
                    earlier.append(fresh)
                    await cut_off(context, scene, number)
                assert await valid(context, earlier) == []

    play(tmp_path, scenario)


@pytest.mark.parametrize("target", ENGINES)
def test_kept_tokens_are_those_of_the_generation_of_the_backup(tmp_path: Path, source: str, target: str) -> None:
    """Later generations are gone, and no cut-off after the restore brings their tokens back."""
    del source

    async def scenario(scene: Scene) -> None:
        await cut_off(scene.context, scene, 0)
        restorer = Restorer(scene, tmp_path, target)
        kept, *others = (await issued_meanwhile(scene))[::2]
        place = restorer.restore("kept", keep_tokens=True)
        async with wiring.open_context(settings_of(place), clock=restorer.clock()) as context:
            fresh = await token(context, scene.partner)
            assert await valid(context, [kept, *others, fresh]) == [kept, fresh]
            for number in range(20):
                await cut_off(context, scene, number)
                assert await valid(context, [kept, *others, fresh]) == []

    play(tmp_path, scenario)


def test_all_organizations_are_cut_off_by_a_restore(tmp_path: Path) -> None:
    """Every generation rises further than cut-offs can have led, and every moment is that of the restore."""

    async def scenario(scene: Scene) -> None:
        await organizations.create(scene.context, "Second")
        restorer = Restorer(scene, tmp_path, engines.SQLITE)
        place = restorer.restore("restored")
        with engines.reading(place) as database:
            found = database.rows("select generation, tokens_valid_from from organization")
            assert len(found) == 2
            assert {valid_from for _, valid_from in found} == {scene.clock.now() - BEHIND_SECONDS * 1_000_000}
            assert all(2**30 <= generation < 2**31 for generation, _ in found)
            assert database.rows("select generation, tokens_valid_from from application") == [(0, 0)]

    play(tmp_path, scenario)
