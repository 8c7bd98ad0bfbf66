"""Operations and their entries: in one commit, by the right actor, or not at all."""

from pathlib import Path

import pytest

from tessera.app.administration import audit
from tessera.app.callers import identify
from tessera.app.clients import applications
from tessera.app.loyalty import programs
from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations
from tessera.app.tokens import revocation
from tessera.app.webhooks import webhooks
from tessera.core.administration.audit import operator
from tessera.core.administration.audit_chain import Entry
from tessera.core.keys.wrapping import KeyPurpose
from tessera.core.loyalty.declaration import Declaration, PointSourceForm
from tessera.core.presented import RequestCredentials
from tessera.ports import Search, StoreUnavailable, Unknown
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play


async def entries(scene: Scene) -> list[Entry]:
    """All entries, the oldest first."""
    return [entry async for page in audit.pages(scene.context) for entry in page]


def test_a_deed_that_fails_leaves_no_entry(tmp_path: Path) -> None:
    """A refused operation, and one whose commit was not attempted, are not recorded; the next one is."""

    async def scenario(scene: Scene) -> None:
        before = await entries(scene)
        with pytest.raises(OperatorError):
            await organizations.create(scene.context, "Org")
        faulty = FaultyStore(scene.context.store)
        faulty.faults = [Fault.BEFORE]
        scene.context.store = faulty.as_store()
        with pytest.raises(StoreUnavailable):
            await organizations.create(scene.context, "New")
        assert await entries(scene) == before
        await organizations.create(scene.context, "New")
        assert [entry.target for entry in await entries(scene)][len(before) :] == ["New"]
        assert (await audit.verify(scene.context, head=None, number=None)).whole

    play(tmp_path, scenario)


def test_a_deed_whose_answer_was_lost_is_recorded_once(tmp_path: Path) -> None:
    """Doing it again after an unknown outcome is refused, with its entry."""

    async def scenario(scene: Scene) -> None:
        before = await entries(scene)
        faulty = FaultyStore(scene.context.store)
        faulty.faults = [Fault.AFTER]
        scene.context.store = faulty.as_store()
        with pytest.raises(Unknown):
            await organizations.create(scene.context, "New")
        with pytest.raises(OperatorError):
            await organizations.create(scene.context, "New")
        assert len(await entries(scene)) == len(before) + 1

    play(tmp_path, scenario)


def test_the_api_acts_under_its_client_s_name(tmp_path: Path) -> None:
    """A program that is applied by the API is recorded as its client's doing, from where the request came."""

    async def scenario(scene: Scene) -> None:
        scene.context.actor = operator("ada", None)
        issued = await applications.create(scene.context, "admin", 1, scope="loyalty:admin")
        token = (await scene.token(issued)).access_token
        request_credentials = RequestCredentials(f"Bearer {token}".encode(), "192.0.2.9")
        caller = await identify(scene.context, request_credentials)
        renamed = Declaration(point_sources=[PointSourceForm(name="Till")])
        await programs.apply(scene.context, caller, scene.retailer_id, renamed, dry_run=True)
        assert (await entries(scene))[-1].action == "credential.add"
        await programs.apply(scene.context, caller, scene.retailer_id, renamed, dry_run=False)
        found = [each for each in await entries(scene) if each.actor.startswith("client ")]
        assert {(each.actor, each.source) for each in found} == {(f"client {issued.client_id}", "192.0.2.9")}
        assert found[0].action == "program.raise_program_version"

    play(tmp_path, scenario)


def test_what_many_do_is_recorded_of_operators_only(tmp_path: Path) -> None:
    """A client that revokes its own token is not recorded; an operator who does is."""

    async def scenario(scene: Scene) -> None:
        before = len(await entries(scene))
        await revocation.revoke(scene.context, (await scene.token()).access_token)
        assert len(await entries(scene)) == before
        scene.context.actor = operator("ada", "192.0.2.7")
        await revocation.revoke(scene.context, (await scene.token()).access_token)
        last = (await entries(scene))[-1]
        assert (last.actor, last.source, last.action) == ("operator ada", "192.0.2.7", "token.revoke")

    play(tmp_path, scenario)


def test_a_webhook_is_recorded_by_name_and_host(tmp_path: Path) -> None:
    """Of an address only the host is told: the rest may hold what opens it."""

    async def scenario(scene: Scene) -> None:
        organization = (await scene.context.store.organizations())[0]
        made = await webhooks.create(scene.context, organization, "shop", "https://hooks.example/T0P/secret?k=s", "all")
        hook = await webhooks.find(scene.context, organization, "shop")
        await webhooks.disable(scene.context, hook)
        found = await audit.newest(scene.context, Search(target="shop"), before=None, limit=9)
        assert [each.action for each in found[:2]] == ["webhook.disable", "webhook.create"]
        assert '"host":"hooks.example"' in found[1].detail
        assert not any(part in each.detail for each in found for part in ("T0P", "secret", made.secret))

    play(tmp_path, scenario)


def test_the_first_keys_are_recorded(tmp_path: Path) -> None:
    """Keys that are made before there is a context are recorded all the same, without their bytes."""

    async def scenario(scene: Scene) -> None:
        found = [each for each in await entries(scene) if each.action == "key.add"]
        assert [(each.number, each.actor, each.target) for each in found] == [
            (number, "server", purpose.value) for number, purpose in enumerate(KeyPurpose, 1)
        ]
        assert {each.detail for each in found} == {'{"number":1,"signs_from":0}'}

    play(tmp_path, scenario)
