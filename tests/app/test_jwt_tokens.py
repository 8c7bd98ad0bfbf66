"""Access tokens as JWTs: issued in the form that an application asks for, and as good as sealed ones."""

import sqlite3
from pathlib import Path

import pytest

from tessera.app import tokens
from tessera.core import jws
from tessera.core.applications import TokenFormat
from tests.support.scene import Scene, play

SIGNED = [TokenFormat.EDDSA, TokenFormat.ES256, TokenFormat.RS256]


def set_format(scene: Scene, form: TokenFormat) -> None:
    """Have the scene's application ask for tokens of this form."""
    with sqlite3.connect(scene.database) as connection:
        connection.execute(
            "update application set token_format = ? where client_id = ?", (int(form), scene.partner.client_id)
        )
    scene.house.directory.applications.clear()


@pytest.mark.parametrize("form", SIGNED)
def test_a_signed_token_lives_its_life(tmp_path: Path, form: TokenFormat) -> None:
    """A JWT is live to its last microsecond and dead at the next, and says what it should."""

    async def scenario(scene: Scene) -> None:
        set_format(scene, form)
        reply = await scene.token()
        assert jws.split(reply.access_token).header["typ"] == "at+jwt"
        found = await tokens.check(scene.house, reply.access_token)
        assert found is not None
        again = await tokens.check(scene.house, reply.access_token)
        assert again is not None
        assert again[0] is found[0]
        await tokens.revoke(scene.house, reply.access_token)
        assert not await scene.alive(reply)

    play(tmp_path, scenario)
