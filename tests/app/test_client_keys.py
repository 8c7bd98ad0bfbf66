"""Clients that prove themselves by a signed assertion, deed by deed, with a clock that is stepped."""

from pathlib import Path

import pytest

from tessera.app import applications, client_credentials, tokens
from tessera.app.operators import OperatorError
from tessera.core import wire
from tessera.core.applications import AuthenticationMethod
from tessera.core.credentials import UNKNOWN_CLIENT
from tessera.core.errors import InvalidClient
from tessera.core.evidence import NOTHING
from tessera.core.jws import Algorithm, PrivateKey
from tessera.core.tokens import TokenReply
from tests.support import assertions
from tests.support.scene import FORM, Scene, play


async def keyed(scene: Scene, algorithm: Algorithm = Algorithm.ES256, name: str = "key", **members: str) -> PrivateKey:
    """A key pair whose public half the scene's partner has."""
    key = assertions.new_key(algorithm)
    await client_credentials.add_key(scene.house, scene.partner.client_id, name, assertions.jwk(key, **members))
    return key


async def ask(scene: Scene, assertion: str, **other: str) -> TokenReply:
    """A token for an assertion. Raises as the deed does."""
    params = wire.form(b"", assertions.form(assertion, **other).encode(), FORM)
    return await tokens.issue(scene.house, params, NOTHING)


def good(
    scene: Scene, key: PrivateKey, algorithm: Algorithm = Algorithm.ES256, /, *, kid: str | None = None, **other: object
) -> str:
    """An assertion of the scene's partner, good but for what is said."""
    says = assertions.claims(scene.partner.client_id, scene.house.issuer, scene.clock.now() / 1_000_000, **other)
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
