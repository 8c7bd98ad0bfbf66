"""Questions about tokens: signed answers, what is waited for, and what a failing store changes."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.management import purges
from tessera.app.organizations import organizations
from tessera.app.tokens import inspection, introspection, resource_servers, revocation, verification
from tessera.app.tokens.introspection import PersonalTokenInfo, TokenInfo
from tessera.core import wire
from tessera.core.changes import RevokeToken
from tessera.core.clients.applications import TokenBinding
from tessera.core.errors import DPoPChallenge, InvalidScope, InvalidTarget, InvalidToken
from tessera.core.keys import jws
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.times import SECOND
from tessera.core.tokens import access_tokens as core_tokens
from tessera.core.tokens.introspection import Active
from tessera.ports import StoreUnavailable
from tests.support import asking, forms
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import FORM, Scene, play

STOCK = "https://stock.example/api"
HOUR = 3600


def asked(caller: Issued, token: str) -> wire.Params:
    """A question of an application about a token."""
    form = {"client_id": caller.client_id, "client_secret": caller.client_secret or "", "token": token}
    return forms.form(b"", urlencode(form).encode(), FORM)


async def told(scene: Scene, caller: Issued, token: str) -> Active | None:
    """What an application is told of a token."""
    return await asking.introspect(scene.context, asked(caller, token))


def test_what_is_told_follows_the_clock(tmp_path: Path) -> None:
    """Active to the last microsecond of its life, with the same times all along, and inactive at the next."""

    async def scenario(scene: Scene) -> None:
        hurried = await applications.create(scene.context, "hurried", 1, token_lifetime_seconds=60)
        issued_at = scene.clock.now()
        token = (await scene.token(hurried)).access_token
        first = await told(scene, hurried, token)
        assert first is not None
        assert (first.iat, first.exp) == (issued_at // SECOND, (issued_at + 60 * SECOND) // SECOND)
        scene.clock.step(59.999999)
        assert await told(scene, hurried, token) == first
        scene.clock.step(0.000001)
        assert await told(scene, hurried, token) is None

    play(tmp_path, scenario)


def test_no_question_waits_for_the_store(tmp_path: Path) -> None:
    """Once caller and application are known, a store that answers nothing is never asked, whatever the answer is."""

    async def scenario(scene: Scene) -> None:
        other = await applications.create(scene.context, "other", 1)
        token, foreign = (await scene.token()).access_token, (await scene.token(other)).access_token
        revoked = (await scene.token()).access_token
        await revocation.revoke(scene.context, revoked)
        for each in (token, foreign, revoked, "00"):
            await told(scene, scene.partner, each)
        await scene.context.store.close()
        answers = [await told(scene, scene.partner, each) for each in (token, foreign, revoked, "00")]
        assert [answer is not None for answer in answers] == [True, False, False, False]

    play(tmp_path, scenario)


def test_a_revocation_that_failed_is_not_acknowledged(tmp_path: Path) -> None:
    """The failure reaches the caller, and the token is still told of as live: nothing was promised."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        store.faults = [Fault.BEFORE]
        with pytest.raises(StoreUnavailable):
            await asking.revoke_own(scene.context, asked(scene.partner, token))
        assert await told(scene, scene.partner, token) is not None
        await asking.revoke_own(scene.context, asked(scene.partner, token))
        assert await told(scene, scene.partner, token) is None

    play(tmp_path, scenario)


def test_what_a_bound_token_says(tmp_path: Path) -> None:
    """`cnf` has the thumbprint under the name of its kind; its holder is told nothing without proof."""

    async def scenario(scene: Scene) -> None:
        plain = await verification.check(scene.context, (await scene.token()).access_token)
        assert plain is not None
        for binding, kind, name in (
            (TokenBinding.DPOP, "DPoP", "jkt"),
            (TokenBinding.TLS, "bearer", "x5t#S256"),
        ):
            claims = msgspec.structs.replace(plain[0], binding=binding, thumbprint=bytes(range(32)))
            token = core_tokens.seal(scene.context.directory.ring, claims)
            answer = await told(scene, scene.partner, token)
            assert answer is not None
            assert answer.token_type == kind
            assert msgspec.to_builtins(answer)["cnf"] == {name: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}
            with pytest.raises((InvalidToken, DPoPChallenge)):
                await info(scene, token)

    play(tmp_path, scenario)


async def info(scene: Scene, token: str) -> TokenInfo | PersonalTokenInfo:
    """What the holder of a token is told."""
    return await introspection.holder_s(scene.context, RequestCredentials(b"Bearer " + token.encode()))


def test_a_signed_answer(tmp_path: Path) -> None:
    """RFC 9701: signed by a published key, for the one who asked alone, with the very members of the plain answer."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        for subject, active in ((token, True), ("00", False)):
            answer = await told(scene, scene.partner, subject)
            text = jws.split(introspection.signed(scene.context, answer, scene.partner.client_id))
            now = scene.clock.now()
            key = scene.context.directory.signing.known(text.header.kid, now)
            assert key is not None
            assert jws.verify(text, key.public)
            assert text.header.typ == "token-introspection+jwt"
            said = json.loads(text.payload)
            assert list(said) == ["iss", "aud", "iat", "token_introspection"]
            assert (said["iss"], said["aud"]) == (scene.context.issuer, scene.partner.client_id)
            assert said["iat"] == now // SECOND
            expected = {"active": False} if answer is None else msgspec.to_builtins(answer)
            assert said["token_introspection"] == expected
            assert said["token_introspection"]["active"] is active

    play(tmp_path, scenario)


def test_a_signed_answer_is_no_token(tmp_path: Path) -> None:
    """Signed by our key, and of another type: it opens nothing, and is told of as unknown."""

    async def scenario(scene: Scene) -> None:
        answer = await told(scene, scene.partner, (await scene.token()).access_token)
        text = introspection.signed(scene.context, answer, scene.partner.client_id)
        assert await verification.check(scene.context, text) is None
        assert await told(scene, scene.partner, text) is None

    play(tmp_path, scenario)


def test_tokens_from_before_are_dead_and_later_ones_live(tmp_path: Path) -> None:
    """Cut off for an application, then for its organization: an operator reads why, and nothing is disabled."""

    async def scenario(scene: Scene) -> None:
        sister = await applications.create(scene.context, "sister", 1)
        first, hers = await scene.token(), await scene.token(sister)
        await applications.revoke_tokens(scene.context, scene.partner.client_id)
        assert [await scene.alive(first), await scene.alive(hers)] == [False, True]
        (reason,) = (await inspection.inspect(scene.context, first.access_token)).reasons
        assert "all tokens of its application" in reason
        scene.clock.step(0.000001)
        second = await scene.token()
        assert await scene.alive(second)
        await organizations.revoke_tokens(scene.context, await organizations.find(scene.context, "Org"))
        assert [await scene.alive(second), await scene.alive(hers)] == [False, False]
        scene.clock.step(0.000001)
        assert await scene.alive(await scene.token())

    play(tmp_path, scenario)


def test_what_expired_is_purged_a_few_at_a_time(tmp_path: Path) -> None:
    """Memory and database let go of every revocation whose token has expired a day ago, and of no other."""

    async def scenario(scene: Scene) -> None:
        now = scene.clock.now()
        dead = [RevokeToken(number, now + HOUR * SECOND) for number in range(2 * purges.BATCH + 5)]
        for begin in range(0, len(dead), 500):
            await scene.context.commit(*dead[begin : begin + 500])
        await scene.context.commit(RevokeToken(99_999, now + 33 * HOUR * SECOND))
        await scene.purge()
        assert len(scene.context.directory.revocations) == len(dead) + 1
        scene.clock.step(27 * HOUR)
        await scene.purge()
        assert len(scene.context.directory.revocations) == 1
        assert await scene.context.store.revocations() == [(99_999, now + 33 * HOUR * SECOND)]

    play(tmp_path, scenario)


async def _buyer(scene: Scene, scope: str | None) -> Issued:
    await resource_servers.create(scene.context, STOCK, "Stock", "read write")
    buyer = await applications.create(scene.context, "buyer", 1, scope=scope)
    record = await applications.find(scene.context, "buyer")
    await resource_servers.grant(scene.context, record, await resource_servers.find(scene.context, STOCK), "read")
    return buyer


async def _ask(scene: Scene, buyer: Issued, **more: str) -> Any:
    values = {"grant_type": "client_credentials", "client_id": buyer.client_id, "client_secret": buyer.client_secret}
    params = forms.form(b"", urlencode(values | more).encode(), FORM)
    return await asking.issue(scene.context, params, NOTHING)


def test_a_target_is_named_or_plain_from_what_was_granted(tmp_path: Path) -> None:
    """Without a name: the platform, or the only resource; with two of them and no platform, it has to be named."""

    async def scenario(scene: Scene) -> None:
        buyer = await _buyer(scene, None)
        assert (await _ask(scene, buyer)).scope == "read"
        with pytest.raises(InvalidScope):
            await _ask(scene, buyer, scope="write")
        with pytest.raises(InvalidTarget):
            await _ask(scene, buyer, resource=scene.context.issuer)
        await resource_servers.create(scene.context, "urn:tills", "Tills", "open")
        record = await applications.find(scene.context, "buyer")
        await resource_servers.grant(scene.context, record, await resource_servers.find(scene.context, "Tills"), "open")
        with pytest.raises(InvalidTarget, match="Say with the parameter resource"):
            await _ask(scene, buyer)
        assert (await _ask(scene, buyer, resource="urn:tills")).scope == "open"

    play(tmp_path, scenario)


def test_an_operator_reads_why_a_token_for_a_resource_is_dead(tmp_path: Path) -> None:
    """Access taken back, or the resource removed: each has its sentence."""

    async def scenario(scene: Scene) -> None:
        buyer = await _buyer(scene, "openid")
        token = (await _ask(scene, buyer, resource=STOCK)).access_token
        assert (await inspection.inspect(scene.context, token)).resource == STOCK
        await resource_servers.change(scene.context, "Stock", resource_servers.ResourceServerChanges(scope="write"))
        (reason,) = (await inspection.inspect(scene.context, token)).reasons
        assert "may not do any more" in reason
        await resource_servers.delete(scene.context, STOCK)
        (reason,) = (await inspection.inspect(scene.context, token)).reasons
        assert reason == "The resource it is for was deleted."

    play(tmp_path, scenario)


def test_a_token_says_to_its_holder_what_it_is(tmp_path: Path) -> None:
    """The seconds that are left are rounded down; other schemes than Bearer hold no token."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        assert (await info(scene, token)).expires_in == 14 * 86_400 - 1
        scene.clock.step(10)
        assert (await info(scene, token)).expires_in == 14 * 86_400 - 11
        pair = base64.b64encode(b"a:b")
        for authorization in (None, b"Basic " + pair, b"", token.encode(), b"DPoP " + token.encode()):
            with pytest.raises((InvalidToken, DPoPChallenge)):
                await introspection.holder_s(scene.context, RequestCredentials(authorization))

    play(tmp_path, scenario)
