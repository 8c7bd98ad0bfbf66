"""Floods of wrong secrets: slowed for their client id and address, and for nobody else."""

from pathlib import Path

import pytest

from tessera.app import applications, callers
from tessera.app.applications import Issued
from tessera.core.errors import InvalidAuthToken, InvalidClient, Refusal, TooManyRequests
from tessera.core.evidence import Evidence
from tests.app.test_slow_secrets import PASSWORD, imported
from tests.support.raw import basic
from tests.support.scene import Scene, play

HERE = Evidence(source="192.0.2.7")
AT_ONCE = 10


async def wrong(scene: Scene, client_id: str | None = None, evidence: Evidence = HERE) -> Refusal:
    """How a wrong secret is refused."""
    with pytest.raises((InvalidClient, TooManyRequests)) as refusal:
        await scene.token(Issued(client_id or scene.partner.client_id, None, ""), "wrong", evidence=evidence)
    found: Refusal = refusal.value
    return found


async def flood(scene: Scene, client_id: str | None = None, evidence: Evidence = HERE) -> None:
    """Send as many wrong secrets as may come at once."""
    for _ in range(AT_ONCE):
        assert isinstance(await wrong(scene, client_id, evidence), InvalidClient)


def test_wrong_secrets_are_slowed(tmp_path: Path) -> None:
    """Ten at once, then one in six seconds; after a minute ten again."""

    async def scenario(scene: Scene) -> None:
        await flood(scene)
        refusal = await wrong(scene)
        assert isinstance(refusal, TooManyRequests)
        assert refusal.seconds == 6
        scene.clock.step(6)
        assert isinstance(await wrong(scene), InvalidClient)
        assert isinstance(await wrong(scene), TooManyRequests)
        scene.clock.step(60)
        await flood(scene)
        assert isinstance(await wrong(scene), TooManyRequests)

    play(tmp_path, scenario)


def test_good_traffic_is_let_through(tmp_path: Path) -> None:
    """The right secret passes from the very address of the flood, and a wrong one from elsewhere is a wrong one."""

    async def scenario(scene: Scene) -> None:
        await flood(scene)
        for _ in range(20):
            assert isinstance(await wrong(scene), TooManyRequests)
        for _ in range(20):
            await scene.token(evidence=HERE)
        await flood(scene, evidence=Evidence(source="192.0.2.8"))
        other = await applications.create(scene.house, "other", 1)
        await flood(scene, other.client_id)

    play(tmp_path, scenario)


def test_an_unknown_client_is_slowed_alike(tmp_path: Path) -> None:
    """Nothing in the answers tells whether a client id is somebody's."""

    async def scenario(scene: Scene) -> None:
        for _ in range(AT_ONCE + 3):
            known, unknown = await wrong(scene), await wrong(scene, "0" * 64)
            assert type(known) is type(unknown)
            assert known.public == unknown.public

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("2001:db8:0:1::2", True),
        ("2001:db8:0:1:ffff::", True),
        ("2001:DB8:0:1:0:0:0:9", True),
        ("2001:db8:0:2::1", False),
        ("192.0.2.7", False),
    ],
)
def test_an_ipv6_subscriber_is_a_64(tmp_path: Path, other: str, same: bool) -> None:
    """Addresses of one /64 count together."""

    async def scenario(scene: Scene) -> None:
        await flood(scene, evidence=Evidence(source="2001:db8:0:1::1"))
        assert isinstance(await wrong(scene, evidence=Evidence(source=other)), TooManyRequests) is same

    play(tmp_path, scenario)


def test_no_slow_check_is_done_in_a_flood(tmp_path: Path) -> None:
    """Beyond the limit nothing is hashed, for a client that is there or not; a secret that was verified passes."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        await flood(scene, made.client_id)
        await flood(scene, "nobody's")
        before = counting.checks + counting.wasted
        for client_id in (made.client_id, "nobody's"):
            assert isinstance(await wrong(scene, client_id), TooManyRequests)
        with pytest.raises(TooManyRequests):
            await scene.token(made, PASSWORD, evidence=HERE)
        assert counting.checks + counting.wasted == before
        await scene.token(made, PASSWORD, evidence=Evidence(source="192.0.2.8"))
        await scene.token(made, PASSWORD, evidence=HERE)

    play(tmp_path, scenario)


def test_a_property_s_secret_is_guarded_too(tmp_path: Path) -> None:
    """HTTP Basic with an API key is slowed in the same way, and its right secret passes."""

    async def scenario(scene: Scene) -> None:
        def tried(secret: str) -> Evidence:
            return Evidence(basic(scene.shop.api_key, secret)[1].encode(), "192.0.2.7")

        for _ in range(AT_ONCE):
            with pytest.raises(InvalidAuthToken):
                await callers.identify(scene.house, tried("wrong"))
        with pytest.raises(TooManyRequests):
            await callers.identify(scene.house, tried("wrong"))
        await callers.identify(scene.house, tried(scene.shop.property_secret))

    play(tmp_path, scenario)


def test_the_clock_s_steps_lock_nobody_out(tmp_path: Path) -> None:
    """After the clock went back by a year one more comes within six seconds."""

    async def scenario(scene: Scene) -> None:
        await flood(scene)
        scene.clock.step(-365 * 86_400)
        assert isinstance(await wrong(scene), TooManyRequests)
        scene.clock.step(6)
        assert isinstance(await wrong(scene), InvalidClient)

    play(tmp_path, scenario)
