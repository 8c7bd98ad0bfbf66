"""A process that commits until it is killed, and says on standard output what was acknowledged.

    python -m tests.support.committer DATABASE ROUND [FILE_SIZE_MAX]

Each commit is two organizations, `ROUND/n/a` and `ROUND/n/b`; a line holds `n`, or the name of the error. With a
largest file size, that limit of the system is set first, and lifted when a line arrives on standard input.
"""

import asyncio
import resource
import sys
from pathlib import Path

from tessera.core.changes import AddOrganization
from tessera.ports import Store, StoreError
from tests.support.stores import sqlite_file

CALLERS = 8


def say(word: str) -> None:
    """One line, out at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def commit(store: Store, name: str) -> bool:
    """Commit both organizations of one name; False, said aloud, when that failed."""
    padding = "x" * 400
    try:
        await store.commit(*(AddOrganization(f"{name}/{half}", f"{name}/{half}/{padding}", 0) for half in ("a", "b")))
    except StoreError as error:
        say(type(error).__name__)
        return False
    return True


async def forever(store: Store, turn: str, caller: int) -> None:
    """Commit until killed."""
    number = caller
    while True:
        if await commit(store, f"{turn}/{number}"):
            say(str(number))
        number += CALLERS


async def until_full(store: Store, turn: str) -> None:
    """Commit until it fails, show that reads go on, wait for room, and commit once more."""
    number = 0
    while await commit(store, f"{turn}/{number}"):
        say(str(number))
        number += 1
    say(f"read {len(await store.organizations())}")
    await asyncio.to_thread(sys.stdin.readline)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if await commit(store, f"{turn}/{number}"):
        say(str(number))


async def main(path: Path, turn: str, limit: int | None) -> None:
    """What the process does."""
    store = sqlite_file(path)
    if limit is None:
        await asyncio.gather(*(forever(store, turn, caller) for caller in range(CALLERS)))
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        await until_full(store, turn)
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None))
