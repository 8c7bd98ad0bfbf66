"""OpenTelemetry traces, for whoever has installed the extra `otel` and named an endpoint: a span for each request.

A span holds the route, never the address as it was sent. The caller's own trace is continued only for proxies that are
trusted: anybody else could have us record, and mark, whatever they like.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Any

from tessera import __version__
from tessera.ops.request_record import RequestRecord

END_SECONDS = 2.0
"""How long spans that are still here are sent at the end."""

Answered = Callable[[Mapping[str, Any], RequestRecord, int, int, int], None]
"""Told of every request: its scope, what is known of it, the status, and when it began and ended in nanoseconds."""


def installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("opentelemetry") is not None and all(
        importlib.util.find_spec(name) is not None for name in ("opentelemetry.sdk", "opentelemetry.exporter.otlp")
    )


@contextmanager
def traces(endpoint: str, trusted: Sequence[str]) -> Iterator[Answered]:
    """What is told of every request, and sends spans from a thread for the length of the block."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.propagators.textmap import Getter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.semconv.attributes import http_attributes as http
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    resource = Resource.create({"service.name": "tessera", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=END_SECONDS)))
    tracer = provider.get_tracer("tessera", __version__)
    propagator = TraceContextTextMapPropagator()
    networks = [ip_network(each, strict=False) for each in trusted]

    class Headers(Getter[Sequence[tuple[bytes, bytes]]]):
        """Reads the headers of a request."""

        def get(self, carrier: Sequence[tuple[bytes, bytes]], key: str) -> list[str] | None:
            return [value.decode("latin-1") for name, value in carrier if name == key.encode()] or None

        def keys(self, carrier: Sequence[tuple[bytes, bytes]]) -> list[str]:
            return [name.decode("latin-1") for name, _ in carrier]

    def answered(scope: Mapping[str, Any], record: RequestRecord, status: int, begun: int, ended: int) -> None:
        method, client = scope["method"], scope["client"]
        parent = None
        if networks and client and any(ip_address(client[0]) in network for network in networks):
            parent = propagator.extract(scope["headers"], getter=Headers())
        attributes: dict[str, str | int] = {http.HTTP_REQUEST_METHOD: method, http.HTTP_RESPONSE_STATUS_CODE: status}
        told = {
            http.HTTP_ROUTE: record.route,
            "client.address": record.source,
            "tessera.client_id": record.client,
            "error.type": record.code,
            "tessera.request_id": record.request_id,
        }
        attributes |= {name: value for name, value in told.items() if value}
        name = f"{method} {record.route}" if record.route else method
        span = tracer.start_span(name, parent, SpanKind.SERVER, attributes=attributes, start_time=begun)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    try:
        yield answered
    finally:
        provider.shutdown()
