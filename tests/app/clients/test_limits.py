"""Limits: where an application may come from, how often, and how many tokens it may have."""

from pathlib import Path
from typing import Any

import pytest

from tessera.app import callers
from tessera.app.clients import applications, limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.operators import OperatorError
from tessera.app.state.log_sampling import Reports
from tessera.core.changes import SetLimits
from tessera.core.clients.credentials import UNKNOWN_CLIENT
from tessera.core.errors import InvalidAuthToken, InvalidClient, TooManyRequests
from tessera.core.presented import RequestCredentials
from tests.support.scene import Scene, play

OFFICE = "192.0.2.7"
HOUR = 3600.0


def at(source: str, token: str = "") -> RequestCredentials:
    """A request from an address, with a token when there is one."""
    return RequestCredentials(f"Bearer {token}".encode() if token else None, source)


async def limit(scene: Scene, **wanted: Any) -> None:
    """Set limits of the scene's application."""
    await limit_settings.change(scene.context, "partner", LimitChanges(**wanted))


class Noted(Reports):
    """Reports that note what was due, and tell the same."""

    def __init__(self, interval_seconds: int) -> None:
        super().__init__(interval_seconds)
        self.told: list[object] = []

    def due(self, key: object, now: int) -> int:
        """As any reports say."""
        count = super().due(key, now)
        if count:
            self.told.append(key)
        return count


async def refused(scene: Scene, request_credentials: RequestCredentials) -> TooManyRequests:
    """The refusal of a token request that is one too many."""
    with pytest.raises(TooManyRequests) as refusal:
        await scene.token(request_credentials=request_credentials)
    return refusal.value


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        (OFFICE, True),
        ("192.0.2.255", True),
        ("2001:db8::1", True),
        ("192.0.3.0", False),
        ("2001:db9::1", False),
        ("::ffff:192.0.2.7", True),
        ("::1", False),
        ("", False),
        ("behind 192.0.2.7", False),
        ("192.0.2.7 ", False),
        ("localhost", False),
    ],
)
def test_an_application_comes_from_its_networks_only(tmp_path: Path, source: str, inside: bool) -> None:
    """From elsewhere, or from nobody knows where, the right secret is refused like a wrong one, and so is a token."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        await limit(scene, networks=("192.0.2.0/24", "2001:db8::/32"))
        if inside:
            await scene.token(request_credentials=at(source))
            await callers.identify(scene.context, at(source, token))
            return
        with pytest.raises(InvalidClient) as by_secret:
            await scene.token(request_credentials=at(source))
        with pytest.raises(InvalidAuthToken) as by_token:
            await callers.identify(scene.context, at(source, token))
        assert by_secret.value.public == UNKNOWN_CLIENT
        assert by_token.value.public == callers.NO_TOKEN
        assert by_secret.value.check == by_token.value.check == "limits.networks"
        assert by_secret.value.detail == by_token.value.detail != ""

    play(tmp_path, scenario)


def test_requests_are_paced(tmp_path: Path) -> None:
    """Token requests and calls with its tokens count together; one waits as long as it is told, and passes."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        await limit(scene, requests_per_second=4)
        left = []
        for _ in range(2):
            for request_credentials in (at(OFFICE), at(OFFICE, token)):
                if request_credentials.authorization is None:
                    quotas = (await scene.granted(request_credentials=request_credentials)).quotas
                else:
                    quotas = (await callers.identify(scene.context, request_credentials)).quotas
                left += [(each.name, each.policy, each.left) for each in quotas]
        assert left == [("requests", '"requests";q=4;w=1', each) for each in (3, 2, 1, 0)]
        late = await refused(scene, at(OFFICE))
        assert late.seconds == 1
        assert [(each.left, each.reset_seconds) for each in late.quotas] == [(0, 1)]
        with pytest.raises(TooManyRequests):
            await callers.identify(scene.context, at(OFFICE, token))
        scene.clock.step(0.25)
        await scene.token(request_credentials=at(OFFICE))
        await refused(scene, at(OFFICE))
        scene.clock.step(60)
        for _ in range(4):
            await scene.token(request_credentials=at(OFFICE))
        await refused(scene, at(OFFICE))

    play(tmp_path, scenario)


def test_wrong_secrets_spend_no_requests(tmp_path: Path) -> None:
    """Who does not have the secret cannot use up what the application may do."""

    async def scenario(scene: Scene) -> None:
        await limit(scene, requests_per_second=1, tokens_per_hour=1)
        for _ in range(5):
            with pytest.raises(InvalidClient):
                await scene.token(secret="wrong")
        await scene.token()

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("member", "limit_name", "window"),
    [("tokens_per_hour", "tokens-hour", HOUR), ("tokens_per_day", "tokens-day", 24 * HOUR)],
)
def test_tokens_are_counted(tmp_path: Path, member: str, limit_name: str, window: float) -> None:
    """So many tokens in an hour or a day and no more, until the next begins; calls with them are not counted."""

    async def scenario(scene: Scene) -> None:
        now = scene.clock.now()
        scene.clock.at = now - now % int(window * 1_000_000)
        await limit(scene, **{member: 3})
        for left in (2, 1, 0):
            issued = await scene.granted(request_credentials=at(OFFICE))
            token = issued.reply.access_token
            assert [(each.name, each.left, each.reset_seconds) for each in issued.quotas] == [
                (limit_name, left, int(window))
            ]
        scene.clock.step(window / 2)
        refusal = await refused(scene, at(OFFICE))
        assert [each.left for each in refusal.quotas] == [0]
        assert refusal.seconds == int(window / 2)
        assert refusal.check == f"limits.{limit_name}"
        for _ in range(5):
            await callers.identify(scene.context, at(OFFICE, token))
        scene.clock.step(window / 2)
        await scene.token(request_credentials=at(OFFICE))
        scene.clock.step(-window)
        await scene.token(request_credentials=at(OFFICE))

    play(tmp_path, scenario)


def test_a_watched_rail_reports_and_refuses_nothing(tmp_path: Path) -> None:
    """Everything that is watched passes, is counted as what would have been refused, and is told to nobody outside."""

    async def scenario(scene: Scene) -> None:
        await limit(
            scene,
            networks=("192.0.2.0/24",),
            requests_per_second=1,
            tokens_per_hour=1,
            tokens_per_day=1,
            report_only=("networks", "requests", "tokens-hour", "tokens-day"),
        )
        with pytest.raises(InvalidClient):
            await scene.token(secret="wrong", request_credentials=at("198.51.100.1"))
        reports = Noted(60)
        scene.context.state = scene.context.state._replace(limit_reports=reports)
        for _ in range(3):
            assert (await scene.granted(request_credentials=at("198.51.100.1"))).quotas == ()
        limits = ("networks", "requests", "tokens-hour", "tokens-day")
        assert reports.told == [(scene.partner.client_id, each) for each in limits], (
            "each limit is told of by itself, once a minute"
        )
        shown = await limit_settings.show(scene.context, "partner")
        assert (shown.tokens_hour, shown.tokens_day, shown.would_refuse_day) == (3, 3, 3 + 2 + 2 + 2)
        await limit(scene, enforce=("tokens-day",))
        assert (await refused(scene, at(OFFICE))).check == "limits.tokens-day"
        await limit(scene, none=("tokens-day",), enforce=("networks",))
        with pytest.raises(InvalidClient):
            await scene.token(request_credentials=at("198.51.100.1"))

    play(tmp_path, scenario)


def test_limits_that_cannot_be_read_refuse_everything(tmp_path: Path) -> None:
    """A damaged row closes the application for secrets and tokens, until an operator sets the limits again."""

    async def scenario(scene: Scene) -> None:
        token = (await scene.token()).access_token
        await scene.context.commit(SetLimits(scene.partner.client_id, '{"requests_per_second":"ten"}', ""))
        with pytest.raises(InvalidClient, match="Client authentication failed") as refusal:
            await scene.token(request_credentials=at(OFFICE))
        assert "cannot be read" in refusal.value.detail
        with pytest.raises(InvalidAuthToken):
            await callers.identify(scene.context, at(OFFICE, token))
        assert not (await limit_settings.show(scene.context, "partner")).readable
        await limit(scene, none=("networks",))
        await scene.token(request_credentials=at(OFFICE))

    play(tmp_path, scenario)


def test_applications_are_counted_apart(tmp_path: Path) -> None:
    """What one application uses up is not another's, and an application without limits meets none."""

    async def scenario(scene: Scene) -> None:
        other = await applications.create(scene.context, "other", 1)
        await limit_settings.change(scene.context, "other", LimitChanges(requests_per_second=1))
        await limit(scene, requests_per_second=1)
        await scene.token()
        await scene.token(other)
        with pytest.raises(TooManyRequests):
            await scene.token(other)
        await limit_settings.change(scene.context, "other", LimitChanges(none=("requests",)))
        for _ in range(5):
            assert (await scene.granted(other, request_credentials=at(OFFICE))).quotas == ()

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"networks": ("10.0.0.1/8",)}, "10.0.0.1/8 is neither an address nor a network"),
        ({"networks": ()}, "Name 1 to 100 networks"),
        ({"networks": ("10.0.0.1",) * 101}, "Name 1 to 100 networks"),
        ({"requests_per_second": 0}, "The limit requests takes 1 to 1,000,000"),
        ({"tokens_per_hour": 2**31}, "The limit tokens-hour takes"),
        ({"report_only": ("networks",)}, "has no limit networks"),
        ({"report_only": ("everything",)}, "The limits are: networks, requests, tokens-hour, tokens-day"),
        ({"tokens_per_day": 1, "report_only": ("tokens-day",), "enforce": ("tokens-day",)}, "is named twice"),
        ({"tokens_per_day": 1, "report_only": ("tokens-day",), "none": ("tokens-day",)}, "is named twice"),
    ],
)
def test_what_cannot_be_a_guard_rail_is_refused(tmp_path: Path, wanted: dict[str, object], sentence: str) -> None:
    """It is refused with a sentence, and nothing is written."""

    async def scenario(scene: Scene) -> None:
        last = await scene.context.store.last_sequence()
        with pytest.raises(OperatorError, match=sentence):
            await limit(scene, **wanted)
        assert await scene.context.store.last_sequence() == last

    play(tmp_path, scenario)
