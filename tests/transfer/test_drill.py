"""The drill: a backup in the middle of the load, restored elsewhere: every answer acknowledged before it holds."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from tessera.app.clients import applications
from tessera.ports import StoreError
from tessera.store.transfer import places
from tests.cli.command import Done, spawn
from tests.support import operator_session, raw, world
from tests.support.postgres import cluster
from tests.support.raw import bearer
from tests.support.server import running
from tests.support.target import Target
from tests.workers.test_ends import Load, introspected, revoke_some, under_load

ASKED_MAX = 120
"""Tokens that are asked about afterwards, of each kind."""

PATIENCE_SECONDS = 60

WRITES_BEFORE = 12
"""Of each kind of write so many were acknowledged before the backup is begun."""


class Operator(threading.Thread):
    """Somebody who creates applications, and disables every second one, until told to stop."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._over = threading.Event()
        self.created: dict[str, str] = {}
        self.disabled: list[str] = []

    def run(self) -> None:
        for number in count():
            if self._over.is_set():
                return
            with suppress(StoreError):  # a busy machine: then it was not acknowledged
                self._work(number)

    def _work(self, number: int) -> None:
        made = operator_session.make_partner(self._folder, f"drilled {number}")
        assert made.client_secret is not None
        if number % 2:
            operator_session.do(self._folder, partial(applications.disable, client_id=made.client_id))
            self.disabled.append(made.client_id)
        self.created[made.client_id] = made.client_secret

    def stop(self) -> None:
        """Stop after what is under way."""
        self._over.set()
        self.join(PATIENCE_SECONDS)


class Depositor(threading.Thread):
    """A partner who deposits points for one customer, each under an idempotency id, until the server is gone."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target
        self._token = target.token()
        self.deposited: list[str] = []

    def run(self) -> None:
        values = self._target.values
        while True:
            name = f"drill {len(self.deposited)}"
            detail = {"amount": 1, "point_account_id": values["beans"], "idempotency_id": name}
            named = {"retailer_id": values["retailer_id"], "user_id": values["customer_id"]}
            body = json.dumps({**named, "deposit_details": [detail]}).encode()
            headers = [bearer(self._token), ("Content-Type", "application/json")]
            try:
                answer = raw.ask(self._target.port, "POST", "/api/1.0/user_points/deposit", body, headers)
            except (OSError, AssertionError):
                return
            if answer.status == 200:
                self.deposited.append(name)


class Acknowledged(NamedTuple):
    """What was acknowledged before the backup was begun; and those tokens whose revocation came later."""

    tokens: list[str]
    revoked: set[str]
    created: dict[str, str]
    disabled: set[str]
    deposited: list[str]
    unsure: set[str]


class Workers(NamedTuple):
    """Who works at the server."""

    loads: list[Load]
    revoker: threading.Thread
    revoked: list[str]
    operator: Operator
    depositor: Depositor

    def acknowledged(self) -> Acknowledged:
        """What is acknowledged by now."""
        tokens = [token for load in self.loads for token in list(load.acknowledged)]
        created = dict(self.operator.created)
        disabled = set(self.operator.disabled) & created.keys()
        return Acknowledged(tokens, set(self.revoked), created, disabled, list(self.depositor.deposited), set())

    def has_begun(self) -> bool:
        """Whether enough of everything was acknowledged."""
        told = (self.revoked, self.operator.disabled, self.depositor.deposited)
        return min(len(self.revoked), len(told[2]), 4 * len(told[1])) >= WRITES_BEFORE


@contextmanager
def at_work(target: Target) -> Iterator[Workers]:
    """Everybody at work; the server has to be gone at the end of the block."""
    loads = under_load(target, 2, new_connections=False)
    revoked: list[str] = []
    revoker = threading.Thread(target=revoke_some, args=(target, loads[0], revoked))
    workers = Workers(loads, revoker, revoked, Operator(target.folder), Depositor(target))
    for thread in (revoker, workers.operator, workers.depositor):
        thread.start()
    yield workers
    for thread in (*loads, revoker, workers.depositor):
        thread.join(PATIENCE_SECONDS)


def backed_up(folder: Path, url: str | None, file: Path) -> Acknowledged:
    """Back up a server in the middle of its load; what was acknowledged until then."""
    environment = {} if url is None else {"TESSERA_DATABASE": url}
    with running(folder, **environment) as server:
        target = Target(server.port, folder, world.furnish(folder))
        with at_work(target) as workers:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not workers.has_begun():
                assert time.monotonic() < deadline, "the load did not begin"
                time.sleep(0.02)
            before = workers.acknowledged()
            done = spawn("backup", file, "--data-dir", folder, "--json", environment=environment)
            workers.operator.stop()
            server.stop()
    assert done.code == 0, done
    assert len(workers.depositor.deposited) > len(before.deposited), "nothing was written during the backup"
    return before._replace(unsure=set(workers.revoked) - before.revoked)


def restored(file: Path, key: Path, folder: Path, url: str | None, *options: str) -> Done:
    """Put a backup into an empty folder or database."""
    folder.mkdir(mode=0o700)
    (folder / "master.key").write_text(key.read_text())
    (folder / "demo.json").write_text((key.parent / "demo.json").read_text())
    environment = {} if url is None else {"TESSERA_DATABASE": url}
    done = spawn("restore", file, *options, "--data-dir", folder, "--json", environment=environment)
    assert done.code == 0, done
    return done


def verify(target: Target, told: Acknowledged) -> None:
    """Everything that was acknowledged before the backup holds."""
    dead = list(told.revoked)[-ASKED_MAX:]
    live = [token for token in told.tokens if token not in told.revoked | told.unsure][-ASKED_MAX:]
    assert {token: introspected(target, token) for token in (*live, *dead)} == {
        **dict.fromkeys(live, True),
        **dict.fromkeys(dead, False),
    }
    assert target.read(bearer(live[-1])).status == 200
    for client_id, secret in told.created.items():
        asked = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
        assert target.ask_token("", asked).status == (401 if client_id in told.disabled else 200)


@pytest.mark.parametrize(("engine", "other"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_what_was_acknowledged_before_a_backup_is_there_after_a_restore(
    tmp_path: Path, engine: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens, revocations, deposits, new and disabled applications: on the same engine and on the other."""
    folder, file = tmp_path / "data", tmp_path / "backup.db"
    url = cluster().url(cluster().create_database()) if engine == "postgres" else None
    monkeypatch.setenv("TESSERA_DATABASE_TIMEOUT_SECONDS", "30")
    if url is not None:
        monkeypatch.setenv("TESSERA_DATABASE", url)
    told = backed_up(folder, url, file)
    monkeypatch.delenv("TESSERA_DATABASE", raising=False)
    assert told.revoked
    assert told.disabled

    for number, where in enumerate((engine, other)):
        place = tmp_path / f"restored {number}"
        again = cluster().url(cluster().create_database()) if where == "postgres" else None
        restored(file, folder / "master.key", place, again, "--keep-tokens")
        with places.end(again or f"sqlite:{place}/").moment(alone=False) as moment:
            names = set(moment.values("select idempotency_id from ledger_entry"))
        assert set(told.deposited) <= names
        with running(place, **({} if again is None else {"TESSERA_DATABASE": again})) as server:
            target = Target(server.port, place, {**json.loads((folder / "demo.json").read_text())})
            verify(target, told)


def test_tokens_are_dead_after_a_restore_unless_they_are_kept(tmp_path: Path) -> None:
    """What was revoked after the backup stays dead, because everything is; new tokens are had at once."""
    folder, file, place = tmp_path / "data", tmp_path / "backup.db", tmp_path / "restored"
    with running(folder) as server:
        token = server.token()
        assert spawn("backup", file, "--data-dir", folder).code == 0
        target = Target(server.port, folder, server.demo)
        client = f"client_id={server.demo['client_id']}&client_secret={server.demo['client_secret']}"
        revoke = f"{client}&token={token}".encode()
        assert raw.ask(server.port, "POST", "/oauth/revoke", revoke, [raw.FORM]).status == 200

    done = restored(file, folder / "master.key", place, None)

    assert done.document["tokens_invalid_before"] is not None
    with running(place) as server:
        target = Target(server.port, place, server.demo)
        assert target.read(bearer(token)).status == 401
        assert target.read(bearer(server.token())).status == 200
