"""A real server: the `tessera serve` command as a process of its own, on a free port of the loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import msgspec

from tessera import files
from tessera.app.demo import demo
from tessera.store.folder import DataFolder
from tests.support import engines, operator_session, prepared
from tests.support.settings import settings_for

PATIENT = {"TESSERA_FAILED_ATTEMPTS_MAX": "1000000"}
"""Tests of anything else are not slowed when they send wrong secrets."""

START_SECONDS = 120.0
STOP_SECONDS = 60.0
"""Only a server that hangs takes as long, on a machine however busy."""

ELSEWHERE = {"--database", "TESSERA_DATABASE", "TESSERA_MASTER_KEY", "TESSERA_MASTER_KEY_FILE"}
"""Arguments and variables by which the database or the master key is not in the folder."""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running server. `demo` holds the members of `demo.json`; `output` is what it printed so far."""

    def __init__(
        self, folder: Path, port: int, process: subprocess.Popen[bytes], printed: Path, *, tls: bool = False
    ) -> None:
        self.folder = folder
        self.port = port
        self.process = process
        self.printed = printed
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    @property
    def demo(self) -> dict[str, str]:
        """The members of `demo.json`."""
        members: dict[str, str] = json.loads((self.folder / "demo.json").read_text())
        return members

    @property
    def output(self) -> str:
        """Everything the server wrote to standard output and standard error."""
        return self.printed.read_text(errors="replace")

    def wait(self) -> None:
        """Wait until it answers. Raises AssertionError with its output when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(self.url + "/", timeout=10, verify=False)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the server did not start:\n{self.output}")

    def stop(self) -> int:
        """SIGTERM, and the exit code; SIGKILL when it does not end in time."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def token(self) -> str:
        """A fresh token for the demonstration's application."""
        answer = httpx.post(
            self.url + "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.demo["client_id"], self.demo["client_secret"]),
            timeout=60,
        )
        token: str = answer.raise_for_status().json()["access_token"]
        return token


def start(folder: Path, *arguments: str, **environment: str) -> Server:
    """Start a server with a demonstration in this folder; it answers when this returns.

    A new folder is a copy of one with a demonstration. By `start_bare(folder, "--demo")` the server sets it up itself.
    """
    elsewhere = ELSEWHERE & {*arguments, *environment, *os.environ}
    if not elsewhere and not folder.exists() and engines.url(folder) is None:
        prepared.copied(folder, _with_demonstration)
    return start_bare(folder, "--demo", *arguments, **environment)


def _with_demonstration(folder: Path) -> None:
    settings_for(folder)
    files.write(DataFolder(folder).demo, msgspec.json.encode(operator_session.do(folder, demo.create)))


def start_bare(folder: Path, *arguments: str, module: str = "tessera", **environment: str) -> Server:
    """Start a server on this folder; it answers when this returns. `module` is what is run in its place."""
    port = free_port()
    printed = folder.parent / f"{folder.name}.{port}.out"
    command = [sys.executable, "-m", module, "serve", "--port", str(port), "--data-dir", str(folder)]
    engines.lend(folder)
    environment = {"TESSERA_MANAGEMENT_PORT": "off", **engines.environment(folder), **environment}
    with printed.open("wb") as output:
        process = _popen([*command, *arguments], output, environment)
    server = Server(folder, port, process, printed, tls="TESSERA_TLS_KEY_FILE" in environment)
    server.wait()
    return server


def _popen(command: list[str], output: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **PATIENT, **environment},
    )


@contextmanager
def running(folder: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """A server for the length of a block; it must end cleanly."""
    server = start(folder, *arguments, **environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
