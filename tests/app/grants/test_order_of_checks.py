"""What may be used once is used up last: a request that was refused for anything else can be sent again as it is."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from tessera.app import callers
from tessera.app.callers import Caller
from tessera.app.clients import application_settings, applications, limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.tokens import verification
from tessera.core import wire
from tessera.core.clients.applications import TokenBinding
from tessera.core.errors import (
    DPoPChallenge,
    InsufficientScope,
    InvalidClient,
    InvalidDPoPProof,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    Refusal,
    TooManyRequests,
    UseDPoPNonce,
)
from tessera.core.keys.jws import PrivateKey
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.tokens.access_tokens import TokenReply
from tests.app.clients.test_private_key_jwt import good, keyed
from tests.app.tokens.test_dpop import request_credentials
from tests.support import asking, assertions, forms
from tests.support.possession import Holder
from tests.support.scene import FORM, Scene, play


async def ask(scene: Scene, assertion: str, shown: RequestCredentials = NOTHING, **other: str) -> TokenReply:
    """A token for an assertion and a proof."""
    return await asking.issue(scene.context, forms.form(b"", assertions.form(assertion, **other).encode(), FORM), shown)


async def nonce_for(scene: Scene, assertion: str, holder: Holder) -> str:
    """The nonce that an assertion with a proof without one is sent back for."""
    with pytest.raises(UseDPoPNonce) as refused:
        await ask(scene, assertion, request_credentials(scene, holder, None))
    return refused.value.nonce


def test_an_assertion_outlives_the_question_for_a_nonce(tmp_path: Path) -> None:
    """The first request is sent back for a nonce; the very same assertion with the nonce is good, and then used up."""

    async def scenario(scene: Scene) -> None:
        assertion, holder = good(scene, await keyed(scene)), Holder()
        for _ in range(3):
            nonce = await nonce_for(scene, assertion, holder)
        reply = await ask(scene, assertion, request_credentials(scene, holder, nonce))
        assert reply.token_type == "DPoP"
        with pytest.raises(InvalidClient) as refused:
            await ask(scene, assertion, request_credentials(scene, holder, nonce))
        assert refused.value.check == "assertion.replay"

    play(tmp_path, scenario)


def test_both_are_used_up_or_neither(tmp_path: Path) -> None:
    """A used assertion leaves the proof beside it unused, and a used proof the assertion."""

    async def scenario(scene: Scene) -> None:
        key, holder = await keyed(scene), Holder()
        first, second, third = (good(scene, key) for _ in range(3))
        nonce = await nonce_for(scene, first, holder)
        one, two = request_credentials(scene, holder, nonce), request_credentials(scene, holder, nonce)
        await ask(scene, first, one)
        with pytest.raises(InvalidClient):
            await ask(scene, first, two)
        with pytest.raises(InvalidDPoPProof) as refused:
            await ask(scene, second, one)
        assert refused.value.check == "dpop.replay"
        await ask(scene, second, two)
        with pytest.raises(InvalidDPoPProof):
            await ask(scene, third, two)

    play(tmp_path, scenario)


Obstacle = Callable[[Scene], Awaitable[object]]


async def no_more_tokens(scene: Scene) -> object:
    """Let the application have one token an hour, and have it."""
    await limit_settings.change(scene.context, "partner", LimitChanges(tokens_per_hour=1))
    return await scene.token()


async def no_more_requests(scene: Scene) -> object:
    """Let the application send one request a second, and send it."""
    await limit_settings.change(scene.context, "partner", LimitChanges(requests_per_second=1))
    return await scene.token()


async def other_networks(scene: Scene) -> object:
    """Let the application come from elsewhere only."""
    return await limit_settings.change(scene.context, "partner", LimitChanges(networks=("192.0.2.0/24",)))


async def bound_to_certificates(scene: Scene) -> object:
    """Have the application's tokens bound to a certificate."""
    await application_settings.change(
        scene.context, scene.partner.client_id, application_settings.ApplicationChanges(token_binding=TokenBinding.TLS)
    )
    return TokenBinding.TLS


async def unlimited(scene: Scene) -> object:
    """Take everything away that stood in the way."""
    await application_settings.change(
        scene.context, scene.partner.client_id, application_settings.ApplicationChanges(token_binding=TokenBinding.NONE)
    )
    return await limit_settings.change(
        scene.context, "partner", LimitChanges(none=("networks", "requests", "tokens-hour"))
    )


async def nothing(_: Scene) -> None:
    """Put nothing in the way: the request itself is wrong."""


@pytest.mark.parametrize(
    ("obstacle", "wrong", "refusal"),
    [
        (nothing, {"scope": "nonsense"}, InvalidScope),
        (nothing, {"resource": "https://unknown.example"}, InvalidTarget),
        (no_more_tokens, {}, TooManyRequests),
        (no_more_requests, {}, TooManyRequests),
        (other_networks, {}, InvalidClient),
        (bound_to_certificates, {}, InvalidRequest),
    ],
)
def test_an_assertion_outlives_every_other_refusal(
    tmp_path: Path, obstacle: Obstacle, wrong: dict[str, str], refusal: type[Refusal]
) -> None:
    """Scope, target, limits, networks, the binding: neither the assertion nor the proof is used up by any of them."""

    async def scenario(scene: Scene) -> None:
        assertion, holder = good(scene, await keyed(scene)), Holder()
        nonce = await nonce_for(scene, assertion, holder)
        shown = request_credentials(scene, holder, nonce)
        await obstacle(scene)
        for _ in range(2):
            with pytest.raises(refusal):
                await ask(scene, assertion, shown, **wrong)
        await unlimited(scene)
        assert (await ask(scene, assertion, shown)).token_type == "DPoP"

    play(tmp_path, scenario)


def test_a_replayed_assertion_takes_no_token_of_the_limit(tmp_path: Path) -> None:
    """Whoever sends one again and again uses up nothing that the client may have."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        used = good(scene, key)
        await ask(scene, used)
        await limit_settings.change(scene.context, "partner", LimitChanges(tokens_per_hour=2))
        number = (await applications.find(scene.context, "partner")).number
        await ask(scene, good(scene, key))
        before = scene.context.counts.tokens(number, scene.clock.now())
        assert before == (1, 1)
        for _ in range(5):
            with pytest.raises(InvalidClient):
                await ask(scene, used)
        assert scene.context.counts.tokens(number, scene.clock.now()) == before
        await ask(scene, good(scene, key))

    play(tmp_path, scenario)


@pytest.mark.parametrize("operation", ["revoke_own", "introspect"])
def test_an_assertion_is_used_once_at_every_endpoint(tmp_path: Path, operation: str) -> None:
    """A request without a token leaves it unused, one with a token uses it up, wherever it is sent then."""

    async def scenario(scene: Scene) -> None:
        assertion = good(scene, await keyed(scene))
        token = (await scene.token()).access_token

        def asked(**more: str) -> wire.Params:
            return forms.form(b"", assertions.form(assertion, **more).encode(), FORM)

        with pytest.raises(InvalidRequest):
            await getattr(asking, operation)(scene.context, asked())
        await getattr(asking, operation)(scene.context, asked(token=token))
        for again in ("revoke_own", "introspect"):
            with pytest.raises(InvalidClient):
                await getattr(asking, again)(scene.context, asked(token=token))
        with pytest.raises(InvalidClient):
            await ask(scene, assertion)

    play(tmp_path, scenario)


async def bound_token(scene: Scene, key: PrivateKey, holder: Holder) -> tuple[str, str]:
    """A token that is bound to a key, and a nonce."""
    assertion = good(scene, key)
    nonce = await nonce_for(scene, assertion, holder)
    return (await ask(scene, assertion, request_credentials(scene, holder, nonce))).access_token, nonce


def test_a_call_s_proof_is_used_up_last(tmp_path: Path) -> None:
    """A call that lacks the scope, or comes too soon, leaves the proof unused; one that is let in uses it up."""

    async def scenario(scene: Scene) -> None:
        holder = Holder()
        token, nonce = await bound_token(scene, await keyed(scene), holder)
        shown = request_credentials(scene, holder, nonce, token=token)

        def refuse(caller: Caller) -> None:
            callers.require(msgspec.structs.replace(caller, scopes=("profiles:read",)), "loyalty:write")

        with pytest.raises(InsufficientScope):
            await callers.identify(scene.context, shown, refuse)
        await limit_settings.change(scene.context, "partner", LimitChanges(requests_per_second=1))
        await scene.token()
        with pytest.raises(TooManyRequests):
            await callers.identify(scene.context, shown)
        scene.clock.step(2)
        assert (await callers.identify(scene.context, shown)).client == scene.partner.client_id
        scene.clock.step(2)
        with pytest.raises(DPoPChallenge):
            await callers.identify(scene.context, shown)
        assert await verification.check(scene.context, token) is not None

    play(tmp_path, scenario)
