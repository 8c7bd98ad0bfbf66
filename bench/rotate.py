"""An operator who rotates twenty secrets a second: adds one to the next application, ends it, and goes on.

A process of its own on the same data folder, ended by SIGTERM. Its last argument names a file, which is there once it
is at work, and in the end says how many it rotated, in how many seconds.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tessera import wiring
from tessera.app.clients import applications
from tessera.settings import load

PAUSE_SECONDS = 0.05
"""Between two rotations: more than any operator does, and little of the processor the server is measured on."""


async def rotate(folder: Path, client_ids: list[str], began_work: Callable[[], None]) -> str:
    """Rotate until SIGTERM; how many, in how many seconds."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    rotated, began = 0, time.monotonic()
    async with wiring.open_context(load(data_dir=folder)) as context:
        began_work()
        while not ended.is_set():
            client_id = client_ids[rotated % len(client_ids)]
            name = f"rotated {context.entropy.random_bytes(8).hex()}"
            await applications.add_secret(context, client_id, name)
            await applications.expire_secret(context, client_id, name)
            rotated += 1
            await asyncio.sleep(PAUSE_SECONDS)
    return f"{rotated} {time.monotonic() - began:.3f}"


if __name__ == "__main__":
    counted = Path(sys.argv[3])
    counted.write_text(asyncio.run(rotate(Path(sys.argv[1]), Path(sys.argv[2]).read_text().split(), counted.touch)))
