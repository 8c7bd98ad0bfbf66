"""Where a run was made: versions of what matters to speed, and the machine."""

import os
import platform
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

import msgspec

PACKAGES = ("tessera-id", "uvicorn", "uvloop", "httptools", "msgspec", "cryptography")


class Machine(msgspec.Struct, frozen=True):
    """Versions and machine of one run."""

    versions: dict[str, str]
    cpu: str
    cores: int
    memory_mib: int
    kernel: str


def here() -> Machine:
    """This machine, with what is installed on it now."""
    versions = {name: version(name) for name in PACKAGES}
    versions |= {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "wrk": _wrk_version()}
    return Machine(versions, _first("/proc/cpuinfo", "model name"), os.cpu_count() or 1, _memory(), platform.release())


def _wrk_version() -> str:
    """`wrk -v` ends with a failure code, and names its version all the same."""
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return said.split()[1] if said.startswith("wrk ") else "unknown"


def _memory() -> int:
    kibibytes = _first("/proc/meminfo", "MemTotal").split()[0]
    return int(kibibytes) // 1024


def _first(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return f"no {name}"
