"""The Pythons of this machine that the product can run on."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

OLDEST = (3, 11)
"""As `requires-python` says."""

MORE = "PYTHONS"
"""The environment variable with paths of others, in folders that nobody else looks in."""

PROBE = """
import ensurepip, json, sqlite3, ssl, sys, venv
print(json.dumps([sys.implementation.name, *sys.version_info[:4]]))
"""
PROBE_SECONDS = 20
_NAME = re.compile(r"python3\.\d+")


class Interpreter(NamedTuple):
    """A Python: its version, and where it is."""

    version: tuple[int, int, int]
    path: Path

    @property
    def short(self) -> str:
        """The version by which it is called, as 3.12."""
        return f"{self.version[0]}.{self.version[1]}"

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.version))} ({self.path})"


def candidates() -> Iterator[Path]:
    """Files that are named as a Python is: of this run, named in `PYTHONS`, of pyenv, of uv, and on the path."""
    yield Path(sys.executable).resolve()
    yield from map(Path, os.environ.get(MORE, "").split())
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local" / "share" / "uv" / "python"))
    kept = [folder for root in (pyenv, uv) for folder in sorted(root.glob("*/bin"))]
    for folder in [*kept, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def probed(path: Path) -> Interpreter | None:
    """The Python at a path; None when it does not run, or is none that the product is promised for.

    pyenv puts a program on the path for every version, which fails for those that are not chosen.
    """
    try:
        asked = subprocess.run([path, "-c", PROBE], capture_output=True, timeout=PROBE_SECONDS, check=True, cwd="/")
        kind, major, minor, micro, level = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if kind != "cpython" or level != "final" or (major, minor) < OLDEST:
        return None
    return Interpreter((major, minor, micro), path)


def found(paths: Iterable[Path] | None = None) -> list[Interpreter]:
    """One of each minor version, the oldest first; of several the newest, and of two alike the first."""
    best: dict[str, Interpreter] = {}
    for path in dict.fromkeys(candidates() if paths is None else paths):
        python = probed(path)
        if python is not None and (python.short not in best or best[python.short].version < python.version):
            best[python.short] = python
    return sorted(best.values())
