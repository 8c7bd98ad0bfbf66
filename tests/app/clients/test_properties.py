"""Digital properties: who may call with an API key and secret, until when, from where; and what an operator changes."""

from pathlib import Path
from typing import Any, cast

import pytest

from tessera.app import callers
from tessera.app.clients import limit_settings, properties, property_secrets
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.clients.property_authentication import FAILED
from tessera.app.management.housekeeping import write_usage
from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations
from tessera.core.changes import SetPropertyLimits
from tessera.core.clients.properties import Property, PropertyRecord
from tessera.core.errors import InvalidAPIKey, InvalidAuthToken, Refusal, TooManyRequests
from tessera.core.presented import RequestCredentials
from tessera.ports import Store
from tests.support.raw import basic
from tests.support.scene import Scene, play

OFFICE = "192.0.2.7"
DAY_SECONDS = 86_400


def shown(api_key: str, secret: str, source: str = OFFICE) -> RequestCredentials:
    """A call by HTTP Basic from an address."""
    return RequestCredentials(basic(api_key, secret)[1].encode(), source)


async def calls(scene: Scene, secret: str | None = None, source: str = OFFICE) -> callers.Caller:
    """Who calls with a secret of the scene's property, its first one when None."""
    return await callers.identify(
        scene.context, shown(scene.shop.api_key, secret or scene.shop.property_secret, source)
    )


async def refused(scene: Scene, secret: str | None = None, source: str = OFFICE) -> Refusal:
    """How a call with a secret is refused."""
    with pytest.raises((InvalidAuthToken, TooManyRequests)) as refusal:
        await calls(scene, secret, source)
    found: Refusal = refusal.value
    return found


async def shop(scene: Scene) -> PropertyRecord:
    """The scene's property as its operator sees it."""
    return await properties.find(scene.context, scene.shop.api_key)


async def secrets(scene: Scene) -> dict[str, tuple[int | None, int | None, str | None]]:
    """Of each secret its end, and when and from where it was last used."""
    await write_usage(scene.context)
    found = await scene.context.store.property_secrets(scene.shop.api_key)
    return {each.name: (each.ends_at, each.last_used_at, each.last_used_from) for each in found}


def test_several_secrets_are_live_until_their_ends(tmp_path: Path) -> None:
    """Each secret is taken until its end, and the others go on; an expired one is refused at once."""

    async def scenario(scene: Scene) -> None:
        key = scene.shop.api_key
        brief = await property_secrets.add(scene.context, key, "brief", ends_at=scene.clock.now() + 60_000_000)
        next_one = await property_secrets.add(scene.context, key, None)
        assert next_one.secret_name == "secret-3"
        for secret in (scene.shop.property_secret, brief.property_secret, next_one.property_secret):
            assert (await calls(scene, secret)).api_key == key
        scene.clock.step(61)
        assert (await refused(scene, brief.property_secret)).check == "caller.ended"
        await property_secrets.expire(scene.context, key, "first")
        assert (await refused(scene)).check == "caller.ended"
        await calls(scene, next_one.property_secret)

    play(tmp_path, scenario)


def test_the_last_use_is_kept(tmp_path: Path) -> None:
    """Of each secret it is kept when and from where it was last used; a failure is no use."""

    async def scenario(scene: Scene) -> None:
        await property_secrets.add(scene.context, scene.shop.api_key, "next")
        await refused(scene, "wrong")
        await calls(scene, source="192.0.2.1")
        await calls(scene)
        used_at = scene.clock.now()
        scene.clock.step(5)
        assert await secrets(scene) == {"first": (None, used_at, OFFICE), "next": (None, None, None)}
        assert (await shop(scene)).last_used_at == used_at

    play(tmp_path, scenario)


def test_a_rotation_moves_over_without_an_outage(tmp_path: Path) -> None:
    """Both secrets work in the overlap; finishing waits until the old one is not used any more."""

    async def scenario(scene: Scene) -> None:
        await calls(scene)
        await secrets(scene)
        made = await property_secrets.rotate(scene.context, await shop(scene), 7 * DAY_SECONDS, None)
        assert [each.name for each in made.former] == ["first"]
        await calls(scene)
        await calls(scene, made.property_secret)
        with pytest.raises(OperatorError, match=r"first was last used at .* for a day\.") as kept:
            await property_secrets.finish(scene.context, await shop(scene), force=False)
        assert kept.value.code == "property_secret_in_use"
        await secrets(scene)
        scene.clock.step(DAY_SECONDS + 1)
        ended = await property_secrets.finish(scene.context, await shop(scene), force=False)
        assert [each.name for each in ended] == ["first"]
        assert (await refused(scene)).check == "caller.ended"
        await calls(scene, made.property_secret)
        with pytest.raises(OperatorError, match="no old secret to end"):
            await property_secrets.finish(scene.context, await shop(scene), force=True)

    play(tmp_path, scenario)


def test_a_rotation_ends_by_itself(tmp_path: Path) -> None:
    """The old secret works to the end of the overlap and no longer."""

    async def scenario(scene: Scene) -> None:
        made = await property_secrets.rotate(scene.context, await shop(scene), 60, "2030")
        scene.clock.step(50)
        await calls(scene)
        scene.clock.step(11)
        assert (await refused(scene)).check == "caller.ended"
        await calls(scene, made.property_secret)

    play(tmp_path, scenario)


def test_a_disabled_property_is_refused_everywhere(tmp_path: Path) -> None:
    """Its secrets are refused, and its API key in the path also with a token; enabled again, all of it works."""

    async def scenario(scene: Scene) -> None:
        by_token = RequestCredentials(f"Bearer {(await scene.token()).access_token}".encode())
        caller = await callers.identify(scene.context, by_token)
        await properties.disable(scene.context, await shop(scene))
        refusal = await refused(scene)
        assert (refusal.check, refusal.client) == ("caller.disabled", scene.shop.api_key)
        with pytest.raises(InvalidAPIKey) as in_path:
            await callers.own_api_key(scene.context, caller, scene.shop.api_key)
        assert in_path.value.check == "address.disabled"
        with pytest.raises(OperatorError, match="already disabled"):
            await properties.disable(scene.context, await shop(scene))
        await properties.enable(scene.context, await shop(scene))
        await calls(scene)
        await callers.own_api_key(scene.context, caller, scene.shop.api_key)

    play(tmp_path, scenario)


def test_a_deleted_property_is_unknown(tmp_path: Path) -> None:
    """Its key and secret are those of nobody, and its name and key may be given again, to another property."""

    async def scenario(scene: Scene) -> None:
        await calls(scene)
        await properties.delete(scene.context, await shop(scene))
        assert (await refused(scene)).check == "caller.api_key"
        organization = await organizations.find(scene.context, None)
        await properties.create(scene.context, organization, "shop", api_key=scene.shop.api_key)
        assert (await refused(scene)).check == "caller.property"

    play(tmp_path, scenario)


def test_a_renamed_property_keeps_its_key(tmp_path: Path) -> None:
    """A property gets another name, and not one that its organization has given already."""

    async def scenario(scene: Scene) -> None:
        await properties.create(scene.context, await organizations.find(scene.context, None), "app")
        await properties.rename(scene.context, await shop(scene), "Online shop")
        assert (await properties.find(scene.context, "Online shop")).api_key == scene.shop.api_key
        await calls(scene)
        with pytest.raises(OperatorError, match="has this name"):
            await properties.rename(scene.context, await shop(scene), "app")
        with pytest.raises(OperatorError, match="printable ASCII"):
            await properties.rename(scene.context, await shop(scene), "bell\a")

    play(tmp_path, scenario)


def test_a_name_of_two_organizations_needs_one(tmp_path: Path) -> None:
    """Where two organizations have a property of one name, the operator has to say whose is meant."""

    async def scenario(scene: Scene) -> None:
        other = await organizations.create(scene.context, "Other")
        theirs = await properties.create(scene.context, other, "shop")
        with pytest.raises(OperatorError, match=r"named shop: Org, Other\."):
            await properties.find(scene.context, "shop")
        assert (await properties.find(scene.context, "shop", "Other")).api_key == theirs.api_key

    play(tmp_path, scenario)


IMPORTED = {"api_key": "3b9f6c0e51-Aa_", "secret": "S2s/" + "x7+=" * 9}


def test_a_property_moves_in_with_its_key_and_secret(tmp_path: Path) -> None:
    """A property of another system keeps its API key and secret, which is not shown again."""

    async def scenario(scene: Scene) -> None:
        organization = await organizations.find(scene.context, None)
        made = await properties.create(scene.context, organization, "moved", **IMPORTED)
        assert made.property_secret == ""
        caller = await callers.identify(scene.context, shown(IMPORTED["api_key"], IMPORTED["secret"]))
        assert caller.api_key == IMPORTED["api_key"]
        with pytest.raises(OperatorError, match="another property has this API key"):
            await properties.create(scene.context, organization, "again", **IMPORTED)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"api_key": "short"}, "An API key must be 8 to 64"),
        ({"api_key": "a" * 65}, "An API key must be 8 to 64"),
        ({"api_key": "a/b/c/d/e"}, "An API key must be 8 to 64"),
        ({"api_key": "colon:colon"}, "An API key must be 8 to 64"),
        ({"api_key": "newline-\n"}, "An API key must be 8 to 64"),
        ({"api_key": ""}, "An API key must be 8 to 64"),
        ({"secret": ""}, "must be 32 to 255"),
        ({"secret": "x" * 31}, "must be 32 to 255"),
        ({"secret": "x" * 256}, "must be 32 to 255"),
        ({"secret": "correct horse battery staple and more"}, "must be 32 to 255"),
        ({"secret": "é" * 40}, "must be 32 to 255"),
        ({"secret": "x" * 40 + "\n"}, "must be 32 to 255"),
    ],
)
def test_what_cannot_be_a_key_or_secret_is_told(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    """What is no API key or no random secret is refused, and nothing is written."""

    async def scenario(scene: Scene) -> None:
        organization = await organizations.find(scene.context, None)
        with pytest.raises(OperatorError, match=sentence):
            await properties.create(scene.context, organization, "moved", **given)
        assert [each.name for each in await properties.every(scene.context)] == ["shop"]

    play(tmp_path, scenario)


async def limit(scene: Scene, **wanted: Any) -> limit_settings.LimitsReport:
    """Set limits of the scene's property."""
    return await limit_settings.change_property(scene.context, await shop(scene), LimitChanges(**wanted))


def test_networks_hold_for_a_property(tmp_path: Path) -> None:
    """From elsewhere the right secret is refused as a wrong one is; report_only, it is only counted."""

    async def scenario(scene: Scene) -> None:
        await limit(scene, networks=("192.0.2.0/24",))
        await calls(scene)
        outside = await refused(scene, source="198.51.100.1")
        assert (outside.check, outside.public) == ("limits.networks", FAILED)
        assert (await refused(scene, source="")).check == "limits.networks"
        now = await limit(scene, report_only=("networks",))
        assert now.would_refuse_day == 0
        await calls(scene, source="198.51.100.1")
        assert (await limit_settings.show_property(scene.context, await shop(scene))).would_refuse_day == 1

    play(tmp_path, scenario)


def test_a_pace_holds_for_a_property(tmp_path: Path) -> None:
    """As many calls as a second may have pass at once, and the caller is told; an application's pace is another."""

    async def scenario(scene: Scene) -> None:
        await limit(scene, requests_per_second=3)
        await limit_settings.change(scene.context, "partner", LimitChanges(requests_per_second=3))
        assert (await shop(scene)).number == 1  # the application has this number too
        for _ in range(3):
            await scene.token()
        for _ in range(3):
            await calls(scene)
        request_credentials = shown(scene.shop.api_key, scene.shop.property_secret)
        with pytest.raises(TooManyRequests) as refusal:
            await callers.identify(scene.context, request_credentials)
        assert (refusal.value.check, refusal.value.client) == ("limits.requests", scene.shop.api_key)
        assert [(each.name, each.left) for each in refusal.value.quotas] == [("requests", 0)]
        await refused(scene, "wrong")  # which uses up nothing
        scene.clock.step(1)
        await calls(scene)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"tokens_per_hour": 5}, "gets no tokens, so it can only have the limits networks and requests"),
        ({"report_only": ("tokens-day",)}, "gets no tokens, so it can only have the limits networks and requests"),
        ({"report_only": ("requests",)}, "This property has no limit requests yet"),
        ({"networks": ("everywhere",)}, "neither an address nor a network"),
    ],
)
def test_what_cannot_be_a_guard_rail_of_a_property_is_told(
    tmp_path: Path, wanted: dict[str, Any], sentence: str
) -> None:
    """A limit that counts tokens, one that is not there, and a value that cannot be are refused."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError, match=sentence):
            await limit(scene, **wanted)
        assert (await shop(scene)).limits == ""

    play(tmp_path, scenario)


def test_limits_that_cannot_be_read_refuse_everything(tmp_path: Path) -> None:
    """A damaged row lets nobody in, and setting the limits again puts it right."""

    async def scenario(scene: Scene) -> None:
        await scene.context.commit(SetPropertyLimits(scene.shop.api_key, "{nonsense", ""))
        assert (await refused(scene)).check == "limits.networks"
        assert not (await limit_settings.show_property(scene.context, await shop(scene))).readable
        await limit(scene, requests_per_second=5)
        await calls(scene)

    play(tmp_path, scenario)


def test_every_failure_has_one_text(tmp_path: Path) -> None:
    """A wrong, ended, foreign or unknown secret, a disabled property and a wrong network read the same to a caller."""

    async def scenario(scene: Scene) -> None:
        other = await organizations.create(scene.context, "Other")
        theirs = await properties.create(scene.context, other, "theirs")
        await property_secrets.add(scene.context, scene.shop.api_key, "next")
        await property_secrets.expire(scene.context, scene.shop.api_key, "first")
        away = await properties.create(scene.context, other, "away")
        await limit_settings.change_property(
            scene.context, await properties.find(scene.context, "away"), LimitChanges(networks=("::1",))
        )
        off = await properties.create(scene.context, other, "off")
        await properties.disable(scene.context, await properties.find(scene.context, "off"))
        tried = {
            "caller.ended": (scene.shop.api_key, scene.shop.property_secret),
            "caller.property": (scene.shop.api_key, theirs.property_secret),
            "caller.api_key": ("nobody", theirs.property_secret),
            "caller.disabled": (off.api_key, off.property_secret),
            "limits.networks": (away.api_key, away.property_secret),
        }
        for check, pair in tried.items():
            with pytest.raises(InvalidAuthToken) as refusal:
                await callers.identify(scene.context, shown(*pair))
            assert (refusal.value.check, refusal.value.public) == (check, FAILED)
            assert refusal.value.client == ("" if pair[0] == "nobody" else pair[0])

    play(tmp_path, scenario)


@pytest.mark.parametrize("api_key", ["", "\x00", "nul\x00", "é", "\U0001f600", "x" * 5000, "' or 1=1 --"])
def test_an_api_key_that_none_can_be_is_refused(tmp_path: Path, api_key: str) -> None:
    """Whatever stands before the colon is refused as an unknown key is, and is kept in no memory."""

    async def scenario(scene: Scene) -> None:
        encoded = RequestCredentials(basic(api_key, "secret")[1].encode(), OFFICE)
        with pytest.raises(InvalidAuthToken) as refusal:
            await callers.identify(scene.context, encoded)
        assert (refusal.value.check, refusal.value.client) == ("caller.api_key", "")

    play(tmp_path, scenario)


class CountingStore:
    """Any store, which counts the properties that are read by it; everything passes through."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def property_with_key(self, api_key: str) -> Property | None:
        """Read a property."""
        self.reads += 1
        return await self._store.property_with_key(api_key)


def test_a_failure_costs_one_read(tmp_path: Path) -> None:
    """What need not be read to know that a secret is wrong is made up for by a read of nothing, and nothing else is."""

    async def scenario(scene: Scene) -> None:
        store = CountingStore(scene.context.store)
        scene.context.store = cast("Store", store)
        made_up = []
        for api_key in (scene.shop.api_key, scene.shop.api_key, "nobody", "nobody", "\x00"):
            before = store.reads
            with pytest.raises(InvalidAuthToken):
                await callers.identify(scene.context, shown(api_key, "wrong"))
            made_up.append(store.reads - before)
        assert made_up == [0, 1, 0, 1, 1]
        before = store.reads
        await calls(scene)
        assert store.reads == before

    play(tmp_path, scenario)
