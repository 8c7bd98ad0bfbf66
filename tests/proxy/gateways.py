"""Proxies whose callers share one connection to the server behind: what one of them smuggles, another would meet.

Each says itself who its client is (`X-Forwarded-For`), lets no client hand over a certificate, and refuses requests
whose query is `SMUGGLED`: what the server gets of them was no request to the proxy.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from tests.proxy import haproxy, nginx
from tests.proxy.nginx import ADDRESS
from tests.support.programs import program
from tests.support.server import free_port

Gateway = Callable[[Path, int], AbstractContextManager[int]]
"""Starts a proxy with a folder of its own in front of a port; the port on which it listens."""

START_SECONDS = 30.0

SMUGGLED = "smuggled"

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' '';
    }}
    upstream tessera {{
        server 127.0.0.1:{behind};
        keepalive 1;
    }}
    server {{
        listen 127.0.0.1:{port};
        underscores_in_headers on;
        if ($args = {smuggled}) {{
            return 403;
        }}
        location / {{
            proxy_pass http://tessera;
            proxy_bind {address};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header Forwarded "";
            proxy_set_header Client-Cert "";
            proxy_set_header Client-Cert-Chain "";
            {lines}
        }}
    }}
}}
"""

OFFERED = """
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
"""
"""For WebSockets, as nginx's documentation has it."""

PASSED = """
            proxy_set_header uPgRaDe $http_upgrade;
            proxy_set_header Connection $http_connection;
"""
"""Both as the client says, in letters that no filter expects; other proxies pass on a client's own spelling."""

HAPROXY = """
global
    maxconn 256
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout queue 5s
frontend clients
    bind 127.0.0.1:{port}
    http-request deny if {{ query {smuggled} }}
    http-request set-header X-Forwarded-For %[src]
    http-request del-header Forwarded
    http-request del-header Client-Cert
    http-request del-header Client-Cert-Chain
    default_backend tessera
backend tessera
    http-reuse always
    server one 127.0.0.1:{behind} source {address} maxconn 1 pool-max-conn 1
"""


def nginx_offering(folder: Path, behind: int) -> AbstractContextManager[int]:
    """An nginx that lets clients go on in another protocol."""
    return _nginx(folder, behind, OFFERED)


def nginx_passing(folder: Path, behind: int) -> AbstractContextManager[int]:
    """An nginx that passes on what its clients say of their connections, spelled oddly."""
    return _nginx(folder, behind, PASSED)


@contextmanager
def _nginx(folder: Path, behind: int, lines: str) -> Iterator[int]:
    port = free_port()
    configuration = NGINX.format(
        folder=folder, port=port, behind=behind, address=ADDRESS, smuggled=SMUGGLED, lines=lines
    )
    with nginx.running(folder, configuration, port):
        yield port


@contextmanager
def haproxy_reusing(folder: Path, behind: int) -> Iterator[int]:
    """An HAProxy that has one connection for everybody."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    configuration = HAPROXY.format(port=port, behind=behind, address=ADDRESS, smuggled=SMUGGLED)
    with haproxy.running(folder, configuration, port, "http"):
        yield port


@contextmanager
def go_reversing(folder: Path, behind: int) -> Iterator[int]:
    """The reverse proxy of Go's standard library."""
    folder.mkdir(parents=True, exist_ok=True)
    built, port = folder / "reverse", free_port()
    go = program("go")
    subprocess.run(
        [go, "build", "-buildvcs=false", "-o", str(built), "."], cwd=Path(__file__).parent / "go", check=True
    )
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(
            [str(built), str(port), str(behind), ADDRESS, SMUGGLED],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | {"NO_PROXY": "*"},
        )
    try:
        _wait(process, port, folder / "out")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, out: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"the proxy did not start:\n{out.read_text()}")


GATEWAYS: tuple[Gateway, ...] = (nginx_offering, nginx_passing, haproxy_reusing, go_reversing)
