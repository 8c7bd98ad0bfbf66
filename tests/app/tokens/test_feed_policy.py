"""A process that has not heard from others: it goes on, or refuses, as the operator chose."""

from pathlib import Path

import pytest

from tessera.core.errors import Unavailable
from tests.support.scene import Scene, play

STALE = 10_000_000


def test_a_stale_process_refuses_tokens_where_that_is_wanted(tmp_path: Path) -> None:
    """With `refuse`, tokens are neither issued nor taken beyond the bound, and are again when others are heard."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        context.refuses_when_stale = True
        context.heard_at = scene.clock.now()
        reply = await scene.token()
        scene.clock.at += STALE
        assert await scene.alive(reply)
        scene.clock.at += 1
        with pytest.raises(Unavailable):
            await scene.token()
        with pytest.raises(Unavailable):
            await scene.alive(reply)
        context.heard_at = scene.clock.now()
        assert await scene.alive(reply)
        assert await scene.token() is not None

    play(tmp_path, scenario)


def test_a_stale_process_goes_on_by_default(tmp_path: Path) -> None:
    """With `continue` it issues and takes tokens; so does a command, which listens to nobody."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        context.heard_at = scene.clock.now()
        reply = await scene.token()
        scene.clock.at += 10 * STALE
        assert await scene.alive(reply)
        context.refuses_when_stale, context.heard_at = True, 0
        assert await scene.alive(reply)

    play(tmp_path, scenario)
