"""Traces: a span for each request, sent where the operator says, and a caller's trace only of trusted proxies."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.cli.command import one_sentence, spawn
from tests.support import raw
from tests.support.operator import operated, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")


class Collector:
    """Takes what is exported, by OTLP over HTTP on the loopback."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.raw = b""

    def take(self, body: bytes) -> None:
        """One export."""
        self.raw += body
        exported = ExportTraceServiceRequest.FromString(body)
        for resource in exported.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector and its endpoint, for the length of a block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        """Takes what is posted."""

        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector, f"http://127.0.0.1:{server.server_address[1]}/v1/traces"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def attributes(span: Any) -> dict[str, object]:
    """The attributes of a span."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


@pytest.mark.parametrize("trusted", [True, False])
def test_a_request_is_a_span(tmp_path: Path, trusted: bool) -> None:
    """It has route, status and application, no query and no secret; `traceparent` counts from trusted proxies only."""
    with collecting() as (collector, endpoint):
        environment = {"TESSERA_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        if trusted:
            environment["TESSERA_TRUSTED_PROXIES"] = "127.0.0.0/8"
        with operated(tmp_path / "data", **environment) as served:
            demo = served.server.demo
            query = f"grant_type=client_credentials&client_id={demo['client_id']}&client_secret={demo['client_secret']}"
            raw.ask(served.server.port, "POST", f"/oauth/token?{query}", headers=[PARENT])
            raw.ask(served.server.port, "GET", "/nothing/secret-path")
            spans = until(
                lambda: {span.name: span for span in list(collector.spans)}, lambda found: "POST /oauth/token" in found
            )
    span = spans["POST /oauth/token"]
    found = attributes(span)
    assert found["http.route"] == "/oauth/token"
    assert found["http.response.status_code"] == 200
    assert found["tessera.client_id"] == demo["client_id"]
    assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 10**10
    assert (span.trace_id.hex() == TRACE) is trusted
    assert demo["client_secret"].encode() not in collector.raw
    assert b"secret-path" not in collector.raw


def test_a_collector_that_is_away_stops_nothing(tmp_path: Path) -> None:
    """Requests are answered, and the server ends in time."""
    with operated(tmp_path / "data", TESSERA_OTLP_ENDPOINT="http://127.0.0.1:9/v1/traces") as served:
        for _ in range(20):
            assert raw.ask(served.server.port, "GET", "/nothing").status == 404
        assert served.server.stop() == 0


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [("localhost:4317", "http://"), ("http:///v1/traces", "a host"), ("http://127.0.0.1:0/v1/traces", "1 to 65535")],
)
def test_an_endpoint_that_is_none_refuses_the_start(tmp_path: Path, endpoint: str, said: str) -> None:
    """What is no address over HTTP ends in one sentence."""
    environment = {"TESSERA_OTLP_ENDPOINT": endpoint}
    done = spawn("serve", "--port", "0", "--data-dir", tmp_path / "data", environment=environment)
    sentence = one_sentence(done)
    assert "otlp_endpoint" in sentence
    assert said in sentence
