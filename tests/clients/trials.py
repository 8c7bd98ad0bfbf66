"""Trying client libraries of other languages: each as it is published, installed at a pinned version, in a process."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.programs import program
from tests.support.server import Server

HERE = Path(__file__).parent
INSTALLED = Path(sys.prefix) / "clients"
SECONDS_MAX = 300.0


def node_folder() -> Path:
    """A folder with the scripts and, beside them, the libraries of the lock file; installed once."""
    folder = install_node(HERE / "node")
    for script in (HERE / "node").glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def install_node(source: Path) -> Path:
    """A folder with the libraries of a lock file; installed once."""
    npm = program("npm")
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = INSTALLED / f"node-{lock}"
    if not folder.is_dir():
        fresh = INSTALLED / f"node-{lock}.{os.getpid()}"
        shutil.copytree(source, fresh)
        run([npm, "ci"], fresh, {})
        put_in_place(fresh, folder)
    return folder


def put_in_place(fresh: Path, folder: Path) -> None:
    """Rename, unless another run was faster."""
    try:
        fresh.rename(folder)
    except OSError:
        shutil.rmtree(fresh)


def run_node(script: str, server: Server, **environment: str) -> dict[str, Any]:
    """What a script says in its last line."""
    return _said(run([program("node"), script], node_folder(), addresses(server) | environment))


def run_go(server: Server, **environment: str) -> dict[str, Any]:
    """What the Go program says."""
    said = {"GOFLAGS": "-mod=mod"} | addresses(server) | environment
    return _said(run([program("go"), "run", "."], HERE / "go", said))


def addresses(server: Server) -> dict[str, str]:
    """What a trial is told of the server and its demonstration."""
    demo = server.demo
    return {
        "TESSERA": server.url,
        "CLIENT_ID": demo["client_id"],
        "CLIENT_SECRET": demo["client_secret"],
        "PROFILE": f"{server.url}/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}",
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _said(printed: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return said
