"""The management port: alive, ready or not and why, and nothing of it in public."""

import os
import signal
import socket
import sqlite3
import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx

from tessera.app.context import Context
from tessera.app.demo import demo
from tessera.app.organizations import organizations
from tessera.app.webhooks import webhooks
from tests.cli.command import one_sentence, spawn
from tests.support import operator_session, raw
from tests.support.operator import Operated, operated, until
from tests.support.post import happen
from tests.support.processes import children
from tests.support.raw import Wire
from tests.support.server import free_port, running


def failing(served: Operated) -> set[str]:
    """The names of the checks that fail; the status must say the same."""
    answer = served.ask("/readyz")
    found = {check["name"] for check in answer.json()["checks"] if not check["ok"]}
    assert answer.status_code == (503 if found else 200)
    assert answer.json()["ready"] is not bool(found)
    assert all(check["text"].endswith(".") for check in answer.json()["checks"])
    return found


def test_it_is_alive_and_ready_and_not_public(tmp_path: Path) -> None:
    """The management port answers its three addresses and no other; the public port answers none of them."""
    with operated(tmp_path / "data") as served:
        assert served.ask("/livez").text == "ok\n"
        assert failing(served) == set()
        assert served.ask("/metrics").status_code == 200
        assert served.ask("/oauth/token").status_code == 404
        assert httpx.post(served.management + "/readyz", timeout=60).status_code == 405
        for path in ("/livez", "/readyz", "/metrics"):
            assert raw.ask(served.server.port, "GET", path).status == 404
        shown = served.ask("/readyz").text + served.ask("/metrics").text
        secrets = [*served.server.demo.values(), (served.server.folder / "master.key").read_text().strip()]
        assert [each for each in secrets if each in shown] == []


def asked_as(served: Operated, host: str, path: str = "/metrics", line: str = "") -> int:
    """The status of a request for this host."""
    with Wire(int(served.management.rpartition(":")[2])) as wire:
        wire.send(f"GET {line or path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = wire.answer()
        assert answer is not None
        if answer.status == 421:
            assert answer.body.endswith(b"put the name into the setting management_names.\n")
        return answer.status


def test_a_page_of_a_stranger_reads_nothing_of_it(tmp_path: Path) -> None:
    """A name that anybody can point at this machine is 421 on every route; addresses and localhost are answered."""
    with operated(tmp_path / "data") as served:
        for host in (
            "evil.example",
            "evil.example:9090",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "tessera",
        ):
            for path in ("/metrics", "/livez", "/readyz", "/nowhere"):
                assert asked_as(served, host, path) == 421, host
        for host in (
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "127.0.0.1",
            "10.1.2.3:9090",
            "[::1]",
            "[fe80::1%25e]:80",
        ):
            assert asked_as(served, host) == 200, host
        assert asked_as(served, "localhost", line="http://evil.example/metrics") == 421
        assert asked_as(served, "evil.example", line="http://localhost/metrics") == 200
        with Wire(int(served.management.rpartition(":")[2])) as wire:
            wire.send(b"GET /livez HTTP/1.0\r\n\r\n")
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 200


def test_names_that_were_set_are_answered(tmp_path: Path) -> None:
    """A name in the setting is answered in any case of its letters, and it holds beyond loopback too."""
    names = {"TESSERA_MANAGEMENT_NAMES": "tessera.internal, Metrics"}
    for settings in ({}, {"TESSERA_MANAGEMENT_HOST": "0.0.0.0"}):
        with operated(tmp_path / "data", **names, **settings) as served:
            for host, status in (("Tessera.Internal:9090", 200), ("metrics", 200), ("localhost", 200), ("other", 421)):
                assert asked_as(served, host) == status, host
    with operated(tmp_path / "data", TESSERA_MANAGEMENT_HOST="0.0.0.0") as served:
        assert asked_as(served, "tessera.monitoring.svc") == 200
    done = spawn("serve", "--data-dir", tmp_path / "data", environment={"TESSERA_MANAGEMENT_NAMES": "a:80"})
    assert "a:80 is not the name of a host" in one_sentence(done)


def test_no_webhook_reaches_it(tmp_path: Path) -> None:
    """A message to the port that this server really has is not sent, though loopback is allowed."""
    folder = tmp_path / "data"
    with operated(folder) as served:
        management = served.management

    async def furnish(context: Context) -> None:
        organization = await organizations.find(context, demo.ORGANIZATION)
        await webhooks.create(context, organization, "inside", f"{management}/metrics", "all")
        await happen(context, 1, organization=organization.number)

    allowed = {"TESSERA_OUTBOUND_NETWORKS_ALLOWED": "127.0.0.0/8"}
    operator_session.do(folder, furnish)
    with operated(folder, "--management-port", management.rpartition(":")[2], **allowed) as served:
        (first, *_) = until(lambda: served.events("webhook_failing"), bool)
        assert first["reason"].startswith("not sent: 127.0.0.1, which is loopback")
        assert "that of management" in first["reason"]


def test_no_command_reaches_it_where_it_gave_way(tmp_path: Path) -> None:
    """A command refuses the port that a server has in place of the default, for as long as the server runs."""
    folder = tmp_path / "data"
    allowed = {"TESSERA_OUTBOUND_NETWORKS_ALLOWED": "127.0.0.0/8"}
    with ExitStack() as stack:
        with suppress(OSError):  # taken already, which is as well
            stack.enter_context(socket.create_server(("127.0.0.1", 9090)))
        served = stack.enter_context(operated(folder, **allowed, TESSERA_MANAGEMENT_PORT=""))
        port = served.management.rpartition(":")[2]
        assert port != "9090"
        create = ("webhooks", "create", "own", "--url", f"{served.management}/", "--data-dir", folder)
        assert "that of management" in one_sentence(spawn(*create, environment=allowed))
        served.server.stop()
        created = spawn(*create, environment=allowed)
        assert created.code == 0, created
    with operated(folder, "--management-port", port, **allowed):
        done = spawn("webhooks", "test", "own", "--data-dir", folder, environment=allowed)
        assert done.code == 1
        assert f"port {port} is that of management" in done.out + done.err


def test_a_taken_port_gives_way_only_when_nobody_chose_it(tmp_path: Path) -> None:
    """A port that was named and is taken ends in one sentence; the default gives way; `off` opens none."""
    with operated(tmp_path / "data") as served:
        taken = served.management.rpartition(":")[2]
        done = spawn("serve", "--port", "0", "--management-port", taken, "--data-dir", tmp_path / "other")
        assert "--management-port" in one_sentence(done)
        done = spawn("serve", "--port", "0", "--management-port", "many", "--data-dir", tmp_path / "other")
        assert "management_port" in one_sentence(done)
    with running(tmp_path / "data", "--management-port", "off") as quiet:
        assert "Health and metrics" not in quiet.output


def test_a_database_that_takes_nothing_is_told(tmp_path: Path) -> None:
    """While somebody else holds the write lock, commits fail and the server is not ready; then it is again."""
    with operated(tmp_path / "data") as served:
        until(lambda: served.number("tessera_leases_held"), lambda held: held >= 2)
        with closing(sqlite3.connect(served.server.folder / "tessera.db", isolation_level=None)) as holder:
            holder.execute("begin immediate")
            until(lambda: failing(served), lambda found: "database" in found)
            assert served.ask("/livez").status_code == 200
            left_out = served.ask("/readyz?exclude=database&exclude=feed")
            assert (left_out.status_code, left_out.json()["ready"]) == (200, True)
            assert [check["name"] for check in left_out.json()["checks"] if not check["ok"]] == ["database"]
            assert served.ask("/readyz?exclude=feed&exclude=shutdown").status_code == 503
            holder.execute("rollback")
        until(lambda: failing(served), lambda found: not found)


def test_a_check_that_there_is_not_cannot_be_left_out(tmp_path: Path) -> None:
    """A misspelt name in `exclude` is told, so that a probe with it fails at once; every true one is taken."""
    with operated(tmp_path / "data") as served:
        names = [check["name"] for check in served.ask("/readyz").json()["checks"]] + ["shutdown"]
        assert served.ask("/readyz?" + "&".join(f"exclude={name}" for name in names)).status_code == 200
        assert served.ask("/readyz?exclude=databases").status_code == 400
        assert "database, feed, keys" in served.ask("/readyz?exclude=databases").text


def test_a_worker_without_turns_is_told_by_its_siblings(tmp_path: Path) -> None:
    """A stopped worker makes the service not ready, as whoever of the others is asked tells; going on mends it."""
    with operated(tmp_path / "data", "--workers", "2", TESSERA_FEED_STALE_AFTER_SECONDS="2") as served:
        until(lambda: served.number("tessera_workers"), lambda workers: workers == 2)
        stopped, *_ = children(served.server.process.pid)
        os.kill(stopped, signal.SIGSTOP)
        try:
            with Asking(served) as asking:
                until(lambda: asking.failing, lambda found: "feed" in found)
        finally:
            os.kill(stopped, signal.SIGCONT)
        until(lambda: failing(served), lambda found: not found)


class Asking:
    """Asks on connections of their own until told to stop; those that the stopped worker took are given up."""

    def __init__(self, served: Operated) -> None:
        self._served = served
        self._over = threading.Event()
        self.failing: set[str] = set()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "Asking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    def _ask(self) -> None:
        while not self._over.wait(0.1):
            try:
                answer = httpx.get(self._served.management + "/readyz", timeout=0.5)
            except httpx.TransportError:
                continue
            self.failing = {check["name"] for check in answer.json()["checks"] if not check["ok"]}


def test_a_server_that_ends_is_not_ready(tmp_path: Path) -> None:
    """From SIGTERM to the last answer `/readyz` is 503 by the check `shutdown`, while `/livez` answers."""
    with operated(tmp_path / "data") as served, Wire(served.server.port) as slow:
        slow.send(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        until(lambda: served.ask("/readyz").status_code, lambda status: status == 200)
        served.server.process.send_signal(signal.SIGTERM)
        until(lambda: failing(served), lambda found: found == {"shutdown"})
        assert served.ask("/livez").status_code == 200
        slow.send(b"0123456789")
        answer = slow.answer()
        assert answer is not None
        assert answer.status == 400
        assert served.server.process.wait(15) == 0


def test_many_servers_start_beside_each_other(tmp_path: Path) -> None:
    """The default of the management port is no reason for a second server not to start."""
    with operated(tmp_path / "one", TESSERA_MANAGEMENT_HOST="127.0.0.1") as one:
        assert free_port() != one.server.port
        with operated(tmp_path / "two") as two:
            assert one.management != two.management
            assert two.ask("/livez").status_code == 200
