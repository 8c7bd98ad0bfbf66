"""Tokens and cut-offs of the schema before generations go on counting."""

import asyncio
from pathlib import Path

import pytest

from tessera import bootstrap, wiring
from tessera.app.clients import applications
from tessera.app.keys import creation
from tessera.app.tokens import verification
from tessera.core.keys.wrapping import MasterKey
from tessera.core.tokens import access_tokens as core_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.store.store import SQLStore
from tests.support import revisions
from tests.support.clock import START, StepClock
from tests.support.entropy import CountedEntropy
from tests.support.settings import settings_of

pytestmark = pytest.mark.engines("sqlite", "postgres")

MASTER = "ab" * 32

ORGANIZATION = (
    "insert into organization (number, name, retailer_id, created_at, tokens_valid_from)"
    f" values (1, 'Org', 'r', 1, {START})"
)
APPLICATION = (
    "insert into application (number, client_id, name, organization, enabled, scope, token_lifetime_seconds,"
    " query_credentials, tokens_valid_from, created_at) values (5, 'partner', 'Partner', 1, 1, 'openid', 60, 0, 7, 1)"
)


def test_older_cut_offs_stay_moments_until_the_next_one(tmp_path: Path, engine: str) -> None:
    """In generation 0 a token from before the moment is dead and a later one valid; then the generation decides."""
    with revisions.made(tmp_path, engine, "0013") as database:
        asyncio.run(filled(tmp_path))
        database.migrate()
        (tmp_path / "master.key").write_text(MASTER)
        asyncio.run(judged(tmp_path))


async def filled(folder: Path) -> None:
    """Put in the keys, and an organization that was cut off with its application, as the schema before had them."""
    store = SQLStore(bootstrap.database(settings_of(folder)).driver(lambda _line, _reason: None))
    await creation.create_first(store, MasterKey(MASTER), StepClock(20), CountedEntropy())
    await store.close()
    revisions.insert(folder, f"{ORGANIZATION};\n{APPLICATION}")


async def judged(folder: Path) -> None:
    """Look at tokens of either side of the moment, before and after a cut-off."""
    async with wiring.open_context(settings_of(folder), clock=StepClock()) as context:
        application = await context.store.application("partner")
        assert application is not None
        assert (application.generation, application.tokens_valid_from) == (0, START)
        added = await applications.add_secret(context, "partner", "first")
        assert added.client_secret is not None
        earlier, later = (
            core_tokens.seal(context.directory.ring, Claims(5, 1, 7, issued_at, 60, ("openid",)))
            for issued_at in (START - 1, START)
        )
        assert [await verification.check(context, each) is not None for each in (earlier, later)] == [False, True]
        await applications.revoke_tokens(context, "partner")
        assert [await verification.check(context, each) is not None for each in (earlier, later)] == [False, False]
