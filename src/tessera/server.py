"""The server: one process, or several that share a socket, until SIGTERM."""

import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from tessera import wiring
from tessera.core import issuers
from tessera.settings import Settings, SettingsError
from tessera.web.limits import Limits
from tessera.web.protocol import LimitedProtocol
from tessera.web.turns import Turns


def listen(settings: Settings) -> socket.socket:
    """A listening socket at the address in the settings.

    Raises SettingsError when the address cannot be had, or would carry secrets in the clear beyond this machine.
    """
    if not settings.behind_tls_proxy and not issuers.loopback(settings.host):
        raise SettingsError(
            f"Listening on {settings.host} without TLS would send secrets in the clear. Put a proxy that ends TLS in"
            " front and say so with --behind-tls-proxy, or listen on 127.0.0.1."
        )
    if settings.issuer is None and not issuers.loopback(settings.host):
        raise SettingsError(
            f"Listening on {settings.host} needs the address by which callers reach the service, for the tokens and"
            " documents that name it. Say it with --issuer https://id.example.com."
        )
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}. Name another with --port."
        ) from None


def run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished first.

    `ready` is called when a signal would end it cleanly, just before it starts.
    """
    config = uvicorn.Config(
        partial(wiring.application, settings),
        factory=True,
        workers=settings.workers,
        loop="uvloop",
        http=_protocol(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.shutdown_seconds) or 1,
    )
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_stop, server))
    ready()
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        server.run(sockets=[listener])


def _protocol(settings: Settings) -> Any:
    limits = Limits(
        connections_max=settings.connections_max,
        head_bytes_max=settings.request_head_bytes_max,
        request_timeout_seconds=settings.request_timeout_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
    )
    return partial(LimitedProtocol, limits=limits, turns=Turns())


def _stop(server: uvicorn.Server, _number: int, _frame: object) -> None:
    """A signal while uvicorn does not handle it: before it has started, or once more after it has stopped.

    A single server ends as soon as it has started; raising would end in the event loop, which takes that for a failure.
    Before there are workers there is nothing to finish.
    """
    if server.config.workers > 1 and not server.should_exit:
        raise SystemExit(0)
    server.should_exit = True
