"""Imported secrets: checked slowly until the right one comes, then held by the keyed digest, also in the database."""

import asyncio
from pathlib import Path

import pytest

from tessera.app.clients import applications, slow_secrets
from tessera.app.clients.applications import Issued
from tessera.app.state.verified_secrets import VerifiedSecrets
from tessera.core.clients import applications as law
from tessera.core.errors import InvalidClient
from tessera.ports import Search, SlowHash
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play

PASSWORD = "correct horse battery staple"


class Counting:
    """The real slow hash, with its checks counted."""

    def __init__(self, real: SlowHash) -> None:
        self._real = real
        self.checks = 0

    def make(self, secret: str) -> bytes:
        return self._real.make(secret)

    async def matches(self, encoded: bytes, secret: str, source: str = "") -> bool:
        self.checks += 1
        return await self._real.matches(encoded, secret, source)


async def imported(scene: Scene) -> tuple[Issued, Counting]:
    """An application brought along from another system, and the count of slow checks from now on."""
    counting = Counting(scene.context.slow_hash)
    scene.context.slow_hash = counting
    made = await applications.create(scene.context, "moved", 1, client_id="their-id", client_secret=PASSWORD)
    return made, counting


def test_a_slow_secret_is_checked_once(tmp_path: Path) -> None:
    """The right secret costs one slow check, and then none; each wrong one costs one."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        for _ in range(5):
            assert await scene.alive(await scene.token(made, PASSWORD))
        assert counting.checks == 1
        for wrong in (f"{PASSWORD} ", PASSWORD.upper(), "x"):
            with pytest.raises(InvalidClient):
                await scene.token(made, wrong)
        assert counting.checks == 4

    play(tmp_path, scenario)


def test_an_unknown_client_costs_no_slow_check(tmp_path: Path) -> None:
    """Nobody's client id costs a slow check, whatever its form; neither does a disabled client, nor one of our form."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        await applications.disable(scene.context, made.client_id)
        for client_id in ("unknown", "0" * 63, "A" * 64, made.client_id, scene.partner.client_id, "0" * 64):
            with pytest.raises(InvalidClient):
                await scene.token(Issued(client_id, None, ""), "anything")
        assert counting.checks == 0

    play(tmp_path, scenario)


class Busy(Counting):
    """The real slow hash on a machine that is busy: each check takes longer than a failure is held back otherwise."""

    async def matches(self, encoded: bytes, secret: str, source: str = "") -> bool:
        await asyncio.sleep(1.5 * slow_secrets.HOLD_SECONDS)
        return await super().matches(encoded, secret, source)


def test_failures_are_held_back_longer_on_a_busy_machine(tmp_path: Path) -> None:
    """As long as slow checks take, and longer: an unknown client is answered no sooner than one that is checked."""

    async def scenario(scene: Scene) -> None:
        made, _ = await imported(scene)
        scene.context.slow_hash = Busy(scene.context.slow_hash)

        async def seconds(client_id: str) -> float:
            begun = slow_secrets.moment()
            with pytest.raises(InvalidClient):
                await scene.token(Issued(client_id, None, ""), "wrong")
            return slow_secrets.moment() - begun

        await seconds(made.client_id)
        longest = slow_secrets.HOLD_FACTOR * 1.5 * slow_secrets.HOLD_SECONDS
        for client_id in (made.client_id, "nobody's", made.client_id, "nobody's"):
            assert 0.9 * longest < await seconds(client_id)

    play(tmp_path, scenario)


async def kind(scene: Scene, made: Issued) -> str:
    """Kind of the secret, as the database holds it."""
    (found,) = await scene.context.store.secrets(made.client_id)
    return found.kind


def test_a_secret_is_rekeyed_at_its_first_success(tmp_path: Path) -> None:
    """Written with the next flush: then no process checks it slowly any more, neither the right one nor a wrong one."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        token = await scene.token(made, PASSWORD)
        assert await kind(scene, made) == "argon2id"
        await slow_secrets.write_rekeyed(scene.context)
        assert await kind(scene, made) == "keyed"
        scene.context.state = scene.context.state._replace(verified_secrets=VerifiedSecrets())
        for wrong in ("x", f"{PASSWORD} "):
            with pytest.raises(InvalidClient):
                await scene.token(made, wrong)
        assert await scene.alive(await scene.token(made, PASSWORD))
        assert await scene.alive(token)
        assert counting.checks == 1
        assert not scene.context.state.verified_secrets

        found = await scene.context.store.application(made.client_id)
        assert found is not None
        digest = found.credentials[0].digest
        assert digest == law.secret_digest(scene.context.directory.pepper, PASSWORD)
        assert digest != law.secret_digest(bytes(32), PASSWORD)
        (entry,) = await scene.context.store.audit_entries_before(2**62, 9, Search(action="credential.rekey"))
        assert (entry.actor, entry.target, entry.detail) == ("server", made.client_id, '{"number":2}')

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_a_success_does_not_wait_for_the_database(tmp_path: Path, fault: Fault) -> None:
    """While nothing can be written the secret is good by what is remembered; it is written when that works again."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        faulty = FaultyStore(scene.context.store)
        scene.context.store = faulty.as_store()
        faulty.faults = [fault]
        for _ in range(2):
            assert await scene.alive(await scene.token(made, PASSWORD))
        assert faulty.faults, "a token request has written something"
        with pytest.raises(fault.value):
            await slow_secrets.write_rekeyed(scene.context)
        assert await scene.alive(await scene.token(made, PASSWORD))
        await slow_secrets.write_rekeyed(scene.context)
        assert (await kind(scene, made), counting.checks, len(scene.context.state.verified_secrets)) == ("keyed", 1, 0)

    play(tmp_path, scenario)


def test_a_secret_that_changed_meanwhile_is_not_rekeyed(tmp_path: Path) -> None:
    """One that another process has moved, or that is gone, is left alone, and others are moved all the same."""

    async def scenario(scene: Scene) -> None:
        made, _ = await imported(scene)
        gone = await applications.create(scene.context, "gone", 1, client_id="gone", client_secret=PASSWORD)
        last = await applications.create(scene.context, "last", 1, client_id="last", client_secret=PASSWORD)
        for each in (made, gone, last):
            await scene.token(each, PASSWORD)
        await scene.context.commit(*scene.context.state.verified_secrets.waiting(1))
        await applications.delete(scene.context, gone.client_id)
        await slow_secrets.write_rekeyed(scene.context)
        assert [await kind(scene, each) for each in (made, last)] == ["keyed", "keyed"]
        assert not scene.context.state.verified_secrets

    play(tmp_path, scenario)


def test_so_many_are_written_at_once_and_no_more(tmp_path: Path) -> None:
    """A flush moves as many as it may, in the order in which they were presented; the others follow."""

    async def scenario(scene: Scene) -> None:
        for name in ("a", "b", "c"):
            made = await applications.create(scene.context, name, 1, client_id=name, client_secret=PASSWORD)
            await scene.token(made, PASSWORD)
        await slow_secrets.write_rekeyed(scene.context, 2)
        assert [each.client_id for each in scene.context.state.verified_secrets.waiting(9)] == ["c"]

    play(tmp_path, scenario)


def test_a_remembered_secret_ends_when_it_is_expired(tmp_path: Path) -> None:
    """A secret that was remembered as verified is refused once it has ended, and nothing is checked."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        await scene.token(made, PASSWORD)
        await applications.expire_secret(scene.context, made.client_id, "first")
        for _ in range(2):
            with pytest.raises(InvalidClient):
                await scene.token(made, PASSWORD)
        assert counting.checks == 1
        await applications.add_secret(scene.context, made.client_id, "again", imported=PASSWORD)
        assert await scene.alive(await scene.token(made, PASSWORD))
        assert counting.checks == 2

    play(tmp_path, scenario)


def test_a_remembered_secret_does_not_open_a_disabled_application(tmp_path: Path) -> None:
    """While the application is disabled a remembered secret is refused; after enabling it works again."""

    async def scenario(scene: Scene) -> None:
        made, _ = await imported(scene)
        await scene.token(made, PASSWORD)
        await applications.disable(scene.context, made.client_id)
        with pytest.raises(InvalidClient):
            await scene.token(made, PASSWORD)
        await applications.enable(scene.context, made.client_id)
        assert await scene.alive(await scene.token(made, PASSWORD))
        await applications.delete(scene.context, made.client_id)
        with pytest.raises(InvalidClient):
            await scene.token(made, PASSWORD)

    play(tmp_path, scenario)


def test_an_imported_secret_of_our_form_is_not_slow(tmp_path: Path) -> None:
    """A secret of 64 hex characters is random whoever made it: no slow check, whatever the client id's form."""

    async def scenario(scene: Scene) -> None:
        _, counting = await imported(scene)
        for client_id in ("another-id", "cd" * 32):
            made = await applications.create(scene.context, client_id, 1, client_id=client_id, client_secret="ef" * 32)
            assert await scene.alive(await scene.token(made, "ef" * 32))
            found = await scene.context.store.application(client_id)
            assert found is not None
            assert found.credentials[0].kind is law.CredentialKind.KEYED
        assert counting.checks == 0

    play(tmp_path, scenario)
