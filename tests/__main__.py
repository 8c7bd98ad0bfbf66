"""`python -m tests` runs the tests of the product, `python -m tests clients` those of other languages' clients.

Each in two runs of pytest: side by side, and those that need the machine for themselves. The second is run whatever
the first one finds. The tests that were left out of both are listed last.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import left_out

SUITES = {"product": "not other_language", "clients": "other_language"}
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile"]
NO_TESTS = 5
"""What pytest exits with when no test was selected."""


def main(suite: str, *options: str) -> int:
    """Run a suite; its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "left_out"
        file.touch()
        codes = [
            pytest([*split, "-m", f"{SUITES[suite]} and {alone}", *options], file)
            for split, alone in ((SIDE_BY_SIDE, "not alone"), ([], "alone"))
        ]
        found = left_out.read(file)
    if found:
        print(f"\n{left_out.listing(found)}", flush=True)
    if NO_TESTS in codes and len(set(codes)) > 1:
        codes.remove(NO_TESTS)
    return next((code for code in codes if code), 0)


def pytest(arguments: list[str], file: Path) -> int:
    """One run of pytest, which adds what it leaves out to a file."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, env={**os.environ, left_out.FILE: str(file)}, check=False).returncode


if __name__ == "__main__":
    suite = sys.argv[1] if len(sys.argv) > 1 else "product"
    if suite not in SUITES:
        sys.exit(f"python -m tests knows {' and '.join(SUITES)}, not {suite}.")
    sys.exit(main(suite, *sys.argv[2:]))
