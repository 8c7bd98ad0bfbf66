"""Floods of wrong secrets: slowed for their client id and address, and for nobody else."""

import asyncio
from pathlib import Path

import pytest

from tessera.app import callers
from tessera.app.clients import applications, brute_force
from tessera.app.clients.applications import Issued
from tessera.core.errors import InvalidAuthToken, InvalidClient, Refusal, TooManyRequests
from tessera.core.presented import RequestCredentials
from tests.app.clients.test_slow_secrets import PASSWORD, imported
from tests.support.raw import basic
from tests.support.scene import Scene, play

HERE = RequestCredentials(source="192.0.2.7")
AT_ONCE = 10


async def wrong(scene: Scene, client_id: str | None = None, request_credentials: RequestCredentials = HERE) -> Refusal:
    """How a wrong secret is refused."""
    with pytest.raises((InvalidClient, TooManyRequests)) as refusal:
        await scene.token(
            Issued(client_id or scene.partner.client_id, None, ""), "wrong", request_credentials=request_credentials
        )
    found: Refusal = refusal.value
    return found


async def flood(scene: Scene, client_id: str | None = None, request_credentials: RequestCredentials = HERE) -> None:
    """Send as many wrong secrets as may come at once."""
    for _ in range(AT_ONCE):
        assert isinstance(await wrong(scene, client_id, request_credentials), InvalidClient)


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
            await scene.token(request_credentials=HERE)
        await flood(scene, request_credentials=RequestCredentials(source="192.0.2.8"))
        other = await applications.create(scene.context, "other", 1)
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
        await flood(scene, request_credentials=RequestCredentials(source="2001:db8:0:1::1"))
        assert (
            isinstance(await wrong(scene, request_credentials=RequestCredentials(source=other)), TooManyRequests)
            is same
        )

    play(tmp_path, scenario)


def test_the_right_imported_secret_passes_in_a_flood(tmp_path: Path) -> None:
    """Fifteen wrong ones are slowed, and the right one from the same address is let through, never used before."""

    async def scenario(scene: Scene) -> None:
        made, _ = await imported(scene)
        await flood(scene, made.client_id)
        for _ in range(5):
            assert isinstance(await wrong(scene, made.client_id), TooManyRequests)
        assert await scene.alive(await scene.token(made, PASSWORD, request_credentials=HERE))
        for _ in range(20):  # more than there are slow checks
            assert isinstance(await wrong(scene, made.client_id), TooManyRequests)
        assert await scene.alive(await scene.token(made, PASSWORD, request_credentials=HERE))

    play(tmp_path, scenario)


def test_slow_checks_of_one_client_end_with_a_flood(tmp_path: Path) -> None:
    """After thirty wrong ones from an address one is checked in six seconds there; elsewhere the right one passes."""

    async def scenario(scene: Scene) -> None:
        made, counting = await imported(scene)
        for _ in range(40):
            await wrong(scene, made.client_id)
        assert counting.checks == AT_ONCE * brute_force.SLOW_CHECKS_FACTOR
        with pytest.raises(TooManyRequests):
            await scene.token(made, PASSWORD, request_credentials=HERE)
        scene.clock.step(brute_force.INTERVAL_SECONDS)
        await wrong(scene, made.client_id)
        await wrong(scene, made.client_id)
        assert counting.checks == AT_ONCE * brute_force.SLOW_CHECKS_FACTOR + 1
        await scene.token(made, PASSWORD, request_credentials=RequestCredentials(source="192.0.2.8"))
        await scene.token(made, PASSWORD, request_credentials=HERE)

    play(tmp_path, scenario)


def allow_few(scene: Scene) -> None:
    """Let one wrong secret pass at once: three slow checks for a client from an address, ten for all clients."""
    scene.context.settings = scene.context.settings.model_copy(update={"failed_attempts_max": 1})


async def use_up_slow_checks(scene: Scene) -> None:
    """Send wrong secrets for many imported clients from one address, until it may have no more slow checks."""
    for number in range(brute_force.ADDRESS_FACTOR):
        made = await applications.create(scene.context, f"c{number}", 1, client_id=f"c{number}", client_secret=PASSWORD)
        await wrong(scene, made.client_id)


def test_an_address_has_a_limit_over_all_clients(tmp_path: Path) -> None:
    """Beyond it a client that this address has authenticated is still checked, and another one is not."""

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        made, counting = await imported(scene)
        new = await applications.create(scene.context, "new", 1, client_id="new", client_secret=PASSWORD)
        own = await applications.add_secret(scene.context, made.client_id, "other", imported="f" * 64)
        await scene.token(own, "f" * 64, request_credentials=HERE)
        await use_up_slow_checks(scene)
        before = counting.checks
        with pytest.raises(TooManyRequests):
            await scene.token(new, PASSWORD, request_credentials=HERE)
        assert counting.checks == before
        await scene.token(made, PASSWORD, request_credentials=HERE)
        await scene.token(new, PASSWORD, request_credentials=RequestCredentials(source="192.0.2.8"))

    play(tmp_path, scenario)


def test_an_address_has_more_slow_checks_after_a_while(tmp_path: Path) -> None:
    """Four a second."""

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        made, _ = await imported(scene)
        await use_up_slow_checks(scene)
        with pytest.raises(TooManyRequests) as refusal:
            await scene.token(made, PASSWORD, request_credentials=HERE)
        assert refusal.value.seconds == 1
        scene.clock.step(1)
        await scene.token(made, PASSWORD, request_credentials=HERE)

    play(tmp_path, scenario)


def test_unknown_client_ids_use_up_nobody_s_slow_checks(tmp_path: Path) -> None:
    """However many are made up at an address, the right secret of a client that was never used passes there."""

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        made, counting = await imported(scene)
        await asyncio.gather(*(wrong(scene, f"made up {number}") for number in range(3 * brute_force.ADDRESS_FACTOR)))
        assert counting.checks == 0
        await scene.token(made, PASSWORD, request_credentials=HERE)

    play(tmp_path, scenario)


def test_answers_do_not_tell_whether_a_slow_check_was_made(tmp_path: Path) -> None:
    """Wrong secrets for many ids from one address are answered alike, whether the ids are somebody's or nobody's."""

    async def answers(scene: Scene, prefix: str, source: str) -> list[tuple[type[Refusal], int]]:
        found = []
        for number in range(2 * brute_force.ADDRESS_FACTOR):
            refusal = await wrong(scene, f"{prefix}{number // 2}", RequestCredentials(source=source))
            found.append((type(refusal), getattr(refusal, "seconds", 0)))
        return found

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        for number in range(brute_force.ADDRESS_FACTOR):
            await applications.create(scene.context, f"c{number}", 1, client_id=f"c{number}", client_secret=PASSWORD)
        known, unknown = await answers(scene, "c", "192.0.2.7"), await answers(scene, "u", "192.0.2.8")
        assert known == unknown
        half = brute_force.ADDRESS_FACTOR
        assert [kind for kind, _ in known[:half]] == [InvalidClient, TooManyRequests] * (half // 2)
        assert {kind for kind, _ in known[half:]} == {TooManyRequests}

    play(tmp_path, scenario)


def test_an_address_is_known_for_a_month(tmp_path: Path) -> None:
    """An address that authenticated the client longer ago is a stranger again."""

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        made, _ = await imported(scene)
        await applications.add_secret(scene.context, made.client_id, "other", imported="f" * 64)
        await scene.token(made, "f" * 64, request_credentials=HERE)
        scene.clock.step(30 * 86_400)
        await use_up_slow_checks(scene)
        with pytest.raises(TooManyRequests):
            await scene.token(made, PASSWORD, request_credentials=HERE)

    play(tmp_path, scenario)


def test_a_property_s_secret_is_guarded_too(tmp_path: Path) -> None:
    """HTTP Basic with an API key is slowed in the same way, and its right secret passes."""

    async def scenario(scene: Scene) -> None:
        def tried(secret: str) -> RequestCredentials:
            return RequestCredentials(basic(scene.shop.api_key, secret)[1].encode(), "192.0.2.7")

        for _ in range(AT_ONCE):
            with pytest.raises(InvalidAuthToken):
                await callers.identify(scene.context, tried("wrong"))
        with pytest.raises(TooManyRequests):
            await callers.identify(scene.context, tried("wrong"))
        await callers.identify(scene.context, tried(scene.shop.property_secret))

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
