"""Programs of the system that tests start, and what becomes of a test where one is missing: it is left out, by name."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "setup" / "programs.txt"
"""Each program with the Debian package that brings it; `tests/setup/system.sh` installs from it."""

BESIDE_PATH = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Folders of servers, which are not on everybody's path."""


class Missing(Exception):
    """This machine lacks something that a test needs, so the test is left out: `lacking`, and the `remedy`."""

    def __init__(self, lacking: str, remedy: str) -> None:
        super().__init__(f"{lacking} is missing here: {remedy}")
        self.lacking = lacking
        self.remedy = remedy


def packages() -> dict[str, str]:
    """The Debian package of each program."""
    lines = (line.split() for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return dict(lines)


def search_path() -> str:
    """The folders to look for programs in: first those that the tests bring along, last PostgreSQL's, newest first."""
    postgresql = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]), reverse=True)
    own = Path(sys.prefix) / "bin"
    return os.pathsep.join(
        [str(own), *map(str, postgresql), *os.environ.get("PATH", "").split(os.pathsep), *BESIDE_PATH]
    )


def program(name: str) -> str:
    """The path of a program of the table, or of a tool that `make install` brings. Raises Missing where it is not."""
    found = shutil.which(name, path=search_path())
    if found is None:
        package = packages().get(name)
        raise Missing(name, f"on Debian, apt-get install {package}" if package else "make install")
    return found


@lru_cache(maxsize=1)
def _mounts() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        if tried.returncode == 0:
            subprocess.run(["umount", folder], check=True)
    return tried.returncode == 0


def need_mounts() -> None:
    """Go on where file systems may be mounted. Raises Missing elsewhere."""
    if not _mounts():
        raise Missing("the right to mount file systems", "run the tests as root, outside of a confined container")
