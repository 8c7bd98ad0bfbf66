"""The log: one event a request, on one line whatever is sent, and never in the way of answers."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tessera.ops.log_writer import LogWriter
from tests.support import raw
from tests.support.operator import Operated, operated, until
from tests.support.raw import Wire
from tests.support.server import free_port, running


def lines(output: str) -> list[str]:
    """The lines of the log."""
    return [line for line in output.splitlines() if line.startswith("{")]


def test_a_request_is_one_event(tmp_path: Path) -> None:
    """What was asked, what came of it, who asked and from where; a refusal's reason stands in the same event."""
    with operated(tmp_path / "data") as served:
        server = served.server
        server.token()
        form = f"grant_type=client_credentials&client_id={server.demo['client_id']}&client_secret=wrong-secret".encode()
        raw.ask(server.port, "POST", "/oauth/token?hidden=query", form, [raw.FORM])
        raw.ask(server.port, "GET", "/nothing/here?hidden=query")
        issued, refused, missing = until(lambda: asked(served), lambda events: len(events) == 3)
        output = server.output
    assert issued | {"timestamp": "", "duration_ms": 0} == {
        "event": "request",
        "level": "info",
        "timestamp": "",
        "outcome": "ok",
        "method": "POST",
        "route": "/oauth/token",
        "status": 200,
        "duration_ms": 0,
        "bytes": 199,
        "source": "127.0.0.1",
        "client": server.demo["client_id"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", issued["timestamp"])
    assert 0 < issued["duration_ms"] < 10_000
    assert (refused["outcome"], refused["code"], refused["status"]) == ("refused", "invalid_client", 401)
    assert refused["client"] == server.demo["client_id"]
    assert refused["detail"] == "wrong or ended secret"
    assert (missing["path"], missing["code"], "route" in missing) == ("/*/*", "not_found", False)
    assert "hidden" not in output
    assert "wrong-secret" not in output


def test_the_source_is_the_client_behind_a_proxy(tmp_path: Path) -> None:
    """An address that is none, a public page and a refused token request name the proxy's client, as all others do."""
    forwarded = ("X-Forwarded-For", "203.0.113.7")
    with operated(tmp_path / "data", "--trusted-proxy", "127.0.0.1") as served:
        for method, path in (("GET", "/nothing/here"), ("GET", "/openapi.json"), ("POST", "/oauth/token")):
            raw.ask(served.server.port, method, path, headers=[forwarded])
        events = until(lambda: asked(served), lambda events: len(events) == 3)
    assert [event["source"] for event in events] == ["203.0.113.7"] * 3


def asked(served: Operated) -> list[dict[str, Any]]:
    """The events of requests, without those of the start."""
    return [event for event in served.events() if event.get("route") != "/"]


def test_ids_are_in_the_log_only_when_asked_for(tmp_path: Path) -> None:
    """By itself it has routes; of an address that nothing answers at, the words of ours in it."""
    for wanted in (False, True):
        with operated(tmp_path / f"data-{wanted}", TESSERA_LOG_PATHS=str(wanted).lower()) as served:
            server = served.server
            apps = f"/priv/v1/apps/{server.demo['api_key']}"
            found = f"{apps}/external/users/card-000001"
            assert raw.ask(server.port, "GET", found, b"", [raw.bearer(server.token())]).status == 200
            assert raw.ask(server.port, "GET", found, b"", []).status == 401
            assert raw.ask(server.port, "GET", f"{apps}/externals/users/card-000001", b"", []).status == 404
            _, read, refused, unknown = until(lambda: asked(served), lambda events: len(events) == 4)
            output = server.output
        route = "/priv/v1/apps/{api_key}/external/users/{external_id}"
        assert (read["route"], refused["route"], unknown.get("route")) == (route, route, None)
        assert (read.get("path"), refused.get("path")) == ((found, found) if wanted else (None, None))
        shown = f"{apps}/externals/users/card-000001" if wanted else "/priv/v1/apps/*/*/users/*"
        assert unknown["path"] == shown
        assert ("card-000001" in output.partition("event")[2]) is wanted


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_no_path_breaks_out_of_its_line(tmp_path: Path, form: str) -> None:
    """Line ends and terminal codes in a path, raw or encoded, stay on one line and do nothing."""
    with running(tmp_path / "data", "--log-format", form, TESSERA_LOG_PATHS="true") as server:
        for path in (
            "/%0d%0a%7B%22event%22:%22forged%22%7D",
            "/%1b[2J%1b[31m",
            "/%E2%80%A8",
            "/\x1b[2J",
            "/\x9b31m\x7f",
            "/\xc2\x9b31m\xe2\x80\xae",
        ):
            with Wire(server.port) as wire:
                wire.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
                wire.answer()
        raw.ask(server.port, "GET", "/long" + "a" * 5000)
        raw.ask(server.port, "GET", "/last")
        output = until(lambda: server.output, lambda text: "/last" in text)
    assert "\x1b" not in output
    assert "\x9b" not in output
    assert not any(line.startswith('{"event":"forged') for line in output.splitlines())
    assert "a" * 513 not in output
    if form == "json":
        assert [each for each in lines(output) if not isinstance(msgspec.json.decode(each), dict)] == []


@pytest.mark.parametrize(("wanted", "seen"), [("all", {200, 404}), ("refused", {404}), ("none", set())])
def test_what_is_logged_can_be_chosen(tmp_path: Path, wanted: str, seen: set[int]) -> None:
    """All requests, those that were refused, or none; errors are told in any case."""
    with operated(tmp_path / "data", TESSERA_LOG_REQUESTS=wanted) as served:
        raw.ask(served.server.port, "GET", "/nothing")
        assert raw.ask(served.server.port, "GET", "/docs").status == 200
        served.server.stop()
        assert {event["status"] for event in served.events()} == seen


def test_a_log_that_nobody_reads_stops_no_answer(tmp_path: Path) -> None:
    """With standard error a full pipe, requests are answered; what was dropped is counted, and told when it goes on."""
    reading, writing = os.pipe()
    port = free_port()
    command = [sys.executable, "-m", "tessera", "serve", "--port", str(port), "--data-dir", str(tmp_path / "data")]
    out = tmp_path / "out"
    with out.open("wb") as to_out:
        process = subprocess.Popen(
            [*command, "--management-port", "0"], stdin=subprocess.DEVNULL, stdout=to_out, stderr=writing
        )
    os.close(writing)
    try:
        until(out.read_text, lambda text: "Listening on" in text)
        path = "/" + "a" * 500
        with Wire(port) as wire:
            for _ in range(160):
                wire.send(raw.request("GET", path) * 100)
                for _ in range(100):
                    assert wire.answer() is not None
        management = re.search(r"Health and metrics on (\S+):", out.read_text())
        assert management is not None
        dropped = until(lambda: _dropped(management.group(1)), lambda number: number > 0)
        told: list[int] = []
        reader = threading.Thread(target=_read, args=(reading, told))
        reader.start()
        until(lambda: raw.ask(port, "GET", "/again") and sum(told), lambda lost: lost >= dropped)
    finally:
        process.terminate()
        assert process.wait(15) == 0
    reader.join(10)


def _dropped(management: str) -> float:
    text = raw.ask(int(management.rpartition(":")[2]), "GET", "/metrics", b"", [("Host", "127.0.0.1")]).body.decode()
    found = re.search(r"^tessera_log_events_dropped_total (\S+)$", text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def _read(descriptor: int, told: list[int]) -> None:
    """Read to the end, and note what is told of events that were dropped."""
    with os.fdopen(descriptor, "rb") as file:
        told.extend(msgspec.json.decode(line)["events"] for line in file if b'"log_dropped"' in line)


def test_an_outlet_keeps_a_bound_and_the_order(tmp_path: Path) -> None:
    """Lines come out in their order; beyond the bound they are dropped, counted, and told once there is room."""
    reading, writing = os.pipe()
    lost: list[int] = []
    outlet = LogWriter(writing, gap=lambda events: b"lost %d\n" % events, dropped=lost.append, held_bytes_max=200_000)
    for number in range(300):
        outlet.put(b"%03d" % number + b"." * 996 + b"\n", 1)
    assert sum(lost) > 0
    read: list[bytes] = []
    reader = threading.Thread(target=_lines, args=(reading, read))
    reader.start()
    outlet.close(10)
    os.close(writing)
    reader.join(10)
    numbers = [int(line[:3]) for line in read if not line.startswith(b"lost")]
    assert numbers == sorted(numbers)
    assert len(numbers) + sum(lost) == 300
    assert read[-1] == b"lost %d\n" % sum(lost)


def test_written_lines_make_room(tmp_path: Path) -> None:
    """The bound is on what waits, not on what was ever written: a log that is read in time loses nothing."""
    reading, writing = os.pipe()
    lost: list[int] = []
    outlet = LogWriter(writing, gap=lambda events: b"lost %d\n" % events, dropped=lost.append, held_bytes_max=1000)
    for number in range(50):
        line = b"%099d\n" % number
        outlet.put(line, 1)
        assert lost == []
        assert os.read(reading, len(line)) == line
    outlet.close(10)
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


def _lines(descriptor: int, read: list[bytes]) -> None:
    """All lines to the end."""
    with os.fdopen(descriptor, "rb") as file:
        read.extend(file)


def test_what_is_held_is_written_at_the_end(tmp_path: Path) -> None:
    """A request that is answered just before SIGTERM is in the log."""
    with operated(tmp_path / "data") as served:
        raw.ask(served.server.port, "GET", "/docs")
        served.server.stop()
        assert [event.get("route") for event in served.events()][-1] == "/docs"


def test_the_numbers_of_the_log_and_of_the_metrics_agree(tmp_path: Path) -> None:
    """As many events as requests were counted."""
    with operated(tmp_path / "data") as served:
        for _ in range(50):
            raw.ask(served.server.port, "GET", "/nothing")
        counted = int(served.number("tessera_requests_total"))
        assert len(until(served.events, lambda events: len(events) >= counted)) == counted
