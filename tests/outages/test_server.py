"""A whole server whose database goes away: what callers, the operator and the machinery around it see."""

import json
import time
from itertools import pairwise
from pathlib import Path

import httpx

from tests.nodes.test_leases import LEASES_HELD
from tests.support.pgbouncer import pgbouncer
from tests.support.postgres import Cluster, cluster
from tests.support.server import Server, free_port, running
from tests.support.waiting import wait_until

BACK = "database_recovered"
LIMIT_SECONDS = 60.0
"""By when everything is answered, on a machine however busy."""


def _get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=LIMIT_SECONDS)


def _write(server: Server, token: str, number: int) -> httpx.Response:
    return httpx.post(
        f"{server.url}/priv/v1/apps/{server.demo['api_key']}/users",
        headers={"Authorization": f"Bearer {token}"},
        json={"user": {"external_id": f"away-{number}"}},
        timeout=LIMIT_SECONDS,
    )


def _read(server: Server, token: str) -> httpx.Response:
    return httpx.get(
        f"{server.url}/priv/v1/apps/{server.demo['api_key']}/users/{server.demo['customer_id']}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=LIMIT_SECONDS,
    )


def test_partners_hardly_notice_and_the_operator_is_told(tmp_path: Path) -> None:
    """Stopped: tokens and checks go on, writes are refused with when to come again, all heals, and the log is short."""
    made = Cluster()
    try:
        made.start()
        made.execute("create role tessera login")
        made.execute("create database t0 owner tessera")
        port = str(free_port())
        with running(
            tmp_path / "data", "--database", made.url("t0"), "--management-port", port, "--log-format", "json"
        ) as server:
            management = f"http://127.0.0.1:{port}"
            token = server.token()
            assert _write(server, token, 0).status_code == 200
            made.stop("immediate")
            refused = [_write(server, server.token(), number) for number in range(1, 20)]
            refused.append(_read(server, token))
            assert {each.status_code for each in refused} == {503}
            assert all(each.headers["retry-after"] for each in refused)
            print("slowest refusal", max(each.elapsed.total_seconds() for each in refused))
            for path in ("/.well-known/oauth-authorization-server", "/oauth/discovery/keys", "/oauth/token/info"):
                found = httpx.get(
                    server.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT_SECONDS
                )
                assert found.status_code == 200, path
            assert _get(f"{management}/livez").status_code == 200
            assert _get(f"{management}/readyz").status_code == 503
            assert "tessera_database_failing 1" in _get(f"{management}/metrics").text
            wait_until(lambda: server.output.count("lease_unavailable") == len(LEASES_HELD))
            assert all(server.token() for _ in range(50))
            made.start()
            began = time.monotonic()
            wait_until(lambda: _get(f"{management}/readyz").status_code == 200)
            print("ready again after", time.monotonic() - began)
            assert _write(server, token, 100).status_code == 200
            wait_until(lambda: "feed_back" in server.output)
            logged = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
            events = [each["event"] for each in logged]
            assert events.count("feed_unavailable") == 1
            changes = [
                (each["line"], each["event"]) for each in logged if each["event"] in ("database_unavailable", BACK)
            ]
            for name in {name for name, _ in changes}:
                told = [event for line, event in changes if line == name]
                assert all(one != next_ for one, next_ in pairwise(told)), "the same is told again"
            assert events.count("lease_unavailable") <= len(LEASES_HELD)
            held = made.execute("select count(*) from pg_stat_activity where usename = 'tessera'")
            assert held <= [(5,)]
    finally:
        made.remove()


def test_a_server_works_through_pgbouncer_and_says_what_that_costs(tmp_path: Path) -> None:
    """Without a way past it the log says so, with what to do; with one it does not."""
    name = cluster().create_database()
    with pgbouncer(cluster(), default_pool_size="3") as bouncer:
        folder = tmp_path / "data"
        with running(folder, "--database", bouncer.url(name)) as server:
            assert _write(server, server.token(), 0).status_code == 200
            assert server.output.count("feed_polled") == 1
            assert "database_direct" in server.output
        direct = {"TESSERA_DATABASE_DIRECT": cluster().url(name)}
        with running(folder, "--database", bouncer.url(name), **direct) as server:
            assert _write(server, server.token(), 1).status_code == 200
            assert "feed_polled" not in server.output
