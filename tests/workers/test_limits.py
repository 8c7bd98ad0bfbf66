"""Limits and floods over several workers: they count together, and go on counting when one is killed."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tessera.app.clients import limit_settings
from tessera.app.clients.applications import Issued
from tessera.app.clients.limit_settings import LimitChanges
from tests.support import operator_session, raw, world
from tests.support.processes import children, one_wire_each
from tests.support.raw import Answer, Wire
from tests.support.server import Server, running
from tests.support.target import Target

WORKERS = 2
IN_FORCE_SECONDS = 60.0
START_SECONDS = 60.0
TOKENS = 3000
ERROR = 0.02
"""The share that counting without locks may lose (decision 12)."""


class Workers:
    """A server with two workers."""

    def __init__(self, server: Server, target: Target) -> None:
        self.server = server
        self.target = target
        self.opened: list[Wire] = []

    def wires(self) -> list[Wire]:
        """A connection to each worker."""
        found = list(one_wire_each(self.server.port, self.server.process.pid, WORKERS, START_SECONDS).values())
        self.opened += found
        return found

    def partner(self, name: str, **wanted: Any) -> Issued:
        """A new application with these limits."""
        made = operator_session.make_partner(self.target.folder, name)
        operator_session.do(
            self.target.folder, lambda context: limit_settings.change(context, name, LimitChanges(**wanted))
        )
        return made


@pytest.fixture(scope="module")
def workers(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """A server with two workers, which slows floods as it does by itself."""
    folder = tmp_path_factory.mktemp("railed") / "data"
    with running(folder, "--workers", str(WORKERS), TESSERA_FAILED_ATTEMPTS_MAX="10") as server:
        found = Workers(server, Target(server.port, folder, world.furnish(folder)))
        yield found
        for wire in found.opened:
            wire.socket.close()


def asked(wire: Wire, made: Issued, secret: str | None = None) -> Answer:
    """A token request on this connection."""
    form = f"grant_type=client_credentials&client_id={made.client_id}&client_secret={secret or made.client_secret}"
    wire.send(raw.request("POST", "/oauth/token", form.encode(), [raw.FORM]))
    answer = wire.answer()
    assert answer is not None
    return answer


def read(wire: Wire, path: str, token: str) -> Answer:
    """A platform call with a token on this connection."""
    wire.send(raw.request("GET", path, headers=[raw.bearer(token)]))
    answer = wire.answer()
    assert answer is not None
    return answer


def until_refused(wire: Wire, made: Issued) -> int:
    """How many tokens are issued on this connection before one is refused."""
    for issued in range(TOKENS + 1):
        answer = asked(wire, made)
        if answer.status == 429:
            assert int(answer.header("retry-after") or "0") > 0
            assert (answer.header("ratelimit") or "").startswith('"tokens-day";r=0;t=')
            return issued
        assert answer.status == 200, answer
    raise AssertionError("never refused")


def begin_well_within_a_day() -> None:
    """Wait for the next day when this one ends within the time that a test takes."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)


def test_workers_count_tokens_together(workers: Workers) -> None:
    """Two workers, asked at once, issue together what one would, within the stated error. Prints how many."""
    begin_well_within_a_day()
    made = workers.partner("counted together", tokens_per_day=TOKENS)
    wires = workers.wires()
    with ThreadPoolExecutor(WORKERS) as pool:
        issued = list(pool.map(lambda wire: until_refused(wire, made), wires))
    print(f"\n{issued} tokens of {TOKENS} by {WORKERS} workers: {sum(issued) / TOKENS - 1:+.2%}")
    assert min(issued) > 0
    assert TOKENS <= sum(issued) <= TOKENS * (1 + ERROR)


def test_workers_pace_requests_together(workers: Workers) -> None:
    """What passes in a time, through both workers, is the burst and what the pace brings. Prints how much."""
    per_second = 50
    made = workers.partner("paced together", requests_per_second=per_second)
    wires = workers.wires()
    began = time.monotonic()
    statuses: Counter[int] = Counter()
    while sum(statuses.values()) < 1000 or statuses[200] < 2 * per_second:
        for wire in wires:
            answer = asked(wire, made)
            statuses[answer.status] += 1
            assert answer.header("ratelimit-policy") == f'"requests";q={per_second};w=1'
    allowed = per_second + per_second * (time.monotonic() - began)
    print(f"\n{statuses[200]} passed, {allowed:.0f} at most, {statuses[429]} refused")
    assert statuses.keys() <= {200, 429}
    assert 2 * per_second <= statuses[200] <= allowed * (1 + ERROR) + 1


def test_a_platform_call_and_a_token_request_share_a_pace(workers: Workers) -> None:
    """Calls with a token are told what is left, refused in the platform's form, and share the pace with requests."""
    begin_well_within_a_day()
    made = workers.partner("calling", requests_per_second=1)
    first, second = workers.wires()
    issued = asked(first, made)
    token = issued.body.partition(b'"access_token":"')[2].partition(b'"')[0].decode()
    values = workers.target.values
    path = f"/priv/v1/apps/{values['api_key']}/users/{values['customer_id']}"
    answer = read(second, path, token)
    while answer.status != 429:
        assert (answer.header("ratelimit") or "").startswith('"requests";r=0;t=')
        answer = read(second, path, token)
    assert answer.header("retry-after") == "1"
    assert answer.header("ratelimit") == '"requests";r=0;t=1'
    assert b'"code":"not_available"' in answer.body
    assert read(second, "/priv/v1/apps/unknown/users/unknown", token).header("ratelimit") is not None


def test_floods_are_counted_together(workers: Workers) -> None:
    """Wrong secrets to one worker and to the other are one flood, and the right one passes through both."""
    made = workers.partner("flooded")
    wires = workers.wires()
    statuses = Counter(asked(wires[number % WORKERS], made, "wrong").status for number in range(100))
    assert 10 <= statuses[401] <= 10 + 60
    assert statuses[429] == 100 - statuses[401]
    assert {asked(wire, made).status for wire in wires} == {200}


def test_counts_outlive_a_killed_worker(workers: Workers) -> None:
    """A worker that is killed and replaced goes on where the others are."""
    begin_well_within_a_day()
    made = workers.partner("outlived", tokens_per_day=5)
    for wire in workers.wires():
        assert [asked(wire, made).status for _ in range(2)] == [200, 200]
    before = set(children(workers.server.process.pid))
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + START_SECONDS
    while len(set(children(workers.server.process.pid)) - before) < WORKERS:
        assert time.monotonic() < deadline, "the workers were not replaced"
        time.sleep(0.05)
    wires = workers.wires()
    assert asked(wires[0], made).status == 200
    assert {asked(wire, made).status for wire in wires} == {429}


def test_limits_are_in_force_in_all_workers(workers: Workers) -> None:
    """An operator's change reaches every worker, as every change of an application does."""
    made = workers.partner("changed", requests_per_second=1000)
    wires = workers.wires()
    assert {asked(wire, made).status for wire in wires} == {200}
    operator_session.do(
        workers.target.folder,
        lambda context: limit_settings.change(context, "changed", LimitChanges(networks=("192.0.2.0/24",))),
    )
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while {asked(wire, made).status for wire in wires} & {200}:
        assert time.monotonic() < deadline, "not in force everywhere"
    (counts,) = Path(workers.target.folder).glob("*.map")
    assert counts.stat().st_mode & 0o777 == 0o600
