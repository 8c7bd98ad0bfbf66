"""DPoP by a stepped clock: how long a proof and a nonce last, and what the binding of an application asks for."""

from pathlib import Path

import pytest

from tessera.app import callers
from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.app.tokens import verification
from tessera.core.clients.applications import TokenBinding, TokenFormat
from tessera.core.errors import DPoPChallenge, InvalidDPoPProof, UseDPoPNonce
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.tokens.access_tokens import TokenReply
from tessera.core.tokens.dpop import NONCE_SECONDS
from tests.support import asking, forms
from tests.support.possession import Holder
from tests.support.scene import FORM, Scene, play

ADDRESS = "/oauth/token"


def request_credentials(
    scene: Scene, holder: Holder, nonce: str | None, *, token: str | None = None, at: float = 0
) -> RequestCredentials:
    """A request with a proof made `at` seconds from now: for a token, or with one for the platform."""
    method, path = ("POST", ADDRESS) if token is None else ("GET", "/priv/v1/apps/key/users/id")
    moment = scene.clock.now() / 1_000_000 + at
    proof = holder.proof(method, scene.context.issuer + path, token=token, nonce=nonce, at=moment).encode()
    authorization = None if token is None else f"DPoP {token}".encode()
    return RequestCredentials(authorization, "", None, (), (proof,), method, path)


async def ask(scene: Scene, shown: RequestCredentials) -> TokenReply:
    """A token for the scene's application with this evidence."""
    secret = scene.partner.client_secret
    text = f"grant_type=client_credentials&client_id={scene.partner.client_id}&client_secret={secret}".encode()
    return await asking.issue(scene.context, forms.form(b"", text, FORM), shown)


async def nonce_of(scene: Scene, holder: Holder) -> str:
    """The nonce that the token endpoint asks for now."""
    with pytest.raises(UseDPoPNonce) as refused:
        await ask(scene, request_credentials(scene, holder, None))
    return refused.value.nonce


def test_a_nonce_ends_with_the_window_after_its_own(tmp_path: Path) -> None:
    """It is taken at both doors until then, and refused with the next one from then on."""

    async def scenario(scene: Scene) -> None:
        holder = Holder()
        window = NONCE_SECONDS * 1_000_000
        scene.clock.at += window - scene.clock.at % window
        old = await nonce_of(scene, holder)
        scene.clock.at += 2 * window - 1
        reply = await ask(scene, request_credentials(scene, holder, old))
        await callers.identify(scene.context, request_credentials(scene, holder, old, token=reply.access_token))
        scene.clock.at += 1
        with pytest.raises(UseDPoPNonce) as refused:
            await ask(scene, request_credentials(scene, holder, old))
        assert refused.value.nonce not in ("", old)
        with pytest.raises(DPoPChallenge) as challenged:
            await callers.identify(scene.context, request_credentials(scene, holder, old, token=reply.access_token))
        assert (challenged.value.error, challenged.value.nonce) == ("use_dpop_nonce", refused.value.nonce)
        await ask(scene, request_credentials(scene, holder, refused.value.nonce))

    play(tmp_path, scenario)


@pytest.mark.parametrize("token_format", list(TokenFormat)[:3])
def test_the_thumbprint_is_in_the_token(tmp_path: Path, token_format: TokenFormat) -> None:
    """The token says which key it is bound to, sealed or signed, and only that key opens the platform with it."""

    async def scenario(scene: Scene) -> None:
        holder, thief = Holder(), Holder()
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=token_format)
        )
        nonce = await nonce_of(scene, holder)
        reply = await ask(scene, request_credentials(scene, holder, nonce))
        assert ("." in reply.access_token) == (token_format is not TokenFormat.OPAQUE)
        found = await verification.check(scene.context, reply.access_token)
        assert found is not None
        assert (found[0].binding, found[0].thumbprint) == (TokenBinding.DPOP, holder.thumbprint)
        await callers.identify(scene.context, request_credentials(scene, holder, nonce, token=reply.access_token))
        for shown in (
            request_credentials(scene, thief, nonce, token=reply.access_token),
            RequestCredentials(f"Bearer {reply.access_token}".encode()),
        ):
            with pytest.raises(DPoPChallenge) as refused:
                await callers.identify(scene.context, shown)
            assert refused.value.error == "invalid_token"

    play(tmp_path, scenario)


def test_an_application_can_be_held_to_proofs(tmp_path: Path) -> None:
    """With the binding `dpop` a request without a proof is refused; a bearer token from before goes on working."""

    async def scenario(scene: Scene) -> None:
        before = await scene.token()
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_binding=TokenBinding.DPOP)
        )
        with pytest.raises(InvalidDPoPProof):
            await ask(scene, NOTHING)
        holder = Holder()
        reply = await ask(scene, request_credentials(scene, holder, await nonce_of(scene, holder)))
        assert reply.token_type == "DPoP"
        assert await scene.alive(before)
        await callers.identify(scene.context, RequestCredentials(f"Bearer {before.access_token}".encode()))
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_binding=TokenBinding.NONE)
        )
        assert (await ask(scene, NOTHING)).token_type == "bearer"
        await applications.delete(scene.context, scene.partner.client_id)
        with pytest.raises(OperatorError, match="no longer exists"):
            await application_settings.change(
                scene.context, scene.partner.client_id, ApplicationChanges(token_binding=TokenBinding.NONE)
            )

    play(tmp_path, scenario)


def test_a_proof_is_used_once_for_as_long_as_it_is_taken(tmp_path: Path) -> None:
    """Its last use can be its first; before that, a second use is refused to the last moment, and then it is stale."""

    async def scenario(scene: Scene) -> None:
        holder = Holder()
        nonce = await nonce_of(scene, holder)
        early = request_credentials(scene, holder, nonce, at=60)
        await ask(scene, early)
        for step in (0, 1, 59, 60, 1):
            scene.clock.step(step)
            with pytest.raises(InvalidDPoPProof):
                await ask(scene, early)

    play(tmp_path, scenario)


def test_nonces_can_be_switched_off(tmp_path: Path) -> None:
    """With `dpop_nonces` off none is asked for, and one that comes along is ignored; proofs are still used once."""

    async def scenario(scene: Scene) -> None:
        off = scene.context.settings.model_copy(update={"dpop_nonces": "off"})
        scene.context.settings = off
        holder = Holder()
        for nonce in (None, "whatever"):
            shown = request_credentials(scene, holder, nonce)
            reply = await ask(scene, shown)
            with pytest.raises(InvalidDPoPProof):
                await ask(scene, shown)
            await callers.identify(scene.context, request_credentials(scene, holder, nonce, token=reply.access_token))

    play(tmp_path, scenario)
