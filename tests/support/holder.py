"""A process that does a singleton task until it ends: it says `working` each time it begins the work.

python -m tests.support.holder FOLDER DUTY
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tessera import wiring
from tessera.app.runtime import leases
from tests.support.settings import settings_of


async def work() -> None:
    """Go on until cancelled."""
    print("working", flush=True)
    await asyncio.Event().wait()


async def main(folder: Path, lease: str) -> None:
    """Do the singleton task until SIGTERM."""
    async with wiring.open_context(settings_of(folder)) as context:
        doing = asyncio.create_task(leases.run_with_lease(context, lease, f"process {os.getpid()}", work))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, doing.cancel)
        await asyncio.gather(doing, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
