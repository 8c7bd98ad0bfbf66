"""Following the feed of PostgreSQL while the line for notices is away: nobody waits for that line."""

import asyncio
import socket
from pathlib import Path

from tessera.store.postgres.address import address
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tests.support import postgres

PATIENT_SECONDS = 60.0
SOON_SECONDS = 20.0
"""Far below the patience of the line."""


def test_a_line_that_answers_nothing_holds_up_no_look(tmp_path: Path) -> None:
    """Where the direct address takes connections and says nothing, notices are looked for as if it refused them."""
    url = postgres.empty_database()
    name = url.split("@/")[1].split("?")[0]
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / f".s.PGSQL.{postgres.PORT}"))
        mute.listen(16)
        direct = address(f"postgresql://tessera@/{name}?host={tmp_path}&port={postgres.PORT}").conninfo

        async def whole() -> None:
            driver = PostgresDriver(
                ConnectionOptions(address(url).conninfo, direct, PATIENT_SECONDS), lambda _line, _reason: None
            )
            async with asyncio.timeout(SOON_SECONDS):
                found = [await driver.changed()]
                while found.count(True) < 3:
                    await asyncio.sleep(0.05)
                    found.append(await driver.changed())
                await driver.close()
            assert found[0]

        asyncio.run(whole())
