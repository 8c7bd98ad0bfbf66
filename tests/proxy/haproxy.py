"""A real HAProxy in front of a server: ends TLS on loopback, asks for certificates and hands them over (RFC 9440)."""

import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.docs.fences import fences
from tests.support import pki
from tests.support.pki import Pair
from tests.support.programs import program
from tests.support.server import free_port

START_SECONDS = 20.0
STOP_SECONDS = 15.0

EXAMPLE = next(fence.text for fence in fences("docs/authentication.md") if fence.language == "haproxy")
"""The configuration that the docs show for certificates of clients."""

BESIDE = """
defaults
    mode http
    timeout connect 10s
    timeout client 30s
    timeout server 30s
backend tessera
    server one 127.0.0.1:{behind} source 127.0.0.2
"""
"""What it needs beside that."""

BALANCED = """
global
    maxconn 256
defaults
    mode http
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    retries 3
    option redispatch 1
frontend clients
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance roundrobin
    {servers}
"""

ANY = "crt-ignore-err all ca-ignore-err all"
"""Lets clients connect with certificates of no authority: the server behind knows those that are registered."""


@contextmanager
def proxy(folder: Path, behind: int, server: Pair, authorities: bytes, ignore: str = ANY) -> Iterator[int]:
    """An HAProxy in front of this port, with this certificate; the port it listens on. It ends by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "server.pem").write_bytes(server.pem + server.key_pem)
    (folder / "clients.pem").write_bytes(authorities)
    text = EXAMPLE.replace("bind :443", f"bind 127.0.0.1:{port}").replace("/etc/haproxy", str(folder))
    with running(folder, text.replace(ANY, ignore) + BESIDE.format(behind=behind), port):
        yield port


@contextmanager
def balancer(folder: Path, behind: Sequence[int]) -> Iterator[int]:
    """An HAProxy in front of several servers, without TLS: each request goes to the next of them."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    servers = "\n    ".join(f"server node{each} 127.0.0.1:{each} check inter 250ms" for each in behind)
    with running(folder, BALANCED.format(port=port, servers=servers), port, "http"):
        yield port


@contextmanager
def running(folder: Path, configuration: str, port: int, scheme: str = "https") -> Iterator[None]:
    """HAProxy with this configuration for the length of a block; it answers when the block begins."""
    file = folder / "haproxy.cfg"
    file.write_text(configuration)
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [program("haproxy"), "-db", "-f", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(f"{scheme}://127.0.0.1:{port}/", process, folder / "out")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], out: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, timeout=5, verify=False)  # only whether it answers
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"HAProxy did not start:\n{out.read_text()}")


def server_certificate(authority: Pair) -> Pair:
    """A certificate for the proxy itself."""
    return pki.certificate("proxy", authority, "dns:localhost", "ip:127.0.0.1", usage=pki.SERVERS)
