"""Handing a live token out again: only the same answer to the same question, and never a token that is dead."""

from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from tessera import wiring
from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.clients.applications import Issued
from tessera.app.management.housekeeping import write_usage
from tessera.app.state import token_reuse
from tessera.app.state.token_reuse import TokenReuse
from tessera.app.tokens import resource_servers, revocation
from tessera.core.clients.applications import TokenBinding
from tessera.core.errors import InvalidClient, InvalidTarget
from tessera.core.presented import NOTHING
from tessera.core.tokens.access_tokens import Claims, TokenReply
from tessera.directory import feed
from tests.support import asking, forms
from tests.support.clock import StepClock
from tests.support.scene import FORM, Scene, play
from tests.support.settings import settings_of

LIFE = 14 * 86_400


async def reusing(scene: Scene) -> None:
    """Set the scene's application to it."""
    await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_reuse=True))


def test_the_same_token_is_handed_out_while_half_its_life_remains(tmp_path: Path) -> None:
    """The answer says when the token was made and what is left of it; from the half of its life on a new one comes."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        first = await scene.token()
        scene.clock.step(LIFE / 2 - 1)
        again = await scene.token()
        assert again.access_token == first.access_token
        assert again.created_at == first.created_at
        assert again.expires_in == first.expires_in - LIFE // 2 + 1
        scene.clock.step(1)
        third = await scene.token()
        assert third.access_token != first.access_token
        assert third.expires_in == first.expires_in
        assert await scene.alive(first)
        assert (await scene.token()).access_token == third.access_token

    play(tmp_path, scenario)


def test_it_is_off_unless_asked_for(tmp_path: Path) -> None:
    """Without the option each answer is a new token, also after the option was taken back."""

    async def scenario(scene: Scene) -> None:
        first = await scene.token()
        assert (await scene.token()).access_token != first.access_token
        await reusing(scene)
        kept = await scene.token()
        await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_reuse=False))
        assert (await scene.token()).access_token != kept.access_token
        await reusing(scene)
        assert (await scene.token()).access_token != kept.access_token

    play(tmp_path, scenario)


def test_a_dead_token_is_never_handed_out(tmp_path: Path) -> None:
    """A token that was revoked, or cut off by disabling, is not handed out again."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        first = await scene.token()
        await revocation.revoke(scene.context, first.access_token)
        second = await scene.token()
        assert second.access_token != first.access_token
        assert await scene.alive(second)
        scene.clock.step(1)
        await applications.disable(scene.context, scene.partner.client_id)
        with pytest.raises(InvalidClient):
            await scene.token()
        await applications.enable(scene.context, scene.partner.client_id)
        third = await scene.token()
        assert third.access_token != second.access_token
        assert await scene.alive(third)

    play(tmp_path, scenario)


def test_a_revocation_of_another_process_counts(tmp_path: Path) -> None:
    """A token that another process revoked is not handed out once this one has heard of it."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        first = await scene.token()
        async with wiring.open_context(settings_of(scene.folder), clock=scene.clock) as other:
            await revocation.revoke(other, first.access_token)
        await feed.catch_up(scene.context.directory, scene.context.store)
        assert (await scene.token()).access_token != first.access_token

    play(tmp_path, scenario)


@pytest.mark.parametrize("ahead_seconds", [-600, -1, 0, 1, 600])
def test_a_token_of_an_earlier_generation_is_never_handed_out(tmp_path: Path, ahead_seconds: int) -> None:
    """After a cut-off by a command whose clock is ahead or behind a new token comes, which is handed out again."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        first = await scene.token()
        clock = StepClock(scene.clock.now() + ahead_seconds * 1_000_000)
        async with wiring.open_context(settings_of(scene.folder), clock=clock) as other:
            await applications.revoke_tokens(other, scene.partner.client_id)
        await feed.catch_up(scene.context.directory, scene.context.store)
        second = await scene.token()
        assert second.access_token != first.access_token
        assert await scene.alive(second)
        assert (await scene.token()).access_token == second.access_token

    play(tmp_path, scenario)


def test_each_secret_and_each_application_has_its_own(tmp_path: Path) -> None:
    """A token got with one secret is not handed out for another, so that a rotation shows in the tokens too."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        other = await applications.create(scene.context, "other", 1)
        await application_settings.change(scene.context, other.client_id, ApplicationChanges(token_reuse=True))
        second = await applications.add_secret(scene.context, scene.partner.client_id, "second")
        ways: list[Issued] = [scene.partner, second, other]
        given = [(await scene.token(each)).access_token for each in ways]
        assert len(set(given)) == 3
        assert [(await scene.token(each)).access_token for each in ways] == given

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "change",
    [
        {"resource": 7},
        {"scopes": ("profiles:read",)},
        {"binding": TokenBinding.DPOP, "thumbprint": b"k" * 32},
        {"credential": 99},
        {"application": 99},
        {"lifetime_seconds": LIFE - 1},
        {"generation": 1},
        {"subject": "01234567-89ab-7def-8123-456789abcdef"},
        {"grant": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_token_answers_no_other_question(tmp_path: Path, change: dict[str, object]) -> None:
    """No token is found for another resource, scope, key, credential, lifetime, generation, subject or grant."""

    async def scenario(scene: Scene) -> None:
        application = await scene.context.directory.applications.with_client_id(scene.partner.client_id)
        assert application is not None
        now = scene.clock.now()
        claims = Claims(application.number, 1, 1, now, LIFE, ("openid",))
        reuse = TokenReuse(scene.context.directory)
        reuse.keep(application, claims, "token")
        asked = msgspec.structs.replace(claims, token_id=2, issued_at=now + 1)
        assert reuse.find(application, asked, now + 1) == ("token", claims)
        assert reuse.find(application, msgspec.structs.replace(asked, **change), now + 1) is None

    play(tmp_path, scenario)


def test_a_request_that_was_overtaken_by_a_cut_off_is_handed_nothing(tmp_path: Path) -> None:
    """It goes by the application as it was when it authenticated; a token from before is not handed out even so."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        application = await context.directory.applications.with_client_id(scene.partner.client_id)
        assert application is not None
        claims = Claims(application.number, 1, 1, scene.clock.now(), LIFE, ("openid",))
        context.state.token_reuse.keep(application, claims, "token")
        assert context.state.token_reuse.find(application, claims, scene.clock.now()) is not None
        await applications.revoke_tokens(context, scene.partner.client_id)
        assert context.state.token_reuse.find(application, claims, scene.clock.now()) is None

    play(tmp_path, scenario)


def test_bound_tokens_of_two_keys_are_two(tmp_path: Path) -> None:
    """A token bound to one key is not handed out to the holder of another."""

    async def scenario(scene: Scene) -> None:
        application = await scene.context.directory.applications.with_client_id(scene.partner.client_id)
        assert application is not None
        now = scene.clock.now()
        claims = Claims(application.number, 1, 1, now, LIFE, ("openid",), 0, TokenBinding.DPOP, b"a" * 32)
        reuse = TokenReuse(scene.context.directory)
        reuse.keep(application, claims, "token")
        assert reuse.find(application, msgspec.structs.replace(claims, thumbprint=b"b" * 32), now) is None

    play(tmp_path, scenario)


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    """However many tokens are issued, no more than the bound are remembered, and the newest among them."""

    async def scenario(scene: Scene) -> None:
        application = await scene.context.directory.applications.with_client_id(scene.partner.client_id)
        assert application is not None
        reuse = TokenReuse(scene.context.directory)
        claims = Claims(application.number, 1, 1, scene.clock.now(), LIFE, ("openid",))
        for credential in range(token_reuse.ENTRIES_MAX + 500):
            reuse.keep(application, msgspec.structs.replace(claims, credential=credential), "token")
            assert len(reuse) <= token_reuse.ENTRIES_MAX
        newest = msgspec.structs.replace(claims, credential=token_reuse.ENTRIES_MAX + 499)
        assert reuse.find(application, newest, scene.clock.now()) is not None

    play(tmp_path, scenario)


def test_a_clock_that_went_back_hands_nothing_out(tmp_path: Path) -> None:
    """A token from a time yet to come is not handed out: its answer would promise more life than a token has."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        first = await scene.token()
        scene.clock.step(-60)
        again = await scene.token()
        assert again.access_token != first.access_token
        assert again.expires_in == first.expires_in

    play(tmp_path, scenario)


def test_a_token_handed_out_again_is_a_use_and_no_new_token(tmp_path: Path) -> None:
    """The last use of the secret and its address are kept; the tokens issued stay as they were."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        await scene.token(source="192.0.2.1")
        scene.clock.step(60)
        await scene.token(source="192.0.2.2")
        await write_usage(scene.context)
        record = await applications.find(scene.context, scene.partner.client_id)
        (used,) = await scene.context.store.secrets(scene.partner.client_id)
        assert (record.tokens_issued, record.last_token_at) == (1, scene.clock.now())
        assert (used.last_used_at, used.last_used_from) == (scene.clock.now(), "192.0.2.2")

    play(tmp_path, scenario)


async def for_resource(scene: Scene, identifier: str) -> TokenReply:
    """A token of the scene's application for a resource server."""
    text = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": scene.partner.client_id,
            "client_secret": scene.partner.client_secret or "",
            "resource": identifier,
        }
    ).encode()
    return await asking.issue(scene.context, forms.form(b"", text, FORM), NOTHING)


def test_each_resource_server_has_a_token_of_its_own(tmp_path: Path) -> None:
    """A token for one resource is handed out again for that one only, and no more when its form or access change."""

    async def scenario(scene: Scene) -> None:
        await reusing(scene)
        stock, orders = "https://stock.example/api", "https://orders.example/api"
        record = await applications.find(scene.context, scene.partner.client_id)
        for identifier in (stock, orders):
            known = await resource_servers.create(scene.context, identifier, identifier, "read")
            await resource_servers.grant(scene.context, record, known, "read")
        ways = (stock, orders, scene.context.issuer)
        given = [(await for_resource(scene, each)).access_token for each in ways]
        assert len({*given, (await scene.token()).access_token}) >= 3
        assert [(await for_resource(scene, each)).access_token for each in ways] == given
        await resource_servers.change(
            scene.context, stock, resource_servers.ResourceServerChanges(token_format="eddsa")
        )
        signed = await for_resource(scene, stock)
        assert "." in signed.access_token
        assert (await for_resource(scene, stock)).access_token == signed.access_token
        await resource_servers.take_back(scene.context, record, await resource_servers.find(scene.context, stock))
        with pytest.raises(InvalidTarget):
            await for_resource(scene, stock)

    play(tmp_path, scenario)
