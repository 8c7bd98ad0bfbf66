"""Keys follow one another: published before they sign, good until the last token is dead, and only once."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app.clients import application_settings
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.keys import creation, rotation
from tessera.app.keys.rotation import KeyRecord
from tessera.app.operators import OperatorError
from tessera.app.tokens import verification
from tessera.core.changes import AddApplication, EndKey, PurgeKey
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys import jws
from tessera.core.keys.rotation_schedule import DAY, PURGED_AFTER_SECONDS, ROTATED
from tessera.core.keys.sealing import KEYS_MAX
from tessera.core.keys.wrapping import KeyPurpose, MasterKey
from tessera.core.times import SECOND, PurgeTime
from tessera.core.tokens.access_tokens import TokenReply
from tessera.ports import Unusable
from tessera.settings import load
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.scene import Scene, play
from tests.support.settings import settings_for, settings_of

FORTNIGHT = 14 * 86_400
PUBLISHED = 3600
EVERY_FORM = list(TokenFormat)


async def states(context: Context, purpose: KeyPurpose = KeyPurpose.EDDSA) -> list[str]:
    """The states of the keys for a purpose, the oldest first."""
    return [record.state for record in await rotation.every(context) if record.purpose == purpose]


async def ripe(scene: Scene) -> None:
    """See to it that the keys are old enough to be followed: those of a scene were made by the real clock."""
    made = max(key.created_at for key in await scene.context.store.keys())
    scene.clock.at = max(scene.clock.at, made + 90 * DAY)


def key_of(reply: TokenReply) -> object:
    """What says which key made a token: its first byte, or its `kid`."""
    token = reply.access_token
    return jws.split(token).header.kid if "." in token else token[:2]


@pytest.mark.parametrize("form", EVERY_FORM)
def test_a_key_is_published_before_it_signs_and_the_old_one_opens_what_it_made(
    tmp_path: Path, form: TokenFormat
) -> None:
    """Nothing is refused while a key follows another: not before it signs, not after, and not in another process."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_format=form))
        await ripe(scene)
        old = await scene.token()
        await rotation.look(scene.context)
        assert {record.state for record in await rotation.every(scene.context)} == {"signing", "published"}
        scene.clock.at += PUBLISHED * SECOND - 1
        before = await scene.token()
        assert key_of(before) == key_of(old)
        scene.clock.at += 1
        after = await scene.token()
        assert key_of(after) != key_of(old)
        await rotation.look(scene.context)
        assert set(await states(scene.context)) == {"verifying", "signing"}
        assert [await scene.alive(each) for each in (old, before, after)] == [True, True, True]
        scene.clock.at += (FORTNIGHT - PUBLISHED) * SECOND - 1
        assert await scene.alive(old)
        scene.clock.at += 1
        assert not await scene.alive(old)
        scene.clock.at += PUBLISHED * SECOND - 2
        assert await scene.alive(before)
        scene.clock.at += 2
        assert [await scene.alive(each) for each in (before, after)] == [False, False]

    play(tmp_path, scenario)


def test_a_key_goes_when_the_last_token_is_dead(tmp_path: Path) -> None:
    """A key that was followed has an end, stands in the JWK set until then, and is forgotten a day later."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        await ripe(scene)
        first = (await rotation.find(context, "eddsa-1")).key_id
        await rotation.look(context)
        scene.clock.step(PUBLISHED)
        await rotation.look(context)
        end = scene.clock.now() + FORTNIGHT * SECOND
        ends = {key.verifies_until for key in await context.store.keys() if key.purpose in ROTATED}
        assert ends == {None, end}

        def published() -> bool:
            return first in [key["kid"] for key in context.directory.signing.published(scene.clock.now())]

        scene.clock.at = end - 1
        assert published()
        scene.clock.at = end
        assert not published()
        await rotation.look(context)
        assert await states(context) == ["ended", "signing"]
        scene.clock.at = end + PURGED_AFTER_SECONDS * SECOND - 1
        await rotation.look(context)
        assert await states(context) == ["ended", "signing"]
        scene.clock.at += 1
        await rotation.look(context)
        assert await states(context) == ["signing"]
        assert await scene.alive(await scene.token())

    play(tmp_path, scenario)


def test_the_longest_lived_token_decides(tmp_path: Path) -> None:
    """The end of a key waits for the longest-lived token of any application, also of one that was made meanwhile."""

    async def scenario(scene: Scene) -> None:
        await ripe(scene)
        await rotation.look(scene.context)
        scene.clock.step(PUBLISHED - 1)
        await scene.context.commit(AddApplication("long", "long", 1, "openid", 5 * 365 * 86_400, 0, 0))
        scene.clock.step(1)
        await rotation.look(scene.context)
        ends = {key.verifies_until for key in await scene.context.store.keys()}
        assert ends == {None, scene.clock.now() + 5 * 365 * DAY}

    play(tmp_path, scenario)


def test_nothing_is_rotated_before_it_is_due_or_when_that_is_off(tmp_path: Path) -> None:
    """A key younger than `key_rotation_days` stays the only one; with 0 it stays for ever."""

    async def scenario(scene: Scene) -> None:
        [made] = {key.created_at for key in await scene.context.store.keys()}
        scene.clock.at = made + 90 * DAY - 1
        await rotation.look(scene.context)
        assert await states(scene.context) == ["signing"]
        scene.context.settings = load(key_rotation_days=0)
        scene.clock.at += 10_000 * DAY
        await rotation.look(scene.context)
        assert await states(scene.context) == ["signing"]
        scene.context.settings = load()
        scene.clock.at = made + 90 * DAY
        await rotation.look(scene.context)
        assert await states(scene.context) == ["signing", "published"]

    play(tmp_path, scenario)


def with_two(tmp_path: Path, scenario: Callable[[Context, Context, StepClock], Awaitable[None]]) -> None:
    """Play a scenario with two processes on one folder."""
    folder = tmp_path / "data"
    settings_for(folder)
    clock = StepClock()

    async def whole() -> None:
        settings = settings_of(folder)
        async with (
            wiring.open_context(settings, clock=clock, entropy=CountedEntropy()) as one,
            wiring.open_context(settings, clock=clock) as two,
        ):
            await scenario(one, two, clock)

    asyncio.run(whole())


def test_two_processes_at_once_rotate_once(tmp_path: Path) -> None:
    """Two processes that find the keys due at the same moment add one key each kind, and set one end."""

    async def scenario(one: Context, two: Context, clock: StepClock) -> None:
        await asyncio.gather(rotation.look(one), rotation.look(two))
        found = await one.store.keys()
        assert [len([key for key in found if key.purpose is purpose]) for purpose in ROTATED] == [2, 2, 2, 2]
        clock.step(PUBLISHED)
        await asyncio.gather(rotation.look(one), rotation.look(two))
        assert len([key for key in await one.store.keys() if key.verifies_until is not None]) == len(ROTATED)

    with_two(tmp_path, scenario)


def test_a_key_is_retired_for_all_that_it_made(tmp_path: Path) -> None:
    """The signing key is not retired; once another has followed it is, and what it made is dead, remembered or not."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=TokenFormat.EDDSA)
        )
        old = await scene.token()
        assert await scene.alive(old)
        with pytest.raises(OperatorError, match=r"eddsa-1 is the key that signs now") as kept:
            await rotation.retire(scene.context, "eddsa-1")
        assert kept.value.parameters == {"name": "eddsa-1", "purpose": "eddsa"}
        [added] = await rotation.rotate(scene.context, [KeyPurpose.EDDSA], at_once=True)
        assert (added.name, added.state) == ("eddsa-2", "published")
        with pytest.raises(OperatorError, match="is the key that signs now"):
            await rotation.retire(scene.context, "eddsa-1")
        scene.clock.step(rotation.AT_ONCE_SECONDS)
        assert await scene.alive(old)
        assert (await rotation.retire(scene.context, "eddsa-1")).state == "ended"
        assert not await scene.alive(old)
        assert await scene.alive(await scene.token())
        with pytest.raises(OperatorError, match="already ended"):
            await rotation.retire(scene.context, "eddsa-1")
        with pytest.raises(OperatorError, match="no key named pepper-1"):
            await rotation.retire(scene.context, "pepper-1")

    play(tmp_path, scenario)


def test_a_key_that_has_an_end_is_retired_before_it(tmp_path: Path) -> None:
    """A key that another has followed ends at once when an operator says so."""

    async def scenario(scene: Scene) -> None:
        old = await scene.token()
        await rotation.rotate(scene.context, [KeyPurpose.SEALING], at_once=True)
        scene.clock.step(1)
        await rotation.look(scene.context)
        assert (await rotation.find(scene.context, "sealing-1")).verifies_until is not None
        assert await scene.alive(old)
        assert (await rotation.retire(scene.context, "sealing-1")).state == "ended"
        assert not await scene.alive(old)

    play(tmp_path, scenario)


def test_a_sealing_key_is_retired_too(tmp_path: Path) -> None:
    """What a retired sealing key sealed is dead at once, though it was remembered."""

    async def scenario(scene: Scene) -> None:
        old = await scene.token()
        assert await scene.alive(old)
        await rotation.rotate(scene.context, [KeyPurpose.SEALING], at_once=True)
        scene.clock.step(1)
        assert await scene.alive(old)
        await rotation.retire(scene.context, "sealing-1")
        assert not await scene.alive(old)

    play(tmp_path, scenario)


def test_a_key_that_was_retired_before_it_signed_follows_nobody(tmp_path: Path) -> None:
    """When the published key is retired the old one goes on signing, and gets no end."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=TokenFormat.ES256)
        )
        await rotation.rotate(scene.context, [KeyPurpose.ES256])
        await rotation.retire(scene.context, "es256-2")
        scene.clock.step(PUBLISHED + FORTNIGHT)
        await rotation.look(scene.context)
        ends = [key.verifies_until for key in await scene.context.store.keys() if key.purpose is KeyPurpose.ES256]
        assert ends[0] is None
        assert await scene.alive(await scene.token())

    play(tmp_path, scenario)


def test_numbers_of_sealing_keys_come_round(tmp_path: Path) -> None:
    """After key 255 comes 1, when it is free; when none is free an operator is told, and nothing is overwritten."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        old = await scene.token()
        for _ in range(KEYS_MAX - 1):
            await rotation.rotate(context, [KeyPurpose.SEALING], at_once=True)
            scene.clock.step(1)
        assert await scene.alive(old)
        with pytest.raises(OperatorError, match="All numbers of sealing keys are in use"):
            await rotation.rotate(context, [KeyPurpose.SEALING])
        context.settings = load(key_rotation_days=1)
        scene.clock.step(86_400)
        await rotation.look(context)
        context.settings = load()
        scene.clock.step(FORTNIGHT + PURGED_AFTER_SECONDS)
        await rotation.look(context)
        [added] = await rotation.rotate(context, [KeyPurpose.SEALING], at_once=True)
        assert added.name == "sealing-1"
        scene.clock.step(1)
        fresh = await scene.token()
        assert key_of(fresh) == "01"
        assert await scene.alive(fresh)

    play(tmp_path, scenario)


def test_after_a_restart_all_is_as_it_was(tmp_path: Path) -> None:
    """A process that starts in the middle of a rotation opens the old tokens and signs with the same key."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=TokenFormat.EDDSA)
        )
        await ripe(scene)
        old = await scene.token()
        await rotation.look(scene.context)
        scene.clock.step(PUBLISHED)
        new = await scene.token()
        settings = settings_of(scene.folder)
        async with wiring.open_context(settings, clock=scene.clock) as again:
            for each in (old, new):
                assert await verification.check(again, each.access_token) is not None
            assert again.directory.signing.signing(jws.Algorithm.EDDSA, scene.clock.now()).key_id == key_of(new)

    play(tmp_path, scenario)


def test_another_master_key_opens_nothing_and_says_so(tmp_path: Path) -> None:
    """With another master key a process refuses to start, instead of taking every token for a forged one."""
    folder = tmp_path / "data"
    settings_for(folder)

    async def opened() -> None:
        async with wiring.open_context(settings_of(folder, master_key="ab" * 32)):
            pass

    with pytest.raises(Unusable, match="not the one this database was made with"):
        asyncio.run(opened())


def test_an_older_database_gets_its_signing_keys_once(tmp_path: Path) -> None:
    """A database from before there were signing keys gets one of each at the start, from whoever is first."""

    async def scenario(scene: Scene) -> None:
        store, master_key = scene.context.store, MasterKey((scene.folder / "master.key").read_text().strip())
        before = await store.keys()
        await _forget_signing_keys(scene)
        for _ in range(2):
            await creation.add_missing(store, master_key, scene.clock, scene.context.entropy)
            found = await store.keys()
            assert [(key.purpose, key.number) for key in found] == [(key.purpose, key.number) for key in before]
        await asyncio.gather(
            *(creation.add_missing(store, master_key, scene.clock, scene.context.entropy) for _ in range(2))
        )

    play(tmp_path, scenario)


async def _forget_signing_keys(scene: Scene) -> None:
    """Leave what an older database has."""
    for purpose in ROTATED[1:]:
        await scene.context.store.commit(EndKey(purpose, 1, 1, None), PurgeKey(PurgeTime(1), purpose, 1))


def test_a_key_is_found_by_either_name(tmp_path: Path) -> None:
    """A key is named by what it is for and its number, and one that signs by its `kid` as well."""

    async def scenario(scene: Scene) -> None:
        record: KeyRecord = await rotation.find(scene.context, "rs256-1")
        assert record.key_id is not None
        assert await rotation.find(scene.context, record.key_id) == record
        assert (await rotation.find(scene.context, "sealing-1")).key_id is None

    play(tmp_path, scenario)
