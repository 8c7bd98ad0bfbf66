"""`python -m tests.pythons` runs the product's tests on the Pythons of this machine.

`list` says which there are. `smoke` tries everything that waits, on each. `newest` runs the tests of the product on the
newest. Pythons in folders that are not looked in are named in the environment variable PYTHONS.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.pythons.environments import ROOT, environment
from tests.pythons.interpreters import Interpreter, found

SMOKE = ("pytest", "tests/pythons", "tests/web/test_request_tasks.py")
SUITE = ("tests", "product")


def run(python: Interpreter, module: Sequence[str]) -> int:
    """Run a module on a Python; its exit code. Programs that this environment brings are found there as well."""
    print(f"\nOn Python {python}:", flush=True)
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
    command = [str(environment(python)), "-m", *module]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode


def main(what: str, *options: str) -> int:
    """Do what was asked; an exit code."""
    pythons = found()
    if what == "list":
        print("\n".join(map(str, pythons)))
        return 0
    if what == "newest":
        return run(pythons[-1], (*SUITE, *options))
    if what == "smoke":
        failed = [python.short for python in pythons if run(python, (*SMOKE, *options)) != 0]
        print(f"\nTried on {', '.join(map(str, pythons))}.")
        if failed:
            print(f"Failed on {', '.join(failed)}.")
        return bool(failed)
    sys.exit(f"python -m tests.pythons knows list, smoke and newest, not {what}.")


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["list"])))
