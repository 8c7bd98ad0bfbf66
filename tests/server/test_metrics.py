"""The numbers: whole over several workers, kept when one is killed, and bounded whatever is asked."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import raw
from tests.support.operator import Operated, operated, until
from tests.support.processes import children
from tests.support.raw import Wire

WORKERS = 2


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Operated]:
    """A server with two workers, both alive."""
    with operated(tmp_path / "data", "--workers", str(WORKERS)) as running:
        until(lambda: running.number("tessera_workers"), lambda workers: workers == WORKERS)
        yield running


def ask(served: Operated, requests: int) -> None:
    """So many requests for an address that nothing answers, each on a connection of its own."""
    for _ in range(requests):
        assert raw.ask(served.server.port, "GET", "/nothing").status == 404


def counted(served: Operated) -> float:
    """How many of them were counted."""
    return served.number("tessera_requests_total", route="none")


def test_every_scrape_shows_all_requests(served: Operated) -> None:
    """Whichever worker is scraped, the sum is that of the requests made, at once, and never goes down."""
    before = counted(served)
    for asked in range(1, 6):
        ask(served, 10)
        assert {counted(served) for _ in range(10)} == {before + 10 * asked}
    seconds = served.number("tessera_request_duration_seconds_count", route="none")
    assert seconds == counted(served)
    infinite = served.number("tessera_request_duration_seconds_bucket", route="none", le="+Inf")
    assert infinite == seconds


def test_a_killed_worker_takes_no_count_with_it(served: Operated) -> None:
    """After SIGKILL the counts are as they were, and go on; what the dead one held is no longer shown."""
    ask(served, 40)
    before = counted(served)
    os.kill(children(served.server.process.pid)[0], signal.SIGKILL)
    assert served.number("tessera_workers") < WORKERS or counted(served) >= before
    until(lambda: served.number("tessera_workers"), lambda workers: workers == WORKERS)
    assert counted(served) == before
    ask(served, 40)
    assert {counted(served) for _ in range(10)} == {before + 40}
    workers = {value for _, labels in served.samples() for name, value in labels if name == "worker"}
    assert workers == {"1", "2"}
    assert served.number("tessera_leases_held", lease="settlement") <= 1


def test_no_request_invents_a_label(served: Operated) -> None:
    """Hostile paths, methods and codes add no series beyond the declared ones, and no value of theirs is shown."""
    port = served.server.port
    for method in ("GET", "POST", "DELETE", "PROPFIND", "M-SEARCH", "LOCK"):
        raw.ask(port, method, "/warm")
    before = len(served.samples())
    for number in range(300):
        raw.ask(port, "GET", f"/evil/{number}/priv/v1/apps/{number}")
        raw.ask(port, "POST", f"/priv/v1/apps/evil{number}/users")
    for method in ("PURGE", "MKCOL", "TRACE", "REPORT", "BREW", "EVIL"):
        with Wire(port) as wire:
            wire.send(raw.request(method, "/oauth/token"))
            wire.answer()
    text = served.ask("/metrics").text
    assert "evil" not in text
    assert "EVIL" not in text
    assert "PURGE" not in text
    methods = {value for _, labels in served.samples() for name, value in labels if name == "method"}
    assert methods <= {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "other"}
    assert len(served.samples()) - before < 120
    assert served.number("tessera_metrics_dropped_total") == 0


def test_what_happens_is_counted(served: Operated) -> None:
    """Tokens by outcome, refusals by code, commits, singleton tasks, memory: each shows what was done."""
    server = served.server
    for _ in range(3):
        server.token()
    httpx.post(
        server.url + "/oauth/token", data={"grant_type": "client_credentials"}, auth=("nobody", "wrong"), timeout=60
    )
    assert served.number("tessera_tokens_total", outcome="issued") == 3
    assert served.number("tessera_tokens_total", outcome="invalid_client") == 1
    assert served.number("tessera_refusals_total", code="invalid_client") == 1
    with Wire(server.port) as wire:
        wire.send(b"GET / HTTP/1.1\r\n\r\n")
        assert wire.answer() is not None
    assert served.number("tessera_connections_rejected_total", status="400") == 1
    until(lambda: served.number("tessera_commits_total", outcome="ok"), lambda commits: commits > 0)
    until(lambda: served.number("tessera_leases_held"), lambda held: held >= 2)
    assert served.number("tessera_resident_memory_bytes") > 10_000_000
    assert served.number("tessera_applications_cached") >= 1
    until(lambda: served.number("tessera_feed_age_seconds"), lambda seconds: seconds < 5)
    assert served.number("tessera_build_info") == 1


def test_the_text_is_what_prometheus_reads(served: Operated) -> None:
    """The library's own parser reads it whole; every family has a type and a help."""
    answer = served.ask("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert families["tessera_requests"].type == "counter"
    assert families["tessera_request_duration_seconds"].type == "histogram"
    assert [name for name, family in families.items() if not family.documentation or family.type == "unknown"] == []
