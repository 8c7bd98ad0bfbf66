"""Tokens: issued to whom proves itself, live until something ends them, and dead for good then."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations
from tessera.app.tokens import revocation
from tessera.core import wire
from tessera.core.clients import credentials
from tessera.core.clients.applications import JSONRequests, QueryCredentials, TokenFormat
from tessera.core.errors import InvalidClient, InvalidRequest, InvalidScope
from tessera.core.presented import NOTHING
from tests.support import asking, engines, forms
from tests.support.scene import Scene, play

FORTNIGHT = 14 * 86_400


def test_a_token_lives_its_life(tmp_path: Path) -> None:
    """A token is as the contract says, live to its last microsecond, and dead at the next."""

    async def scenario(scene: Scene) -> None:
        reply = await scene.token()
        assert (reply.expires_in, reply.scope, reply.token_type) == (FORTNIGHT - 1, "openid", "bearer")
        assert reply.created_at == scene.clock.now() // 1_000_000
        scene.clock.at += FORTNIGHT * 1_000_000 - 1
        assert await scene.alive(reply)
        scene.clock.at += 1
        assert not await scene.alive(reply)

    play(tmp_path, scenario)


def test_two_tokens_of_one_moment_differ(tmp_path: Path) -> None:
    """Tokens issued in the same microsecond are different, and one is revoked without the other."""

    async def scenario(scene: Scene) -> None:
        one, two = await scene.token(), await scene.token()
        assert one.access_token != two.access_token
        claims = await revocation.revoke(scene.context, one.access_token)
        assert claims is not None
        assert [await scene.alive(one), await scene.alive(two)] == [False, True]
        assert await scene.context.store.revocations() == [(claims.token_id, claims.expires_at)]

    play(tmp_path, scenario)


def test_revoking_twice_or_no_token_writes_nothing(tmp_path: Path) -> None:
    """A made-up token is left alone; revoking twice does no harm."""

    async def scenario(scene: Scene) -> None:
        reply = await scene.token()
        assert await revocation.revoke(scene.context, "00" * 48) is None
        assert await revocation.revoke(scene.context, reply.access_token.upper()) is None
        for _ in range(2):
            await revocation.revoke(scene.context, reply.access_token)
        assert len(await scene.context.store.revocations()) == 1

    play(tmp_path, scenario)


@pytest.mark.parametrize("form", [TokenFormat.OPAQUE, TokenFormat.EDDSA])
def test_a_token_that_seems_to_have_expired_is_revoked_as_well(tmp_path: Path, form: TokenFormat) -> None:
    """A clock that was ahead when it was revoked does not leave it alive once it is right."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_format=form))
        reply = await scene.token()
        scene.clock.step(FORTNIGHT)
        await revocation.revoke(scene.context, reply.access_token)
        scene.clock.step(-FORTNIGHT)
        assert not await scene.alive(reply)

    play(tmp_path, scenario)


def test_disabling_kills_tokens_for_good(tmp_path: Path) -> None:
    """A disabled application gets no tokens, its old ones are dead, and stay dead when it is enabled again."""

    async def scenario(scene: Scene) -> None:
        old = await scene.token()
        scene.clock.step(1)
        await applications.disable(scene.context, scene.partner.client_id)
        assert not await scene.alive(old)
        with pytest.raises(InvalidClient):
            await scene.token()
        scene.clock.step(1)
        await applications.enable(scene.context, scene.partner.client_id)
        assert not await scene.alive(old)
        assert await scene.alive(await scene.token())
        with pytest.raises(OperatorError, match="already enabled"):
            await applications.enable(scene.context, scene.partner.client_id)

    play(tmp_path, scenario)


def test_a_clock_that_steps_back_revives_nothing(tmp_path: Path) -> None:
    """Tokens that disabling killed stay dead when the clock steps back before the application is enabled again."""

    async def scenario(scene: Scene) -> None:
        old = await scene.token()
        scene.clock.step(10)
        await applications.disable(scene.context, scene.partner.client_id)
        scene.clock.step(-60)
        await applications.enable(scene.context, scene.partner.client_id)
        scene.clock.step(120)
        assert not await scene.alive(old)
        assert await scene.alive(await scene.token())

    play(tmp_path, scenario)


def test_a_deleted_application_s_tokens_are_dead(tmp_path: Path) -> None:
    """Tokens of a deleted application are dead, also when another is made under its client id and secret."""

    async def scenario(scene: Scene) -> None:
        made = await applications.create(scene.context, "moved", 1, client_id="old-id", client_secret="ab" * 32)
        old = await scene.token(made, "ab" * 32)
        await applications.delete(scene.context, "old-id")
        assert not await scene.alive(old)
        with pytest.raises(InvalidClient):
            await scene.token(made, "ab" * 32)
        again = await applications.create(scene.context, "moved", 1, client_id="old-id", client_secret="ab" * 32)
        assert not await scene.alive(old)
        assert await scene.alive(await scene.token(again, "ab" * 32))

    play(tmp_path, scenario)


def test_secrets_overlap_and_end(tmp_path: Path) -> None:
    """While two secrets overlap both work; one ends at its very microsecond; with the last one all tokens end."""

    async def scenario(scene: Scene) -> None:
        client_id = scene.partner.client_id
        second = await applications.add_secret(scene.context, client_id, "second")
        end = scene.clock.now() + 60_000_000
        await applications.expire_secret(scene.context, client_id, "first", end)
        by_first, by_second = await scene.token(), await scene.token(second)
        scene.clock.at = end - 1
        await scene.token()
        scene.clock.at = end
        with pytest.raises(InvalidClient):
            await scene.token()
        assert await scene.alive(by_first)
        await scene.token(second)
        await applications.expire_secret(scene.context, client_id, "second")
        assert not await scene.alive(by_first)
        assert not await scene.alive(by_second)
        with pytest.raises(InvalidClient):
            await scene.token(second)
        third = await applications.add_secret(scene.context, client_id, "third")
        assert await scene.alive(await scene.token(third))

    play(tmp_path, scenario)


def test_an_ended_secret_stays_ended(tmp_path: Path) -> None:
    """A secret that has ended cannot be given a later end, and one that is live can."""

    async def scenario(scene: Scene) -> None:
        client_id = scene.partner.client_id
        await applications.expire_secret(scene.context, client_id, "first", scene.clock.now() + 10)
        await applications.expire_secret(scene.context, client_id, "first", scene.clock.now() + 20)
        scene.clock.at += 20
        with pytest.raises(OperatorError, match="already ended"):
            await applications.expire_secret(scene.context, client_id, "first", scene.clock.now() + 10**9)
        with pytest.raises(OperatorError, match=r"no secret named other. It has: first"):
            await applications.expire_secret(scene.context, client_id, "other")

    play(tmp_path, scenario)


def test_credentials_in_the_url_by_policy(tmp_path: Path) -> None:
    """`allow` and `warn` take credentials in the URL, `deny` does not; the body works under all of them."""

    async def scenario(scene: Scene) -> None:
        for policy in QueryCredentials:
            await application_settings.change(
                scene.context, scene.partner.client_id, ApplicationChanges(query_credentials=policy)
            )
            await scene.token()
            if policy is QueryCredentials.DENY:
                with pytest.raises(InvalidClient) as refusal:
                    await scene.token(in_query=True)
                assert refusal.value.public == credentials.UNKNOWN_CLIENT
            else:
                await scene.token(in_query=True)

    play(tmp_path, scenario)


def test_json_by_policy(tmp_path: Path) -> None:
    """`deny` refuses JSON to a client that has proved itself, at every endpoint; forms work."""

    async def scenario(scene: Scene) -> None:
        context, made = scene.context, scene.partner
        fields = {
            "grant_type": "client_credentials",
            "client_id": made.client_id,
            "client_secret": made.client_secret,
            "token": "00",
        }

        def sent(kind: bytes, **others: str) -> wire.Params:
            said = {**fields, **others}
            body = json.dumps(said) if b"json" in kind.lower() else urlencode(said)
            return forms.form(b"", body.encode(), kind)

        for policy in (JSONRequests.ALLOW, JSONRequests.DENY, JSONRequests.ALLOW):
            await application_settings.change(context, made.client_id, ApplicationChanges(json_requests=policy))
            await asking.issue(context, sent(wire.FORM), NOTHING)
            for kind in (wire.JSON, b"Application/JSON; charset=utf-8"):
                if policy is JSONRequests.ALLOW:
                    await asking.issue(context, sent(kind), NOTHING)
                    continue
                for request in (asking.issue, asking.revoke_own, asking.introspect):
                    with pytest.raises(InvalidRequest, match="may not send JSON") as refusal:
                        await request(context, sent(kind))
                    assert refusal.value.check == "request.json_denied"
                with pytest.raises(InvalidClient):
                    await asking.issue(context, sent(kind, client_secret="f" * 64), NOTHING)

    play(tmp_path, scenario)


def test_scopes_are_the_application_s(tmp_path: Path) -> None:
    """A token has the scopes its application was given, or fewer when fewer are asked for, and never more."""

    async def scenario(scene: Scene) -> None:
        made = await applications.create(scene.context, "reader", 1, scope="loyalty:read profiles:read")
        assert (await scene.token(made)).scope == "profiles:read loyalty:read"
        form = f"grant_type=client_credentials&client_id={made.client_id}&client_secret={made.client_secret}"

        async def asked(scope: str) -> str:
            params = forms.form(b"", f"{form}&scope={scope}".encode(), b"application/x-www-form-urlencoded")
            return (await asking.issue(scene.context, params, NOTHING)).scope

        assert await asked("loyalty:read") == "loyalty:read"
        with pytest.raises(InvalidScope):
            await asked("openid")

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": ""}, "The name must be"),
        ({"name": "é"}, "The name must be"),
        ({"name": "n" * 256}, "The name must be"),
        ({"name": "partner"}, "already exists"),
        ({"scope": ""}, "scope is malformed"),
        ({"token_lifetime_seconds": 0}, "lifetime must be 1 to"),
        ({"token_lifetime_seconds": 10 * 366 * 86_400 + 1}, "lifetime must be 1 to"),
        ({"client_id": "a\x00b"}, "The client id must be"),
        ({"client_secret": ""}, "The secret must be"),
        ({"client_secret": "human made"}, "requires a secret of 64 hex characters"),
    ],
)
def test_an_application_that_cannot_be_is_refused(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    """What cannot be an application is refused with a sentence, and nothing is written."""

    async def scenario(scene: Scene) -> None:
        last = await scene.context.store.last_sequence()
        wanted: dict[str, Any] = {"name": "new", **({"client_id": "ab" * 32} if "client_secret" in options else {})}
        with pytest.raises(OperatorError, match=sentence):
            await applications.create(scene.context, organization=1, **{**wanted, **options})
        assert await scene.context.store.last_sequence() == last

    play(tmp_path, scenario)


def test_what_is_shown_of_a_secret(tmp_path: Path) -> None:
    """Of a generated secret the last four characters are kept; an imported one is not shown, nor any of a short one."""

    async def scenario(scene: Scene) -> None:
        made = scene.partner
        assert made.client_secret is not None
        imported = await applications.create(
            scene.context, "moved", 1, client_id="theirs", client_secret="short and sweet"
        )
        assert imported.client_secret is None
        assert [each.last_four for each in await scene.context.store.secrets(made.client_id)] == [
            made.client_secret[-4:]
        ]
        assert [each.last_four for each in await scene.context.store.secrets("theirs")] == [""]
        raw = b"".join(engines.stored(scene.folder).values())
        assert made.client_secret.encode() not in raw
        assert b"short and sweet" not in raw

    play(tmp_path, scenario)


def test_organizations_are_found_by_name(tmp_path: Path) -> None:
    """Without a name the only organization is meant; with several one must be named, and names are free once."""

    async def scenario(scene: Scene) -> None:
        assert (await organizations.find(scene.context, None)).name == "Org"
        await organizations.create(scene.context, "Second")
        with pytest.raises(OperatorError, match="The organizations are: Org, Second"):
            await organizations.find(scene.context, None)
        with pytest.raises(OperatorError, match="no organization named Third"):
            await organizations.find(scene.context, "Third")
        with pytest.raises(OperatorError, match="already exists"):
            await organizations.create(scene.context, "Org")

    play(tmp_path, scenario)
