"""The processes of a run: started here, asked for their memory, and stopped by the pid that was started."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 20.0


class BenchError(Exception):
    """The run cannot go on; the text is a sentence that says why."""


class Server:
    """A server process that answers on a port of the loopback."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.port = port
        self._process = process

    def wait(self) -> None:
        """Wait for the first answer, whatever it says. Raises BenchError when there is none."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.005)
        raise BenchError(f"The server of {self.name} did not start; `tessera serve` by hand says why.")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            return False
        finally:
            connection.close()
        return True

    def cpu_seconds(self) -> float:
        """Processor time used so far, in user and system."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def memory_mib(self) -> float:
        """Resident memory now, in MiB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise BenchError(f"The server of {self.name} has ended.")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*module_and_arguments: str, quiet: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A Python module as a process for the length of a block; SIGTERM at the end, SIGKILL when it lingers.

    What it says on standard error goes nowhere when `quiet`, and otherwise where ours goes.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *module_and_arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if quiet else None,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def bare() -> Iterator[Server]:
    """The bare handler, answering."""
    port = free_port()
    with running("bench.bare", str(port)) as process:
        server = Server("the bare handler", process, port)
        server.wait()
        yield server


@contextmanager
def tessera(name: str, folder: Path, database: str | None = None) -> Iterator[Server]:
    """`tessera serve` with one worker over a data folder, answering.

    It logs every request, as it does everywhere, to nobody.
    """
    port = free_port()
    named = () if database is None else ("--database", database)
    with running("tessera", "serve", "--port", str(port), "--data-dir", str(folder), *named, quiet=True) as process:
        server = Server(name, process, port)
        server.wait()
        yield server
