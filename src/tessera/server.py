"""The server: one process, or several that share a socket, until SIGTERM."""

import asyncio
import multiprocessing
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess

from tessera import wiring
from tessera.core import urls
from tessera.core.oauth import issuers
from tessera.ops import tracing
from tessera.ops.certificates import CertificateError, Certificates
from tessera.ops.shared_memory import SharedMetrics
from tessera.settings import Settings, SettingsError
from tessera.web.asgi import App
from tessera.web.server.accepting import Loop
from tessera.web.server.batching import EventLoopBatch
from tessera.web.server.connection_limits import Limits
from tessera.web.server.protocol import HttpConnection
from tessera.wiring import Equipment


def listen(settings: Settings) -> socket.socket:
    """A listening socket at the address in the settings.

    Raises SettingsError when the address cannot be had, or would carry secrets in the clear beyond this machine.
    """
    if certificates(settings) is None and not settings.behind_tls_proxy and not issuers.loopback(settings.host):
        raise SettingsError(
            f"Listening on {settings.host} without TLS would send secrets in the clear. Name the files of a certificate"
            " with --tls-certificate-file and --tls-key-file, or put a proxy that ends TLS in front and say so with"
            " --behind-tls-proxy, or listen on 127.0.0.1."
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


def certificates(settings: Settings) -> Certificates | None:
    """What TLS is served with; None when it is not. Raises SettingsError for files that cannot be used now."""
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("TLS needs both files: name --tls-certificate-file and --tls-key-file.")
    found = Certificates(certificate, key)
    try:
        found.check()
    except CertificateError as error:
        raise SettingsError(f"TLS cannot be served. {error}") from None
    return found


def check_traces(settings: Settings) -> None:
    """Raises SettingsError when traces are wanted and cannot be sent."""
    endpoint = settings.otlp_endpoint
    if endpoint is None:
        return
    try:
        parts = urls.split(endpoint)
    except ValueError as error:
        raise SettingsError(f"The setting otlp_endpoint cannot be used. {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("The setting otlp_endpoint cannot be used: it begins with http:// or https://, and a host.")
    if not tracing.installed():
        raise SettingsError("Traces need the extra `otel`: `pip install 'tessera-id[otel]'`, or unset otlp_endpoint.")


def listen_for_management(settings: Settings) -> socket.socket | None:
    """A listening socket for the management port; None when it is off.

    When the default is taken, which says nothing of an operator's wish, any free port will do. Raises SettingsError.
    """
    host, port = settings.management_host, settings.management_port
    if port == "off":
        return None
    for number in (port,) if "management_port" in settings.model_fields_set else (port, 0):
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, number), family=family, backlog=128)
        except OSError as error:
            reason = error.strerror
    raise SettingsError(
        f"Cannot listen on {host} port {port} for management: {reason}. Name another with --management-port, or `off`."
    )


def run(
    settings: Settings, listener: socket.socket, management: socket.socket | None, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished first.

    `ready` is called when a signal would end it cleanly, just before it starts.
    """
    pair = certificates(settings)
    limits = _limits(settings)
    config = _Config(
        partial(_application, settings, Equipment(SharedMetrics(), management, pair)),
        ssl_context_factory=None if pair is None else partial(_context, pair),
        factory=True,
        workers=settings.workers,
        http=_protocol(limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        headers=_tls_headers(settings),
        proxy_headers=False,
        timeout_graceful_shutdown=int(settings.shutdown_timeout_seconds) or 1,
    )
    config.limits = limits
    server = uvicorn.Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_stop, server))
    ready()
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        server.run(sockets=[listener])


def _tls_headers(settings: Settings) -> list[tuple[str, str]]:
    """Headers of every answer over TLS of the server's own; over http they would count for nothing (RFC 6797)."""
    if settings.tls_certificate_file is None or settings.hsts_max_age_seconds == 0:
        return []
    return [("strict-transport-security", f"max-age={settings.hsts_max_age_seconds}")]


def _application(settings: Settings, equipment: Equipment) -> App:
    """The application of one process.

    A worker ends, in order, when the process that would replace it is gone: it would hold the port against the next.
    """
    if multiprocessing.parent_process() is not None:
        threading.Thread(target=_end_with_parent, name="tessera-parent", daemon=True).start()
    return wiring.application(settings, equipment)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class _Config(uvicorn.Config):
    """The configuration of uvicorn, with the event loop of ours."""

    limits: Limits

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """What makes the event loop of a process."""
        return partial(Loop, self.limits)


def _limits(settings: Settings) -> Limits:
    return Limits(
        connections_max=settings.connections_max,
        head_bytes_max=settings.request_head_bytes_max,
        request_timeout_seconds=settings.request_timeout_seconds,
        keep_alive_timeout_seconds=settings.keep_alive_timeout_seconds,
    )


def _protocol(limits: Limits) -> Any:
    return partial(_connection, limits, EventLoopBatch())


def _connection(
    limits: Limits, turns: EventLoopBatch, *, config: uvicorn.Config, server_state: ServerState, **_options: Any
) -> HttpConnection:
    """A connection, as uvicorn asks for one."""
    return HttpConnection(config.loaded_app, server_state, limits, turns)


def _context(pair: Certificates, _config: uvicorn.Config, _default: object) -> ssl.SSLContext:
    return pair.context()


def _stop(server: uvicorn.Server, _number: int, _frame: object) -> None:
    """A signal while uvicorn does not handle it: before it has started, or once more after it has stopped.

    A single server ends as soon as it has started; raising would end in the event loop, which takes that for a failure.
    Before there are workers there is nothing to finish.
    """
    if server.config.workers > 1 and not server.should_exit:
        raise SystemExit(0)
    server.should_exit = True
