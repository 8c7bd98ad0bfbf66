"""Clients that prove themselves by a signed assertion, operation by operation, with a clock that is stepped."""

import re
import sys
from pathlib import Path
from types import FrameType

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tessera.app.clients import application_settings, applications, credentials
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.core.clients.applications import AuthenticationMethod
from tessera.core.clients.credentials import SYMMETRIC_ASSERTION, UNKNOWN_CLIENT
from tessera.core.errors import InvalidClient
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, PrivateKey
from tessera.core.presented import NOTHING
from tessera.core.tokens.access_tokens import TokenReply
from tessera.ports import StoreError
from tests.support import asking, assertions, forms
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import FORM, Scene, play


async def keyed(scene: Scene, algorithm: Algorithm = Algorithm.ES256, name: str = "key", **members: str) -> PrivateKey:
    """A key pair whose public half the scene's partner has."""
    key = assertions.new_key(algorithm)
    await credentials.add_key(scene.context, scene.partner.client_id, name, assertions.jwk(key, **members))
    return key


async def ask(scene: Scene, assertion: str, **other: str) -> TokenReply:
    """A token for an assertion. Raises as the operation does."""
    params = forms.form(b"", assertions.form(assertion, **other).encode(), FORM)
    return await asking.issue(scene.context, params, NOTHING)


def good(scene: Scene, key: PrivateKey, algorithm: Algorithm = Algorithm.ES256, /, **other: object) -> str:
    """An assertion of the scene's partner, good but for what is said; `kid` goes into its header."""
    kid = other.pop("kid", None)
    says = assertions.claims(scene.partner.client_id, scene.context.issuer, scene.clock.now() / 1_000_000, **other)
    return assertions.signed(key, says, algorithm, **({} if kid is None else {"kid": kid}))


async def refused(scene: Scene, assertion: str, check: str = "", **other: str) -> str:
    """Why an assertion is not taken, which only the operator is told."""
    with pytest.raises(InvalidClient) as caught:
        await ask(scene, assertion, **other)
    assert caught.value.public == UNKNOWN_CLIENT
    if check:
        assert caught.value.check == check
    return caught.value.detail


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_client_proves_itself_by_its_key(tmp_path: Path, algorithm: Algorithm) -> None:
    """A token is had for an assertion by each algorithm; it is live, and carries the key's credential."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene, algorithm)
        reply = await ask(scene, good(scene, key, algorithm))
        assert await scene.alive(reply)
        named = good(scene, key, algorithm, kid="whatever")
        await ask(scene, named, client_id=scene.partner.client_id)

    play(tmp_path, scenario)


def test_an_assertion_is_used_once(tmp_path: Path) -> None:
    """The second use is refused, also with its signature made anew; another client may use the same name."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        assertion = good(scene, key, jti="once")
        await ask(scene, assertion)
        assert await refused(scene, assertion, "assertion.replay")
        assert await refused(scene, good(scene, key, jti="once"), "assertion.replay")
        await ask(scene, good(scene, key, jti="twice"))

    play(tmp_path, scenario)


BAD_CLAIMS = {
    "another endpoint": {"aud": "http://127.0.0.1:8000/oauth/revoke"},
    "another server": {"aud": "https://other.example"},
    "two audiences": {"aud": ["http://127.0.0.1:8000", "https://other.example"]},
    "a slash": {"aud": "http://127.0.0.1:8000/"},
    "no audience": {"aud": None},
    "no end": {"exp": None},
    "an end that is text": {"exp": "1900000060"},
    "an end that is true": {"exp": True},
    "no name": {"jti": None},
    "an empty name": {"jti": ""},
    "a long name": {"jti": "j" * 256},
    "a name that is a number": {"jti": 7},
    "another issuer": {"iss": "somebody"},
    "another subject": {"sub": "somebody"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "nobody": {"iss": "", "sub": ""},
    "expired": {"exp": 1_900_000_000},
    "long expired": {"exp": -1},
    "far away": {"exp": 1_900_000_000 + 3661},
    "beyond all numbers": {"exp": 1e300},
    "issued in the future": {"iat": 1_900_000_061},
    "not valid yet": {"nbf": 1_900_000_061},
    "issued at a text": {"iat": "now"},
}


@pytest.mark.parametrize("other", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_what_an_assertion_must_say(tmp_path: Path, other: dict[str, object]) -> None:
    """Each claim is held to what the standards say of it; the same assertion is good without the fault."""

    async def scenario(scene: Scene) -> None:
        assert scene.context.issuer == "http://127.0.0.1:8000"
        key = await keyed(scene)
        assert await refused(scene, good(scene, key, **other))
        await ask(scene, good(scene, key))

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "other",
    [
        {"iat": 1_900_000_010},
        {"nbf": 1_900_000_010},
        {"exp": 1_900_003_600},
        {"iat": None},
        {"aud": "http://127.0.0.1:8000/oauth/token"},
        {"aud": ["http://127.0.0.1:8000"]},
    ],
)
def test_what_an_assertion_may_say(tmp_path: Path, other: dict[str, object]) -> None:
    """Ten seconds of a fast clock, an hour of life, the endpoint as audience, and no moment of issue are fine."""

    async def scenario(scene: Scene) -> None:
        await ask(scene, good(scene, await keyed(scene), **other))

    play(tmp_path, scenario)


def test_an_assertion_is_dead_at_its_end_and_remembered_until_then(tmp_path: Path) -> None:
    """One that is not used lives to its end; one that was used is not taken again by a clock that went back."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        used, unused = good(scene, key), good(scene, key)
        scene.clock.at += 59_999_999
        await ask(scene, used)
        scene.clock.at += 1
        assert "expired" in await refused(scene, unused)
        await scene.purge()
        scene.clock.step(-30)
        assert await refused(scene, used, "assertion.replay")

    play(tmp_path, scenario)


def test_only_live_keys_of_the_client_itself_prove_it(tmp_path: Path) -> None:
    """Another client's key, an ended one, and one of another algorithm prove nothing; each key ends by itself."""

    async def scenario(scene: Scene) -> None:
        context, own = scene.context, scene.partner.client_id
        other = await applications.create(context, "other", 1)
        foreign = assertions.new_key()
        await credentials.add_key(context, other.client_id, "key", assertions.jwk(foreign))
        assert await refused(scene, good(scene, foreign))
        key = await keyed(scene, name="one")
        second = await keyed(scene, Algorithm.EDDSA, "second", kid="two")
        await applications.expire_secret(context, own, "one")
        assert await refused(scene, good(scene, key))
        assert await refused(scene, good(scene, second, Algorithm.EDDSA, kid="three"))
        await ask(scene, good(scene, second, Algorithm.EDDSA, kid="two"))

    play(tmp_path, scenario)


def test_a_key_for_one_algorithm_is_for_that_one(tmp_path: Path) -> None:
    """An RSA key that was given for PS256 takes no RS256."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene, Algorithm.PS256, alg="PS256")
        assert await refused(scene, good(scene, key, Algorithm.RS256))
        await ask(scene, good(scene, key, Algorithm.PS256))

    play(tmp_path, scenario)


def test_a_disabled_client_and_an_unknown_one_are_refused_alike(tmp_path: Path) -> None:
    """Whatever the client is, the caller reads one text; the operator reads why."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        nobody = assertions.claims("nobody", scene.context.issuer, scene.clock.now() / 1_000_000)
        assert await refused(scene, assertions.signed(key, nobody)) == "unknown client"
        await applications.disable(scene.context, scene.partner.client_id)
        assert await refused(scene, good(scene, key)) == "the client or its organization is disabled"

    play(tmp_path, scenario)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_every_refusal_checks_a_signature(tmp_path: Path, algorithm: Algorithm) -> None:
    """An unknown client, a wrong key, an expired assertion: one check of a signature each, so time tells nothing."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene, algorithm)
        says = assertions.claims("nobody", scene.context.issuer, scene.clock.now() / 1_000_000)
        texts = [
            assertions.signed(key, says, algorithm),
            good(scene, assertions.new_key(algorithm), algorithm),
            good(scene, key, algorithm, exp=1),
            good(scene, key, algorithm, kid="x", aud="y"),
        ]
        checks = 0

        def watch(frame: FrameType, event: str, _argument: object) -> None:
            nonlocal checks
            checks += event == "call" and frame.f_code is jws.verify.__code__

        for text in texts:
            before = checks
            sys.setprofile(watch)
            try:
                await refused(scene, text)
            finally:
                sys.setprofile(None)
            assert checks == before + 1

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", list(Fault))
def test_without_the_store_no_assertion_is_taken(tmp_path: Path, fault: Fault) -> None:
    """An assertion that cannot be looked up gets no token: the store's error goes up, and becomes a 503."""

    async def scenario(scene: Scene) -> None:
        key = await keyed(scene)
        await ask(scene, good(scene, key))
        faulty = FaultyStore(scene.context.store)
        scene.context.store = faulty.as_store()
        faulty.faults.append(fault)
        with pytest.raises(StoreError):
            await ask(scene, good(scene, key))

    play(tmp_path, scenario)


def test_ways_are_switched_off(tmp_path: Path) -> None:
    """A client whose secret is switched off has tokens by its key only, and the other way round; 0 is any way."""

    async def scenario(scene: Scene) -> None:
        context, own = scene.context, scene.partner.client_id
        key = await keyed(scene)
        for methods, by_secret, by_key in ((1, True, False), (2, False, True), (4, False, False), (0, True, True)):
            await application_settings.change(
                context, own, ApplicationChanges(authentication_methods=AuthenticationMethod(methods))
            )
            if by_secret:
                await scene.token()
            else:
                with pytest.raises(InvalidClient, match=re.escape(UNKNOWN_CLIENT)):
                    await scene.token()
            if by_key:
                await ask(scene, good(scene, key))
            else:
                assert await refused(scene, good(scene, key), "client.method")

    play(tmp_path, scenario)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_secret_signs_nothing(tmp_path: Path, algorithm: str) -> None:
    """client_secret_jwt is refused with the reason, the same for a client that exists and one that does not."""

    async def scenario(scene: Scene) -> None:
        texts = set()
        for client_id in (scene.partner.client_id, "nobody"):
            says = assertions.claims(client_id, scene.context.issuer, scene.clock.now() / 1_000_000)
            with pytest.raises(InvalidClient) as caught:
                await ask(scene, assertions.with_secret(scene.partner.client_secret or "", says, algorithm))
            texts.add(caught.value.public)
        assert texts == {SYMMETRIC_ASSERTION}

    play(tmp_path, scenario)


BAD_KEYS = {
    "no JSON": b"key",
    "a list": b"[]",
    "nothing": b"{}",
    "a secret": b'{"kty":"oct","k":"AA"}',
    "for encryption": assertions.jwk(assertions.new_key(), use="enc"),
    "another algorithm": assertions.jwk(assertions.new_key(), alg="RS256"),
    "another curve": b'{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}',
    "no point": assertions.jwk(assertions.new_key(), y="AA"),
    "a weak key": assertions.jwk(rsa.generate_private_key(65537, 1024)),  # weak on purpose
    "a private key": assertions.jwk(assertions.new_key(), d="AA"),
}


@pytest.mark.parametrize("jwk", BAD_KEYS.values(), ids=BAD_KEYS)
def test_keys_that_cannot_be_used_are_not_added(tmp_path: Path, jwk: bytes) -> None:
    """A private, secret, weak or unknown key is refused with a sentence, and nothing is written."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError, match="The key cannot be used"):
            await credentials.add_key(scene.context, scene.partner.client_id, "key", jwk)
        assert [each.name for each in await scene.context.store.secrets(scene.partner.client_id)] == ["first"]

    play(tmp_path, scenario)


def test_keys_come_as_pem_too(tmp_path: Path) -> None:
    """The public half in PEM is the same key; a private half, another curve and other texts are refused."""

    async def scenario(scene: Scene) -> None:
        own = scene.partner.client_id
        for place, algorithm in enumerate((Algorithm.ES256, Algorithm.EDDSA, Algorithm.RS256)):
            key = assertions.new_key(algorithm)
            thumbprint = await credentials.add_pem_key(scene.context, own, f"pem-{place}", assertions.pem(key))
            assert thumbprint == jws.encode(public_keys.thumbprint(key.public_key()))
            await ask(scene, good(scene, key, algorithm))
        for text in (assertions.private_pem(key), assertions.pem(ec.generate_private_key(ec.SECP384R1())), b"", b"x"):
            with pytest.raises(OperatorError, match="The key cannot be used"):
                await credentials.add_pem_key(scene.context, own, "no", text)

    play(tmp_path, scenario)


def test_a_key_ends_while_it_is_in_memory(tmp_path: Path) -> None:
    """A key with an end proves its client to the last microsecond before it, and no later."""

    async def scenario(scene: Scene) -> None:
        key, end = assertions.new_key(), scene.clock.now() + 1_000_000
        public = assertions.jwk(key)
        await credentials.add_key(scene.context, scene.partner.client_id, "key", public, ends_at=end)
        scene.clock.at = end - 1
        await ask(scene, good(scene, key))
        scene.clock.at = end
        assert await refused(scene, good(scene, key))

    play(tmp_path, scenario)
