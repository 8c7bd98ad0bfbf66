"""Drives wrk: one load, one walk over all requests; anything but success answers fails the run."""

import shutil
import signal
import subprocess
import time
from math import gcd
from pathlib import Path
from typing import IO

import msgspec

from bench.processes import ROOT, BenchError, Server

SCRIPT = ROOT / "bench" / "load" / "walk.lua"
CONNECTIONS = 32
PASS_SECONDS_MAX = 300
ANSWER_SECONDS = 30.0
MISSING = "The benchmark needs wrk, which is not installed: `apt-get install wrk`."


class Requests(msgspec.Struct, frozen=True):
    """A file of prepared requests, and how many it holds."""

    path: Path
    count: int

    @property
    def stride(self) -> int:
        """A step that visits every request, far from its neighbours in the file and in the server's memory."""
        step = max(1, int(self.count * 0.618))
        while gcd(step, self.count) != 1:
            step -= 1
        return step


class Figures(msgspec.Struct, frozen=True):
    """What wrk measured in one load."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def installed() -> bool:
    """Whether wrk can be run."""
    return shutil.which("wrk") is not None


def load(server: Server, requests: Requests, seconds: float, start: int = 0, connections: int = CONNECTIONS) -> Figures:
    """Load a server for so long, walking over the requests. Raises BenchError when any answer is no success."""
    walk = [str(requests.path), str(start % requests.count), str(requests.stride), "load", f"{time.time_ns():016x}"]
    with _wrk(server, int(seconds) + 10, walk, connections) as process:
        _await_line(process, "started")
        time.sleep(seconds)
        figures = _stop(process)
    if figures.refused or figures.broken or not figures.requests:
        raise BenchError(
            f"Under load {server.name} answered {figures.requests} requests, refused {figures.refused} of them, and"
            f" broke {figures.broken} connections. {_explanation(server, requests)}"
        )
    return figures


def one_pass(server: Server, requests: Requests) -> float:
    """Send each request once (a few more at the end); how many a second. Raises BenchError as `load` does."""
    with _wrk(server, PASS_SECONDS_MAX, [str(requests.path), "0", "1", "pass"]) as process:
        _await_line(process, "started")
        began = time.monotonic()
        _await_line(process, "passed")
        passed = time.monotonic() - began
        figures = _stop(process)
    if figures.refused or figures.broken:
        raise BenchError(f"{server.name} refused {figures.refused} first requests. {_explanation(server, requests)}")
    return requests.count / passed


def collect(server: Server, requests: Requests, path: Path) -> list[str]:
    """Send each token request once and keep the tokens, about one of each caller."""
    with _wrk(server, PASS_SECONDS_MAX, [str(requests.path), "0", "1", "collect", str(path)]) as process:
        _await_line(process, "passed")
        _stop(process)
    tokens = path.read_text().splitlines()
    if "" in tokens:
        raise BenchError(f"{server.name} answered a token request without a token. {_explanation(server, requests)}")
    return tokens[: requests.count]


def _wrk(server: Server, seconds_max: int, walk: list[str], connections: int = CONNECTIONS) -> subprocess.Popen[str]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds_max}s", "--timeout", "10s", "-s", str(SCRIPT)]
    return subprocess.Popen(
        [*command, f"http://127.0.0.1:{server.port}/", "--", *walk],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _await_line(process: subprocess.Popen[str], wanted: str) -> None:
    """Read what the script says until it says this. wrk ends by itself after its longest time, so this ends too."""
    for line in _errors(process):
        if line.strip() == wanted:
            return
    raise BenchError(f"wrk ended before it said {wanted!r}.")


def _errors(process: subprocess.Popen[str]) -> IO[str]:
    if process.stderr is None:
        raise BenchError("wrk was started without its standard error.")
    return process.stderr


def _stop(process: subprocess.Popen[str]) -> Figures:
    """SIGINT makes wrk finish early and report what it has."""
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise BenchError(f"wrk did not end within {ANSWER_SECONDS:g} s.") from None
    for line in output.splitlines():
        if line.startswith("RESULT "):
            return msgspec.json.decode(line.removeprefix("RESULT "), type=Figures)
    raise BenchError(f"wrk reported nothing; it said: {output.strip()}")


def _explanation(server: Server, requests: Requests) -> str:
    """Ask again for a moment, with the answers looked at, and count the refusals by what they said."""
    with _wrk(server, 1, [str(requests.path), "0", str(requests.stride), "explain"]) as process:
        said = [line.strip() for line in _errors(process) if line.startswith("refused")]
    if not said:
        return "Asked again, it refused nothing."
    kinds = sorted({line: said.count(line) for line in set(said[:1000])}.items(), key=lambda each: -each[1])
    return "Asked again: " + "; ".join(f"{number} x {line}" for line, number in kinds[:5])
