"""Digital properties of an older schema keep their secrets, which become the first of several."""

import asyncio
from pathlib import Path

import pytest

from tessera import bootstrap, wiring
from tessera.app import callers
from tessera.app.keys import creation
from tessera.core.clients.applications import secret_digest
from tessera.core.keys.wrapping import KeyPurpose, MasterKey
from tessera.core.presented import RequestCredentials
from tessera.store.store import SQLStore
from tests.support import engines, revisions
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.raw import basic
from tests.support.settings import settings_of

pytestmark = pytest.mark.engines("sqlite", "postgres")

MASTER = "ab" * 32
SECRETS = {"key-1": "5" * 40, "key-2": "6" * 40}
"""API key and secret of each property."""


def test_older_secrets_go_on_working(tmp_path: Path, engine: str) -> None:
    """After the migration every property is enabled, its secret opens it, and its last four characters are known."""
    with revisions.made(tmp_path, engine, "0009") as database:
        asyncio.run(filled(tmp_path, engine))
        database.migrate()
        (tmp_path / "master.key").write_text(MASTER)
        asyncio.run(called(tmp_path))


async def filled(folder: Path, engine: str) -> None:
    """Put in the keys, an organization and its properties, as the schema before had them."""
    store = SQLStore(bootstrap.database(settings_of(folder)).driver(lambda _line, _reason: None))
    await creation.create_first(store, MasterKey(MASTER), StepClock(20), CountedEntropy())
    (pepper,) = [key for key in await store.keys() if key.purpose is KeyPurpose.PEPPER]
    await store.close()
    opened = MasterKey(MASTER).unwrap(pepper)
    assert opened is not None
    rows = ["insert into organization (number, name, retailer_id, created_at) values (1, 'Org', 'r', 1)"]
    for number, (api_key, secret) in enumerate(SECRETS.items(), 1):
        digest = secret_digest(opened, secret).hex()
        held = f"'\\x{digest}'::bytea" if engine == engines.POSTGRES else f"x'{digest}'"
        rows.append(
            "insert into property (number, organization, name, api_key, digest, last_four, created_at)"
            f" values ({number + 4}, 1, 'shop {number}', '{api_key}', {held}, '{secret[-4:]}', 7)"
        )
    revisions.insert(folder, ";\n".join(rows))


async def called(folder: Path) -> None:
    """Call with each secret, and look at what the operator sees of it."""
    async with wiring.open_context(settings_of(folder)) as context:
        assert [(each.number, each.enabled) for each in await context.store.properties()] == [(5, True), (6, True)]
        for api_key, secret in SECRETS.items():
            caller = await callers.identify(context, RequestCredentials(basic(api_key, secret)[1].encode()))
            assert caller.api_key == api_key
            (record,) = await context.store.property_secrets(api_key)
            assert (record.name, record.last_four, record.created_at, record.ends_at) == ("first", secret[-4:], 7, None)
