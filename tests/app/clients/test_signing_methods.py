"""What clients may sign with, and what their assertions may say: by application, by profile, and by the server."""

from pathlib import Path

import msgspec
import pytest

from tessera.app.clients import application_settings, applications, credentials
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.core.clients.applications import TokenFormat
from tessera.core.clients.signing_methods import FAPI2_ALGORITHMS, AssertionAudience, Profile, SigningAlgorithms
from tessera.core.errors import InvalidClient, InvalidDPoPProof
from tessera.core.keys.jws import Algorithm
from tessera.core.presented import RequestCredentials
from tests.app.clients.test_private_key_jwt import good, keyed
from tests.app.grants.test_order_of_checks import ask
from tests.app.tokens.test_dpop import request_credentials
from tests.support import asking, assertions, forms
from tests.support.possession import Holder
from tests.support.scene import FORM, Scene, play

TOKEN = RequestCredentials(method="POST", path="/oauth/token")


async def refused(scene: Scene, assertion: str, shown: RequestCredentials = TOKEN) -> str:
    """Why an assertion is not taken, which only the operator is told."""
    with pytest.raises(InvalidClient) as caught:
        await ask(scene, assertion, shown)
    return caught.value.detail


def test_an_assertion_may_name_the_endpoint(tmp_path: Path) -> None:
    """The token endpoint, or a list of the issuer alone, as most libraries write it; unless the issuer is asked for."""

    async def scenario(scene: Scene) -> None:
        key, issuer, client_id = await keyed(scene), scene.context.issuer, scene.partner.client_id
        others = (f"{issuer}/oauth/token", [issuer], [f"{issuer}/oauth/token"])
        for audience in (issuer, *others):
            await ask(scene, good(scene, key, aud=audience), TOKEN)
        for audience in ([issuer, "https://other.example"], "https://other.example/oauth/token", f"{issuer}/"):
            assert "aud" in await refused(scene, good(scene, key, aud=audience))
        for profile, chosen in (
            (Profile.NONE, AssertionAudience.ISSUER),
            (Profile.FAPI2, AssertionAudience.DEFAULT),
        ):
            await application_settings.change(scene.context, client_id, ApplicationChanges(security_profile=profile))
            await application_settings.change(scene.context, client_id, ApplicationChanges(assertion_audience=chosen))
            await ask(scene, good(scene, key, aud=issuer), TOKEN)
            for audience in others:
                assert "aud is not the issuer" in await refused(scene, good(scene, key, aud=audience))
        await application_settings.change(
            scene.context, client_id, ApplicationChanges(assertion_audience=AssertionAudience.ISSUER_OR_ENDPOINT)
        )
        await ask(scene, good(scene, key, aud=others[0]), TOKEN)

    play(tmp_path, scenario)


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_an_assertion_may_name_the_endpoint_that_is_asked(tmp_path: Path, path: str) -> None:
    """The address of introspection at introspection, and not at the token endpoint."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        address = scene.context.issuer + path
        params = forms.form(b"", assertions.form(good(scene, key, aud=address), token="00").encode(), FORM)
        shown = RequestCredentials(method="POST", path=path)
        assert await asking.authenticate(scene.context, params, shown) == scene.partner.client_id
        assert "aud" in await refused(scene, good(scene, key, aud=address))

    play(tmp_path, scenario)


def test_an_assertion_may_last_an_hour_and_is_remembered_as_long(tmp_path: Path) -> None:
    """One that ends in an hour is taken once, until it ends; one that ends later is not taken at all."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        now = scene.clock.now() // 1_000_000
        assertion = good(scene, key, exp=now + 3600)
        assert "more than 3600 seconds" in await refused(scene, good(scene, key, exp=now + 3700))
        await ask(scene, assertion)
        for step in (1, 1800, 1790):
            scene.clock.step(step)
            with pytest.raises(InvalidClient) as caught:
                await ask(scene, assertion)
            assert caught.value.check == "assertion.replay"
        scene.clock.step(10)
        assert "expired" in await refused(scene, assertion)

    play(tmp_path, scenario)


def test_the_profile_fapi2_refuses_rs256(tmp_path: Path) -> None:
    """An RSA key signs PS256 and not RS256, in assertions and in proofs; without the profile both are taken."""

    async def scenario(scene: Scene) -> None:
        scene.context.settings = scene.context.settings.model_copy(update={"dpop_nonces": "off"})
        key, client_id = await keyed(scene, Algorithm.RS256), scene.partner.client_id
        rs256, ps256 = Holder(Algorithm.RS256), Holder(Algorithm.PS256)
        await ask(scene, good(scene, key, Algorithm.RS256), request_credentials(scene, rs256, None))
        await application_settings.change(scene.context, client_id, ApplicationChanges(security_profile=Profile.FAPI2))
        assert "its algorithm" in await refused(scene, good(scene, key, Algorithm.RS256))
        with pytest.raises(InvalidDPoPProof) as caught:
            await ask(scene, good(scene, key, Algorithm.PS256), request_credentials(scene, rs256, None))
        assert "its algorithm is none of EdDSA Ed25519 ES256 PS256" in caught.value.detail
        await ask(scene, good(scene, key, Algorithm.PS256), request_credentials(scene, ps256, None))

    play(tmp_path, scenario)


def test_an_application_is_held_to_its_algorithms(tmp_path: Path) -> None:
    """Only those that were chosen are taken; Ed25519 is EdDSA by its other name."""

    async def scenario(scene: Scene) -> None:
        client_id = scene.partner.client_id
        elliptic, edwards = await keyed(scene), await keyed(scene, Algorithm.EDDSA, "other")
        await application_settings.change(
            scene.context, client_id, ApplicationChanges(signing_algorithms=SigningAlgorithms.EDDSA)
        )
        assert "its algorithm" in await refused(scene, good(scene, elliptic))
        for name in (Algorithm.EDDSA, Algorithm.ED25519):
            await ask(scene, good(scene, edwards, name))
        await application_settings.change(
            scene.context, client_id, ApplicationChanges(signing_algorithms=SigningAlgorithms(0))
        )
        await ask(scene, good(scene, elliptic))

    play(tmp_path, scenario)


def test_the_server_is_held_to_its_algorithms(tmp_path: Path) -> None:
    """By the setting, for every application, whatever that may otherwise."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene, Algorithm.RS256)
        await ask(scene, good(scene, key, Algorithm.RS256))
        scene.context.signing_algorithms = FAPI2_ALGORITHMS
        assert "its algorithm" in await refused(scene, good(scene, key, Algorithm.RS256))
        await ask(scene, good(scene, key, Algorithm.PS256))

    play(tmp_path, scenario)


def test_what_cannot_be_kept_to_is_not_set(tmp_path: Path) -> None:
    """A set of which nothing is left, a token format, a key: the reason is told, and nothing is done."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        await application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.FAPI2))
        with pytest.raises(OperatorError, match="leaves no algorithm: RS256 is chosen, the profile is fapi2"):
            await application_settings.change(
                context, client_id, ApplicationChanges(signing_algorithms=SigningAlgorithms.RS256)
            )
        with pytest.raises(OperatorError, match="does not allow RS256"):
            await application_settings.change(context, client_id, ApplicationChanges(token_format=TokenFormat.RS256))
        only_rs256 = assertions.jwk(assertions.new_key(Algorithm.RS256), alg="RS256")
        with pytest.raises(OperatorError, match="The key is for RS256"):
            await credentials.add_key(context, client_id, "key", only_rs256)
        await application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.NONE))
        await application_settings.change(context, client_id, ApplicationChanges(token_format=TokenFormat.RS256))
        with pytest.raises(OperatorError, match="RS256"):
            await application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.FAPI2))
        await application_settings.change(context, client_id, ApplicationChanges(token_format=TokenFormat.ES256))
        await application_settings.change(
            context, client_id, ApplicationChanges(signing_algorithms=SigningAlgorithms.RS256)
        )
        with pytest.raises(OperatorError, match="leaves no algorithm"):
            await application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.FAPI2))
        found = await context.store.application(client_id)
        assert found is not None
        options = found.options
        assert (options.security_profile, options.signing_algorithms) == (Profile.NONE, SigningAlgorithms.RS256)

    play(tmp_path, scenario)


def test_an_application_that_is_gone_is_told_so(tmp_path: Path) -> None:
    """Whichever of these is set."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        await applications.delete(context, client_id)
        for operation in (
            application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.FAPI2)),
            application_settings.change(
                context, client_id, ApplicationChanges(signing_algorithms=SigningAlgorithms.RS256)
            ),
            application_settings.change(
                context, client_id, ApplicationChanges(assertion_audience=AssertionAudience.ISSUER)
            ),
        ):
            with pytest.raises(OperatorError, match="no longer exists"):
                await operation

    play(tmp_path, scenario)


def test_it_is_recorded_by_name(tmp_path: Path) -> None:
    """The audit has the profile, the algorithms and the audience as the operator says them."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        algorithms = SigningAlgorithms.ES256 | SigningAlgorithms.PS256
        await application_settings.change(context, client_id, ApplicationChanges(security_profile=Profile.FAPI2))
        await application_settings.change(context, client_id, ApplicationChanges(signing_algorithms=algorithms))
        await application_settings.change(
            context, client_id, ApplicationChanges(assertion_audience=AssertionAudience.ISSUER)
        )
        entries = (await context.store.audit_entries(0, 100))[-3:]
        assert [each.action for each in entries] == ["application.set"] * 3
        told = {name: value for each in entries for name, value in msgspec.json.decode(each.detail).items()}
        assert told == {
            "security_profile": "fapi2",
            "signing_algorithms": "ES256,PS256",
            "assertion_audience": "issuer",
        }

    play(tmp_path, scenario)


UUIDS = (
    "0190b1a2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
    "0190B1A2-7C3D-7E4F-8A5B-6C7D8E9F0A1B",
    "00000000-0000-0000-0000-000000000000",
    "urn:uuid:0190b1a2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
    "{0190b1a2-7c3d-7e4f-8a5b-6c7d8e9f0a1b}",
    "0190b1a27c3d7e4f8a5b6c7d8e9f0a1b",
    "0190B1A27C3D7E4F8A5B6C7D8E9F0A1B",
)


def test_a_client_id_is_no_uuid(tmp_path: Path) -> None:
    """A customer's id cannot become a client's, so that `sub` tells one from the other; one that looks like it can."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("card-1")
        for client_id in (customer, *UUIDS):
            with pytest.raises(OperatorError, match="must not be a UUID"):
                await applications.create(scene.context, "X", 1, client_id=client_id, client_secret="secret")
        assert len(await applications.every(scene.context)) == 1
        for number, client_id in enumerate((f"x{UUIDS[0]}", UUIDS[0][:-1], UUIDS[0].replace("-", "_"), f"{UUIDS[5]}0")):
            await applications.create(scene.context, f"n{number}", 1, client_id=client_id, client_secret="secret")

    play(tmp_path, scenario)
