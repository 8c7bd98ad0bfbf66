"""A real nginx in front of a server: on loopback, on a free port, with everything that it writes in a folder."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.docs.fences import fences
from tests.support.pki import Pair
from tests.support.programs import program
from tests.support.server import free_port

START_SECONDS = 20.0
STOP_SECONDS = 15.0

ADDRESS = "127.0.0.2"
"""Where nginx comes from to the server behind it: another address than that of its own clients."""

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""

PLAIN = """
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_bind {address};
            proxy_set_header Host $host;
            {lines}
        }}
    }}
"""

EXAMPLE = next(fence.text for fence in fences("docs/deploying.md") if fence.language == "nginx")
"""The configuration that the docs show."""


@contextmanager
def proxy(folder: Path, behind: int, *lines: str) -> Iterator[int]:
    """An nginx in front of this port, with these lines of configuration; the port it listens on. It ends by itself."""
    port = free_port()
    text = "\n            ".join(lines)
    servers = PLAIN.format(port=port, behind=behind, address=ADDRESS, lines=text)
    with running(folder, CONFIGURATION.format(folder=folder, servers=servers), port):
        yield port


@contextmanager
def example(folder: Path, behind: int, server: Pair) -> Iterator[int]:
    """The nginx of the docs in front of this port, with this certificate; the port it listens on."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "server.pem").write_bytes(server.pem)
    (folder / "server.key").write_bytes(server.key_pem)
    text = EXAMPLE.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("/etc/nginx", str(folder))
    text = text.replace("/var/log/nginx", str(folder)).replace("127.0.0.1:8000;", f"127.0.0.1:{behind};")
    with running(folder, CONFIGURATION.format(folder=folder, servers=text), port, "https"):
        yield port


@contextmanager
def running(folder: Path, configuration: str, port: int, scheme: str = "http") -> Iterator[None]:
    """An nginx with this configuration for the length of a block; it answers when the block begins."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(configuration)
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [program("nginx"), "-e", str(folder / "error.log"), "-c", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        _wait(f"{scheme}://127.0.0.1:{port}/", process, folder)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _wait(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, timeout=5, verify=False)  # only whether it answers
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx did not start:\n{(folder / 'out').read_text()}\n{(folder / 'error.log').read_text()}")
