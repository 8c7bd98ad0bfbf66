"""Rotating a secret: both work while they overlap, nobody is cut off by accident, two operators undo nothing."""

import asyncio
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app.clients import applications, secret_rotation
from tessera.app.clients.secret_rotation import Rotated
from tessera.app.management.housekeeping import write_usage
from tessera.app.operators import OperatorError
from tessera.core.changes import AddCredential, Change, EndCredential, MarkCredentialUsed
from tessera.core.clients.applications import CredentialRecord
from tessera.core.errors import InvalidClient
from tessera.core.times import DAY, SECOND
from tests.support.faulty_store import FaultyStore
from tests.support.scene import Scene, play
from tests.support.settings import settings_of

WEEK = 7 * 86_400


async def rotated(scene: Scene, overlap_seconds: int = WEEK, name: str | None = None) -> Rotated:
    """Rotate the secret of the scene's application."""
    record = await applications.find(scene.context, scene.partner.client_id)
    return await secret_rotation.rotate(scene.context, record, overlap_seconds, name)


async def finished(scene: Scene, *, force: bool = False) -> list[str]:
    """Finish that rotation; the names of the secrets that were ended."""
    record = await applications.find(scene.context, scene.partner.client_id)
    return [each.name for each in await secret_rotation.finish(scene.context, record, force=force)]


async def secrets(scene: Scene) -> dict[str, CredentialRecord]:
    """The secrets of the scene's application by their names."""
    return {each.name: each for each in await scene.context.store.secrets(scene.partner.client_id)}


def test_both_secrets_work_until_the_overlap_is_over(tmp_path: Path) -> None:
    """The old secret works to the last microsecond of the overlap and not after it; the new one goes on."""

    async def scenario(scene: Scene) -> None:
        made = await rotated(scene)
        assert [(each.name, each.ends_at) for each in made.former] == [("first", scene.clock.now() + 7 * DAY)]
        scene.clock.at += 7 * DAY - 1
        await scene.token()
        await scene.token(secret=made.client_secret)
        scene.clock.at += 1
        with pytest.raises(InvalidClient):
            await scene.token()
        await scene.token(secret=made.client_secret)

    play(tmp_path, scenario)


def test_a_restart_in_mid_overlap_changes_nothing(tmp_path: Path) -> None:
    """Another process that opens the folder in the overlap takes both secrets, and refuses the old one at its end."""

    async def scenario(scene: Scene) -> None:
        made = await rotated(scene)
        scene.clock.step(3 * 86_400)
        first, clock, partner = scene.context, scene.clock, scene.partner
        async with wiring.open_context(settings_of(scene.folder), clock=clock) as context:
            scene.context = context
            await scene.token()
            token = await scene.token(secret=made.client_secret)
            clock.step(4 * 86_400)
            with pytest.raises(InvalidClient):
                await scene.token(partner)
            assert await scene.alive(token)
            await scene.token(secret=made.client_secret)
        scene.context = first

    play(tmp_path, scenario)


def test_an_end_that_comes_sooner_stays(tmp_path: Path) -> None:
    """A secret that ends before the overlap is over keeps its end, one that ends later gets the new one."""

    async def scenario(scene: Scene) -> None:
        now, client = scene.clock.now(), scene.partner.client_id
        await applications.add_secret(scene.context, client, "soon", ends_at=now + DAY)
        await applications.add_secret(scene.context, client, "late", ends_at=now + 90 * DAY)
        await applications.add_secret(scene.context, client, "over", ends_at=now + 1)
        scene.clock.step(1)
        now = scene.clock.now()
        made = await rotated(scene, name="next")
        ends = {name: each.ends_at for name, each in (await secrets(scene)).items()}
        assert ends == {
            "first": now + 7 * DAY,
            "soon": now - SECOND + DAY,
            "late": now + 7 * DAY,
            "over": now - SECOND + 1,
            "next": None,
        }
        assert [each.name for each in made.former] == ["first", "soon", "late"]

    play(tmp_path, scenario)


def test_a_secret_in_use_is_not_ended(tmp_path: Path) -> None:
    """Finishing is refused with the time, the address and the bound of the last use, until a day without any."""

    async def scenario(scene: Scene) -> None:
        made = await rotated(scene)
        await scene.token(source="192.0.2.9")
        await scene.token(secret=made.client_secret, source="192.0.2.10")
        used = scene.clock.now()
        await write_usage(scene.context)
        scene.clock.at = used + DAY - 1
        with pytest.raises(OperatorError) as refused:
            await finished(scene)
        assert "first was last used at 2030-03-17T17:46:40Z, from 192.0.2.9" in str(refused.value)
        assert "of the last 2 seconds" in str(refused.value)
        assert (await secrets(scene))["first"].ends_at == used + 7 * DAY
        scene.clock.at = used + DAY
        assert await finished(scene) == ["first"]
        with pytest.raises(InvalidClient):
            await scene.token()
        await scene.token(secret=made.client_secret)

    play(tmp_path, scenario)


def test_force_ends_a_secret_in_use(tmp_path: Path) -> None:
    """With --force the old secret ends although it was used at this moment."""

    async def scenario(scene: Scene) -> None:
        await rotated(scene)
        await scene.token(source="192.0.2.9")
        await write_usage(scene.context)
        assert await finished(scene, force=True) == ["first"]
        assert (await secrets(scene))["first"].ends_at == scene.clock.now()

    play(tmp_path, scenario)


def test_a_partner_that_has_not_changed_over_is_not_cut_off(tmp_path: Path) -> None:
    """While the new secret was never used and a token of the old one may live, the old one is not ended."""

    async def scenario(scene: Scene) -> None:
        await scene.token()
        await write_usage(scene.context)
        await rotated(scene, 30 * 86_400)
        scene.clock.step(10 * 86_400)
        with pytest.raises(OperatorError, match="secret-2 never"):
            await finished(scene)
        scene.clock.step(5 * 86_400)
        assert await finished(scene) == ["first"]

    play(tmp_path, scenario)


def test_there_must_be_something_to_rotate_and_to_finish(tmp_path: Path) -> None:
    """A single secret cannot be finished, and none cannot be rotated: the codes differ."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError) as refused:
            await finished(scene, force=True)
        assert refused.value.code == "application_without_old_secret"
        await applications.expire_secret(scene.context, scene.partner.client_id, "first")
        with pytest.raises(OperatorError) as refused:
            await rotated(scene)
        assert refused.value.code == "application_without_live_secret"
        with pytest.raises(OperatorError, match="printable ASCII"):
            await rotated(scene, name="\n")

    play(tmp_path, scenario)


def meanwhile(scene: Scene, change: Change) -> None:
    """Have this committed before the next commit, as another process would do it."""
    store = FaultyStore(scene.context.store)
    store.between = (change,)
    scene.context.store = store.as_store()


def test_a_use_between_looking_and_ending_is_seen(tmp_path: Path) -> None:
    """When a use is written between the look and the commit, nothing is ended."""

    async def scenario(scene: Scene) -> None:
        await rotated(scene)
        old = (await secrets(scene))["first"]
        meanwhile(scene, MarkCredentialUsed(old.number, scene.clock.now()))
        with pytest.raises(OperatorError, match="used, or its expiry was changed"):
            await finished(scene)
        assert (await secrets(scene))["first"].ends_at == old.ends_at

    play(tmp_path, scenario)


def test_the_new_secret_s_end_between_looking_and_ending_is_seen(tmp_path: Path) -> None:
    """When another operator ends the new secret meanwhile, the old one is not ended: that would end everything."""

    async def scenario(scene: Scene) -> None:
        made = await rotated(scene)
        new = (await secrets(scene))[made.secret_name]
        end = EndCredential(scene.partner.client_id, new.number, scene.clock.now(), None)
        meanwhile(scene, end)
        with pytest.raises(OperatorError, match="Somebody else changed"):
            await finished(scene, force=True)
        await scene.token()

    play(tmp_path, scenario)


def test_a_secret_added_between_looking_and_rotating_is_seen(tmp_path: Path) -> None:
    """When another operator adds a secret meanwhile, the rotation is refused: it would have given that one no end."""

    async def scenario(scene: Scene) -> None:
        added = AddCredential(scene.partner.client_id, "theirs", 0, bytes(32), "abcd", scene.clock.now(), None)
        meanwhile(scene, added)
        with pytest.raises(OperatorError, match="Somebody else changed"):
            await rotated(scene, name="mine")
        assert list(await secrets(scene)) == ["first", "theirs"]
        assert (await secrets(scene))["first"].ends_at is None

    play(tmp_path, scenario)


@pytest.mark.parametrize("names", [(None, None), ("mine", "theirs")])
def test_of_two_rotations_at_once_one_is_done(tmp_path: Path, names: tuple[str | None, str | None]) -> None:
    """Two operators rotate at the same moment: one gets a secret, the other a sentence, and one new secret is there."""

    async def scenario(scene: Scene) -> None:
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as other:
            record = await applications.find(scene.context, scene.partner.client_id)
            done = await asyncio.gather(
                secret_rotation.rotate(scene.context, record, WEEK, names[0]),
                secret_rotation.rotate(other, record, 2 * WEEK, names[1]),
                return_exceptions=True,
            )
        won = [each for each in done if isinstance(each, Rotated)]
        lost = [each for each in done if isinstance(each, OperatorError)]
        assert (len(won), len(lost)) == (1, 1), done
        assert "try again" in str(lost[0])
        assert list(await secrets(scene)) == ["first", won[0].secret_name]
        await scene.token(secret=won[0].client_secret)
        await scene.token()

    play(tmp_path, scenario)
