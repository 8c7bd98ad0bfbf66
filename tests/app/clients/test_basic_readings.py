"""HTTP Basic that is form-encoded, and that is not: both are compared, and count once."""

from pathlib import Path
from urllib.parse import quote_plus

import pytest

from tessera.app.clients import applications, authentication, brute_force, slow_secrets
from tessera.app.clients.applications import Issued
from tessera.core.changes import CountHour
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidClient, TooManyRequests
from tessera.core.presented import RequestCredentials
from tests.app.clients.test_brute_force import allow_few
from tests.app.clients.test_slow_secrets import Counting
from tests.support import forms, raw
from tests.support.scene import Scene, play

EVERY = "".join(chr(code) for code in range(0x20, 0x7F))
AWKWARD = ("a+b", "a b", "100%", "%41", "a%2Bb", "%", "+", "a&b=c", 'q"uo\\te', "%%41+", EVERY)


async def imported(scene: Scene, client_id: str, secret: str) -> Issued:
    """A client that was brought along from another system."""
    return await applications.create(scene.context, client_id, 1, client_id=client_id, client_secret=secret)


async def by_basic(scene: Scene, user: str, password: str, *, encode: bool, source: str = "") -> Authenticated:
    """Authenticate by Basic, with both halves form-encoded first, or as they are."""
    pair = (quote_plus(user, safe=""), quote_plus(password, safe="")) if encode else (user, password)
    return await authentication.authenticate(
        scene.context, forms.form(b"", b"", b""), RequestCredentials(raw.basic(*pair)[1].encode(), source)
    )


def test_both_ways_are_taken(tmp_path: Path) -> None:
    """For ids and secrets with every printable character, before and after the secret was re-keyed."""

    async def scenario(scene: Scene) -> None:
        for number, text in enumerate(AWKWARD):
            client_id = f"{number}{text.replace(':', '')}"  # a colon ends a user that is not encoded (RFC 7617)
            made = await imported(scene, client_id, text)
            for _ in range(2):
                for encode in (False, True):
                    found = await by_basic(scene, made.client_id, text, encode=encode)
                    assert found.client == client_id
                await slow_secrets.write_rekeyed(scene.context)

    play(tmp_path, scenario)


def test_a_colon_in_an_id_has_to_be_encoded(tmp_path: Path) -> None:
    """It would end the user; in a secret it stands for itself."""

    async def scenario(scene: Scene) -> None:
        await imported(scene, "with:colon", "a:b+c")
        assert (await by_basic(scene, "with:colon", "a:b+c", encode=True)).client == "with:colon"
        with pytest.raises(InvalidClient):
            await by_basic(scene, "with:colon", "a:b+c", encode=False)
        await imported(scene, "without", "a:b+c")
        assert (await by_basic(scene, "without", "a:b+c", encode=False)).client == "without"

    play(tmp_path, scenario)


def test_the_rfc_s_reading_comes_first(tmp_path: Path) -> None:
    """Where both would authenticate, it is the client that the RFC means, and the other one when that is gone."""

    async def scenario(scene: Scene) -> None:
        blank, plus = await imported(scene, "a b", "s+t"), await imported(scene, "a+b", "s+t")
        await applications.add_secret(scene.context, blank.client_id, "read so", imported="s t")
        assert (await by_basic(scene, "a+b", "s+t", encode=False)).client == blank.client_id
        await applications.disable(scene.context, blank.client_id)
        assert (await by_basic(scene, "a+b", "s+t", encode=False)).client == plus.client_id

    play(tmp_path, scenario)


def test_a_pair_of_readings_is_not_mixed(tmp_path: Path) -> None:
    """Whoever encodes, encodes both halves: the id of one reading does not go with the secret of the other."""

    async def scenario(scene: Scene) -> None:
        await imported(scene, "a b", "s+t")
        for pair in ("a+b", "s+t"), ("a b", "s%2Bt+"):
            with pytest.raises(InvalidClient):
                await by_basic(scene, *pair, encode=False)

    play(tmp_path, scenario)


def test_the_first_use_of_raw_secrets_counts_as_no_failure(tmp_path: Path) -> None:
    """Many clients that send them raw have their first token from one address, though each had one reading wrong."""

    async def scenario(scene: Scene) -> None:
        allow_few(scene)
        for number in range(brute_force.ADDRESS_FACTOR + 2):
            await imported(scene, f"raw-{number}", "a+b")
            assert await by_basic(scene, f"raw-{number}", "a+b", encode=False, source="192.0.2.7")

    play(tmp_path, scenario)


def test_a_request_counts_once(tmp_path: Path) -> None:
    """Two readings of a secret cost two slow checks at most, for an id that is somebody's, and count as one failure."""

    async def scenario(scene: Scene) -> None:
        counting = Counting(scene.context.slow_hash)
        scene.context.slow_hash = counting
        await imported(scene, "guessed", "right")
        for client_id, checks in ("guessed", 2), ("nobody's", 0):
            counting.checks = 0
            for tries in range(1, 11):
                with pytest.raises(InvalidClient):
                    await by_basic(scene, client_id, f"wrong+{tries}", encode=False, source="192.0.2.7")
                assert counting.checks == checks * tries
            with pytest.raises(TooManyRequests):
                await by_basic(scene, client_id, "wrong+11", encode=False, source="192.0.2.7")
        assert await by_basic(scene, "guessed", "right", encode=False, source="192.0.2.7")

    play(tmp_path, scenario)


def test_a_refusal_counts_once_for_the_application(tmp_path: Path) -> None:
    """However many readings a request has; and it names the client that one of them means."""

    async def scenario(scene: Scene) -> None:
        made = await imported(scene, "a+b", "right")
        with pytest.raises(InvalidClient) as refusal:
            await by_basic(scene, "a+b", "wrong", encode=False)
        assert refusal.value.client == made.client_id
        assert refusal.value.check == "client.secret"
        counted = [each for each in scene.context.state.usage.take(scene.clock.now()) if isinstance(each, CountHour)]
        assert [each.refused for each in counted if each.application] == [1]

    play(tmp_path, scenario)
