"""A small file system of the tests' own, which can be filled."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import need_mounts

SIZE_MEGABYTES = 120
FREE_BYTES = 600_000
"""What is left when it is full: less than PostgreSQL needs to make a table much larger."""


class Disk:
    """Where it is, and a file that takes up its room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Take up nearly all room."""
        with self._filler.open("wb") as file:
            found = os.statvfs(self.folder)
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, found.f_bavail * found.f_frsize - FREE_BYTES))
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017  # it is full then, as wanted

    def empty(self) -> None:
        """Give the room back."""
        self._filler.unlink()


@contextmanager
def small_disk() -> Iterator[Disk]:
    """A file system in memory, mounted for the length of a block. Raises Missing where none may be mounted."""
    need_mounts()
    folder = Path(tempfile.mkdtemp(prefix="tessera-disk-"))
    folder.chmod(0o755)
    options = f"size={SIZE_MEGABYTES}m,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
