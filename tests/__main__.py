"""`python -m tests` runs the tests of the product, `python -m tests clients` those of other languages' clients.

Each in two runs of pytest: side by side, and those that need the machine for themselves. The second is run whatever
the first one finds. The tests that were left out of both are listed last. `python -m tests check` is for every few
minutes: the tests that start no server and no database.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import left_out

SUITES = {"product": "not other_language", "check": "not other_language", "clients": "other_language"}
FOLDERS = {
    "check": ["tests/core", "tests/directory", "tests/architecture", "--ignore=tests/architecture/test_programs.py"]
}
"""Where the tests of a suite are, if not everywhere."""

PROCESSES = min(len(os.sched_getaffinity(0)), 4) + 1
"""One more than there are cores, since tests of servers often wait; few, as each has a database server of its own."""

SIDE_BY_SIDE = ["-n", str(PROCESSES), "--dist", "loadfile", "--no-loadscope-reorder"]
NO_TESTS = 5
"""Exit code of pytest when no test was selected."""


def main(suite: str, *options: str) -> int:
    """Run a suite; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "left_out"
        file.touch()
        environment = {**os.environ, left_out.FILE: str(file), **compiled(Path(folder))}
        where = FOLDERS.get(suite, [])
        codes = [
            pytest([*where, *split, "-m", f"{SUITES[suite]} and {alone}", *options], environment)
            for split, alone in ((SIDE_BY_SIDE, "not alone"), ([], "alone"))
            if suite != "check" or split
        ]
        found = left_out.read(file)
    if found:
        print(f"\n{left_out.listing(found)}", flush=True)
    if NO_TESTS in codes and len(set(codes)) > 1:
        codes.remove(NO_TESTS)
    return next((code for code in codes if code), 0)


def compiled(folder: Path) -> dict[str, str]:
    """Variables by which Python keeps what it compiles, in a folder of the run where it would keep nothing.

    Otherwise each of the hundreds of processes that tests start compiles everything again.
    """
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def pytest(arguments: list[str], environment: dict[str, str]) -> int:
    """One run of pytest, which adds what it leaves out to a file."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    suite = sys.argv[1] if len(sys.argv) > 1 else "product"
    if suite not in SUITES:
        sys.exit(f"python -m tests knows {', '.join(SUITES)}, not {suite}.")
    sys.exit(main(suite, *sys.argv[2:]))
