"""Access tokens as JWTs: issued in the form that an application asks for, and as good as sealed ones."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.tokens import formats, inspection, revocation, verification
from tessera.core.clients.applications import TokenBinding, TokenFormat
from tessera.core.keys import jws
from tessera.core.tokens import jwt_access_tokens
from tessera.core.tokens.access_tokens import Claims, TokenReply
from tessera.core.tokens.jwt_access_tokens import FORMATS, Reference, Said
from tests.support.scene import Scene, play

UUID_OF_SOMEBODY = "01234567-89ab-7def-8123-456789abcdef"
SIGNED = [TokenFormat.EDDSA, TokenFormat.ES256, TokenFormat.RS256]

FORTNIGHT = 14 * 86_400


async def signed(scene: Scene, form: TokenFormat = TokenFormat.EDDSA) -> TokenReply:
    """A token of the scene's application, which has this form from now on."""
    await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_format=form))
    return await scene.token()


@pytest.mark.parametrize("form", SIGNED)
def test_a_signed_token_says_what_it_should(tmp_path: Path, form: TokenFormat) -> None:
    """A JWT names its kind, its key and its algorithm, and has the claims of RFC 9068 section 2.2."""

    async def scenario(scene: Scene) -> None:
        scene.clock.at += 123_456
        reply = await signed(scene, form)
        text = jws.split(reply.access_token)
        key = scene.context.directory.signing.signing(FORMATS[form], scene.clock.now())
        assert text.header == jws.Header(FORMATS[form].value, kid=key.key_id, typ="at+jwt")
        said = msgspec.json.decode(text.payload)
        now = scene.clock.now() // 1_000_000
        assert said == {
            "iss": "http://127.0.0.1:8000",
            "aud": "http://127.0.0.1:8000",
            "sub": scene.partner.client_id,
            "client_id": scene.partner.client_id,
            "iat": now,
            "exp": now + FORTNIGHT,
            "jti": said["jti"],
            "scope": "openid",
            "ref": f"1.1.0.{scene.clock.now() % 1_000_000}",
        }
        assert len(said["jti"]) == 16
        assert (reply.created_at, reply.expires_in, reply.token_type) == (now, FORTNIGHT - 1, "bearer")

    play(tmp_path, scenario)


@pytest.mark.parametrize("form", SIGNED)
def test_a_signed_token_lives_its_life(tmp_path: Path, form: TokenFormat) -> None:
    """A JWT is live to its last microsecond and dead at the next, whether it is remembered or not."""

    async def scenario(scene: Scene) -> None:
        reply = await signed(scene, form)
        first = await verification.check(scene.context, reply.access_token)
        again = await verification.check(scene.context, reply.access_token)
        assert first is not None
        assert again is not None
        assert again[0] is first[0]
        scene.clock.at += FORTNIGHT * 1_000_000 - 1
        assert await scene.alive(reply)
        scene.clock.at += 1
        assert not await scene.alive(reply)

    play(tmp_path, scenario)


def test_a_signed_token_is_revoked_like_any_other(tmp_path: Path) -> None:
    """A revoked JWT is dead here, remembered or not, and so is one whose application is stopped."""

    async def scenario(scene: Scene) -> None:
        one, two = await signed(scene), await scene.token()
        assert [await scene.alive(one), await scene.alive(two)] == [True, True]
        claims = await revocation.revoke(scene.context, one.access_token)
        assert claims is not None
        assert [await scene.alive(one), await scene.alive(two)] == [False, True]
        scene.clock.step(1)
        await applications.disable(scene.context, scene.partner.client_id)
        assert not await scene.alive(two)
        await applications.enable(scene.context, scene.partner.client_id)
        assert [await scene.alive(one), await scene.alive(two)] == [False, False]
        assert await scene.alive(await scene.token())

    play(tmp_path, scenario)


def test_a_cut_off_within_a_second_is_exact(tmp_path: Path) -> None:
    """Of the tokens of one second those from before a cut-off are dead and those from after it live."""

    async def scenario(scene: Scene) -> None:
        scene.clock.at += 300_000
        before = await signed(scene)
        scene.clock.at += 100_000
        await applications.disable(scene.context, scene.partner.client_id)
        scene.clock.at += 100_000
        await applications.enable(scene.context, scene.partner.client_id)
        scene.clock.at += 100_000
        after = await scene.token()
        assert before.created_at == after.created_at
        assert [await scene.alive(before), await scene.alive(after)] == [False, True]

    play(tmp_path, scenario)


def test_a_token_of_a_deleted_application_is_nobody_s(tmp_path: Path) -> None:
    """A JWT of a deleted application is dead, also when another is made under its client id."""

    async def scenario(scene: Scene) -> None:
        made = await applications.create(
            scene.context,
            "moved",
            1,
            client_id="old-id",
            client_secret="ab" * 32,
            options=ApplicationChanges(token_format=TokenFormat.ES256),
        )
        old = await scene.token(made, "ab" * 32)
        assert await scene.alive(old)
        scene.clock.step(1)
        await applications.delete(scene.context, "old-id")
        assert not await scene.alive(old)
        scene.clock.step(1)
        again = await applications.create(scene.context, "moved", 1, client_id="old-id", client_secret="ab" * 32)
        assert not await scene.alive(old)
        scene.context.directory.signing.remembered.clear()
        assert not await scene.alive(old)
        assert await scene.alive(await scene.token(again, "ab" * 32))

    play(tmp_path, scenario)


@pytest.mark.parametrize(("binding", "name"), [(TokenBinding.DPOP, "jkt"), (TokenBinding.TLS, "x5t#S256")])
def test_a_bound_token_says_to_what(tmp_path: Path, binding: TokenBinding, name: str) -> None:
    """What a JWT is bound to stands in `cnf`, and is read back."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=TokenFormat.EDDSA)
        )
        application = await scene.context.directory.applications.with_client_id(scene.partner.client_id)
        assert application is not None
        thumbprint = bytes(range(32))
        claims = Claims(application.number, 1, 7, scene.clock.now(), 60, ("openid",), 0, binding, thumbprint)
        token = formats.write(scene.context, claims, application)
        assert msgspec.json.decode(jws.split(token).payload)["cnf"] == {name: jws.encode(thumbprint)}
        assert await formats.read(scene.context, token, scene.clock.now()) == claims

    play(tmp_path, scenario)


def test_what_was_issued_in_one_form_stays_good_in_another(tmp_path: Path) -> None:
    """Changing the form of an application's tokens changes nothing about those that are out."""

    async def scenario(scene: Scene) -> None:
        replies = [await scene.token()] + [await signed(scene, form) for form in SIGNED]
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_format=TokenFormat.OPAQUE)
        )
        assert [await scene.alive(each) for each in replies] == [True] * 4
        assert "." not in (await scene.token()).access_token

    play(tmp_path, scenario)


def test_an_operator_is_told_of_a_signed_token(tmp_path: Path) -> None:
    """A JWT is inspected like any other, whichever issuer the operator's command runs under."""

    async def scenario(scene: Scene) -> None:
        reply = await signed(scene)
        scene.context.issuer = "http://127.0.0.1:1"
        found = await inspection.inspect(scene.context, reply.access_token)
        assert (found.live, found.name, found.scope) == (True, "partner", "openid")
        assert not await scene.alive(reply)

    play(tmp_path, scenario)


def test_ref_says_the_generation_once_there_is_one(tmp_path: Path) -> None:
    """In generation 0 it has four numbers, which older versions of Tessera read as well; then it has a fifth."""

    async def scenario(scene: Scene) -> None:
        first = await signed(scene)
        await applications.revoke_tokens(scene.context, scene.partner.client_id)
        second = await scene.token()
        refs = [msgspec.json.decode(jws.split(each.access_token).payload)["ref"].split(".") for each in (first, second)]
        known = await scene.context.store.application(scene.partner.client_id)
        assert known is not None
        assert [len(each) for each in refs] == [4, 5]
        assert int(refs[1][4]) == known.generation > 0
        for reply, generation in ((first, 0), (second, known.generation)):
            claims = await formats.read(scene.context, reply.access_token, scene.clock.now())
            assert claims is not None
            assert claims.generation == generation

    play(tmp_path, scenario)


_NUMBER = st.integers(0, 2**32 - 1)
_GRANT = st.one_of(st.just(0), st.integers(0, 2**63 - 1))


@given(st.builds(Reference, _NUMBER, _NUMBER, _NUMBER, st.integers(0, 999_999), _NUMBER, _GRANT))
def test_what_ref_says_is_read_back(reference: Reference) -> None:
    """Every reference that we make has one spelling, and it is read as what it was."""
    assert jwt_access_tokens.reference(said(str(reference))) == reference


@pytest.mark.parametrize(
    "text",
    ["", "1.1.0", "1.1.0.0.0", "1.1.0.0.00", "1.1.0.0.01", "1.1.0.0.-1", "1.1.0.0.4294967296", "1.1.0.0.1.0",
     "1.1.0.0.0.0", "1.1.0.0.1.-1", "1.1.0.0.1.01", "1.1.0.0.1.9223372036854775808", "1.1.0.0.1.1.1",
     "1.1.0.0.", "1.1.0.0. 1", "1.1.0.0.1_0", "1.1.0.0.+1", "1.1.0.0.x", "1.1.0.0.\u0661", "1.1.0.0." + "9" * 5000],
)  # fmt: skip
def test_a_ref_of_another_spelling_is_none_of_ours(text: str) -> None:
    """One token cannot be written in two ways."""
    assert jwt_access_tokens.reference(said(text)) is None


def said(ref: str, sub: str = "client") -> Said:
    """The claims of a token with this `ref`."""
    return Said("issuer", "aud", sub, "client", 0, 60, "0" * 16, "openid", ref)


@pytest.mark.parametrize(
    "sub", ["", "other", "01234567-89AB-7DEF-8123-456789ABCDEF", "0123456789ab7def8123456789abcdef"]
)
def test_a_subject_of_another_spelling_is_none_of_ours(sub: str) -> None:
    """`sub` is the client id, or a UUID as we write it."""
    reference = Reference(1, 1, 0, 0)

    assert jwt_access_tokens.claims(said(str(reference), sub), reference) is None


@pytest.mark.parametrize(("sub", "subject"), [("client", ""), (UUID_OF_SOMEBODY, UUID_OF_SOMEBODY)])
def test_a_subject_is_anybody_but_the_client(sub: str, subject: str) -> None:
    """Where `sub` is the client id the token is about nobody else."""
    reference = Reference(1, 1, 0, 0, 0, 5)
    claims = jwt_access_tokens.claims(said(str(reference), sub), reference)

    assert claims is not None
    assert (claims.subject, claims.grant) == (subject, 5)


def test_the_token_id_is_the_one_that_is_revoked() -> None:
    """`jti` is sixteen hexadecimal characters of the token's number."""
    assert jwt_access_tokens.token_id(10) == "000000000000000a"
