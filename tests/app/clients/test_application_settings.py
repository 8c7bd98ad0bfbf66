"""Changing an application: every attribute, all in one commit, and tokens from before only when that is asked for."""

from pathlib import Path

import pytest

from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.app.tokens import verification
from tessera.core.clients.applications import AuthenticationMethod, QueryCredentials, TokenBinding, TokenFormat
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms
from tessera.ports import Search
from tests.support.scene import Scene, play

EVERYTHING = ApplicationChanges(
    name="Partner of 2030",
    scope="loyalty:read profiles:read",
    token_lifetime_seconds=900,
    query_credentials=QueryCredentials.DENY,
    token_format=TokenFormat.ES256,
    token_binding=TokenBinding.DPOP,
    token_reuse=True,
    authentication_methods=AuthenticationMethod.CLIENT_SECRET,
    security_profile=Profile.FAPI2,
    signing_algorithms=SigningAlgorithms.ES256,
    assertion_audience=AssertionAudience.ISSUER,
)


async def scopes_of(scene: Scene, token: str) -> tuple[str, ...] | None:
    """The scopes of a live token; None for one that is not."""
    found = await verification.check(scene.context, token)
    return None if found is None else found[0].scopes


def test_every_attribute_can_be_changed_at_once(tmp_path: Path) -> None:
    """The application has all that was asked for, each is an entry of the audit, and its number and id stay."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        before = await applications.find(context, client_id)
        record = await application_settings.change(context, client_id, EVERYTHING)
        assert (record.number, record.client_id) == (before.number, client_id)
        assert (record.name, record.scope) == ("Partner of 2030", "profiles:read loyalty:read")
        assert (record.token_lifetime_seconds, record.token_reuse) == (900, True)
        assert (record.query_credentials, record.token_format, record.token_binding) == ("deny", "es256", "dpop")
        assert (record.authentication_methods, record.security_profile) == ("secret", "fapi2")
        assert (record.signing_algorithms, record.assertion_audience) == ("ES256", "issuer")
        entries = await context.store.audit_entries_before(2**62, 100, Search(action="application.set"))
        assert len(entries) == 11
        assert {entry.target for entry in entries} == {client_id}
        assert await applications.find(context, "Partner of 2030") == record

    play(tmp_path, scenario)


def test_a_scope_that_is_named_twice_is_stored_once(tmp_path: Path) -> None:
    """When an application is created and when it is changed."""

    async def scenario(scene: Scene) -> None:
        made = await applications.create(scene.context, "Twice", 1, scope="openid openid profiles:read")
        record = await applications.find(scene.context, made.client_id)
        assert record.scope == "openid profiles:read"
        twice = ApplicationChanges(scope="loyalty:read profiles:read  loyalty:read")
        changed = await application_settings.change(scene.context, made.client_id, twice)
        assert changed.scope == "profiles:read loyalty:read"

    play(tmp_path, scenario)


@pytest.mark.parametrize("form", [TokenFormat.OPAQUE, TokenFormat.EDDSA])
def test_tokens_from_before_keep_what_they_say_unless_cut_off(tmp_path: Path, form: TokenFormat) -> None:
    """Narrowed scopes and another lifetime are those of new tokens; `cut_off` ends the others in the same step."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        await application_settings.change(context, client_id, ApplicationChanges(token_format=form))
        first = await scene.token()
        narrowed = ApplicationChanges(scope="profiles:read", token_lifetime_seconds=60)
        await application_settings.change(context, client_id, narrowed)
        second = await scene.token()
        assert await scopes_of(scene, first.access_token) == ("openid",)
        assert await scopes_of(scene, second.access_token) == ("profiles:read",)
        assert 59 <= second.expires_in <= 60
        await application_settings.change(context, client_id, ApplicationChanges(scope="loyalty:read", cut_off=True))
        assert await scopes_of(scene, first.access_token) is None
        assert await scopes_of(scene, second.access_token) is None
        scene.clock.step(1)
        assert await scopes_of(scene, (await scene.token()).access_token) == ("loyalty:read",)
        await application_settings.change(context, client_id, ApplicationChanges(scope=""))
        assert (await applications.find(context, client_id)).scope == ""

    play(tmp_path, scenario)


def test_a_token_of_before_is_not_handed_out_again(tmp_path: Path) -> None:
    """An application whose tokens are reused gets a new one, with its new scopes, from the change on."""

    async def scenario(scene: Scene) -> None:
        client_id = scene.partner.client_id
        await application_settings.change(scene.context, client_id, ApplicationChanges(token_reuse=True))
        first = await scene.token()
        assert (await scene.token()).access_token == first.access_token
        await application_settings.change(scene.context, client_id, ApplicationChanges(scope="profiles:read"))
        again = await scene.token()
        assert await scopes_of(scene, again.access_token) == ("profiles:read",)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (ApplicationChanges(name="taken"), "Another application has this name"),
        (ApplicationChanges(name=""), "The name must be"),
        (ApplicationChanges(name="a\x1b[31m"), "The name must be"),
        (ApplicationChanges(name="x" * 256), "The name must be"),
        (ApplicationChanges(scope="profile:read"), "no scope profile:read. Did you mean profiles:read?"),
        (ApplicationChanges(scope="openid OPENID"), "no scope OPENID"),
        (ApplicationChanges(scope="a\\b"), "malformed"),
        (ApplicationChanges(scope="x" * 1001), "longer than"),
        (ApplicationChanges(token_lifetime_seconds=0), "must be 1 to"),
        (ApplicationChanges(token_lifetime_seconds=2**40), "must be 1 to"),
        (
            ApplicationChanges(security_profile=Profile.FAPI2, signing_algorithms=SigningAlgorithms.RS256),
            "leaves no algorithm",
        ),
        (ApplicationChanges(security_profile=Profile.FAPI2, token_format=TokenFormat.RS256), "does not allow RS256"),
    ],
)
def test_a_change_that_cannot_be_is_refused_whole(tmp_path: Path, wanted: ApplicationChanges, sentence: str) -> None:
    """Nothing else of the same call is changed, and no token is cut off."""

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        await applications.create(context, "taken", 1)
        token = await scene.token()
        before = await applications.find(context, client_id)
        whole = type(wanted)(
            **{
                **{name: getattr(wanted, name) for name in wanted.__struct_fields__},
                "token_reuse": True,
                "cut_off": True,
            }
        )
        with pytest.raises(OperatorError, match=sentence.replace("?", r"\?")):
            await application_settings.change(context, client_id, whole)
        assert await applications.find(context, client_id) == before
        assert await scene.alive(token)

    play(tmp_path, scenario)


def test_scopes_of_another_time_stay(tmp_path: Path) -> None:
    """An application that has a scope which the platform does not know keeps it when its scopes are set."""
    from tessera.core.changes import SetScope

    async def scenario(scene: Scene) -> None:
        context, client_id = scene.context, scene.partner.client_id
        await context.commit(SetScope(client_id, "openid legacy"))
        record = await application_settings.change(context, client_id, ApplicationChanges(scope="profiles:read legacy"))
        assert record.scope == "profiles:read legacy"
        with pytest.raises(OperatorError, match="no scope other"):
            await application_settings.change(context, client_id, ApplicationChanges(scope="legacy other"))

    play(tmp_path, scenario)


def test_an_unknown_application_is_not_changed(tmp_path: Path) -> None:
    """One that was deleted meanwhile is named as gone."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError, match="no longer exists"):
            await application_settings.change(scene.context, "nobody", EVERYTHING)

    play(tmp_path, scenario)
