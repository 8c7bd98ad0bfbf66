"""Organizations that are renamed, disabled, enabled and deleted: who gets in, at once and on other nodes."""

from base64 import b64encode
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app import callers
from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations, removal
from tessera.app.tokens import verification
from tessera.app.webhooks import webhooks
from tessera.core.clients.applications import TokenFormat
from tessera.core.errors import InvalidAuthToken, InvalidClient
from tessera.core.organizations import OrganizationCounts, OrganizationRecord
from tessera.core.presented import RequestCredentials
from tessera.directory import feed
from tessera.ports import Search
from tests.support.scene import Scene, play
from tests.support.settings import settings_of


async def own(scene: Scene) -> OrganizationRecord:
    """The scene's organization as it is now."""
    return await organizations.find(scene.context, None)


async def property_gets_in(context: Context, scene: Scene) -> bool:
    """Whether the scene's property authenticates by its secret."""
    pair = b64encode(f"{scene.shop.api_key}:{scene.shop.property_secret}".encode())
    try:
        await callers.identify(context, RequestCredentials(authorization=b"Basic " + pair))
    except InvalidAuthToken as refusal:
        return refusal.check != "caller.disabled"
    return True


@pytest.mark.parametrize("form", [TokenFormat.OPAQUE, TokenFormat.EDDSA])
def test_a_disabled_organization_lets_nobody_in(tmp_path: Path, form: TokenFormat) -> None:
    """No tokens, those of before are dead for good, and property secrets work again only when it is enabled."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        await application_settings.change(context, scene.partner.client_id, ApplicationChanges(token_format=form))
        before = await scene.token()
        assert await property_gets_in(context, scene)
        await organizations.disable(context, await own(scene))
        assert not await scene.alive(before)
        assert not await property_gets_in(context, scene)
        with pytest.raises(InvalidClient) as caught:
            await scene.token()
        assert caught.value.check == "client.disabled"
        record = await applications.find(context, scene.partner.client_id)
        assert (record.enabled, record.state) == (True, "organization disabled")
        scene.clock.step(1)
        await organizations.enable(context, await own(scene))
        assert not await scene.alive(before)
        assert await property_gets_in(context, scene)
        scene.clock.step(1)
        assert await scene.alive(await scene.token())
        with pytest.raises(OperatorError, match="already enabled"):
            await organizations.enable(context, await own(scene))

    play(tmp_path, scenario)


def test_an_application_that_was_disabled_stays_so(tmp_path: Path) -> None:
    """Enabling the organization enables no application that was disabled by itself."""

    async def scenario(scene: Scene) -> None:
        await applications.disable(scene.context, scene.partner.client_id)
        await organizations.disable(scene.context, await own(scene))
        await organizations.enable(scene.context, await own(scene))
        with pytest.raises(InvalidClient):
            await scene.token()

    play(tmp_path, scenario)


def test_other_nodes_hear_of_it(tmp_path: Path) -> None:
    """What another process has in memory, present and absent, is dropped by one notice."""

    async def scenario(scene: Scene) -> None:
        token = await scene.token()
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as other:
            assert await verification.check(other, token.access_token) is not None
            assert await property_gets_in(other, scene)
            await organizations.disable(scene.context, await own(scene))
            await feed.catch_up(other.directory, other.store)
            assert await verification.check(other, token.access_token) is None
            assert not await property_gets_in(other, scene)
            await organizations.enable(scene.context, await own(scene))
            await feed.catch_up(other.directory, other.store)
            assert await property_gets_in(other, scene)

    play(tmp_path, scenario)


def test_a_renamed_organization_is_the_same(tmp_path: Path) -> None:
    """Its retailer id, its applications and their tokens stay; a name that is taken or cannot be is refused."""

    async def scenario(scene: Scene) -> None:
        context, before, token = scene.context, await own(scene), await scene.token()
        after = await organizations.rename(context, before, "Other name")
        assert (after.number, after.retailer_id) == (before.number, before.retailer_id)
        assert await scene.alive(token)
        await organizations.create(context, "Taken")
        for name in ("Taken", "", "a\x1b[31m", "x" * 256):
            with pytest.raises(OperatorError):
                await organizations.rename(context, after, name)
        with pytest.raises(OperatorError, match=r"no organization named Taken1. Did you mean Taken\?"):
            await organizations.find(context, "Taken1")
        entry = (await context.store.audit_entries_before(2**62, 1, Search(action="organization.set")))[0]
        assert (entry.target, entry.detail) == ("Org", '{"name":"Other name"}')

    play(tmp_path, scenario)


def test_a_deleted_organization_leaves_nothing(tmp_path: Path) -> None:
    """All of it goes, in batches; another organization keeps what is its own, and may take the name."""

    async def scenario(scene: Scene) -> None:
        context, organization = scene.context, await own(scene)
        other = await organizations.create(context, "Other")
        theirs = await applications.create(context, "theirs", other.number)
        for number in range(removal.CUSTOMERS_AT_ONCE + 3):
            await scene.customer(f"card-{number}")
        await webhooks.create(context, organization, "hook", "https://93.184.216.34/", "all")
        token = await scene.token()
        with pytest.raises(OperatorError, match="Nothing was deleted"):
            await removal.delete(context, organization, "org")
        assert await scene.alive(token)
        gone = await removal.delete(context, organization, "Org")
        assert (gone.applications, gone.properties, gone.webhooks, gone.customers) == (1, 1, 1, 53)
        assert not await scene.alive(token)
        assert [each.name for each in await context.store.organizations()] == ["Other"]
        assert await context.store.organization_counts(organization.number, 9) == OrganizationCounts(0, 0, 0, 0, 0)
        assert await scene.alive(await scene.token(theirs))
        again = await organizations.create(context, "Org")
        assert again.retailer_id != organization.retailer_id
        told = await context.store.audit_entries_before(2**62, 4, Search(target="Org"))
        assert [entry.action for entry in told] == [
            "organization.create",
            "organization.delete",
            "organization.delete_begin",
            "organization.disable",
        ]
        assert '"customers":53' in told[1].detail

    play(tmp_path, scenario)


def test_a_deletion_that_was_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    """What is left is disabled, is told to be, and goes with the next call."""
    from tessera.core.changes import DeleteOrganizationCustomers

    async def scenario(scene: Scene) -> None:
        context = scene.context
        for number in range(3):
            await scene.customer(f"card-{number}")
        organization = await organizations.disable(context, await own(scene))
        await context.commit(DeleteOrganizationCustomers(organization.number, 2))
        assert (await organizations.counts(context, organization)).customers == 1
        assert not (await own(scene)).enabled
        gone = await removal.delete(context, organization, "Org")
        assert gone.customers == 1

    play(tmp_path, scenario)
