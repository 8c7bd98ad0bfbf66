"""Clients that are disabled, deleted, or without a live secret: no new tokens, and the old ones dead everywhere."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.tokens import revocation as token_revocation
from tests.support import operator_session, raw, world
from tests.support.raw import basic, bearer
from tests.support.server import Server, running
from tests.support.target import Target, assert_refused

pytestmark = pytest.mark.engines("sqlite", "postgres")

IN_FORCE_SECONDS = 1.0
GRANT = "grant_type=client_credentials"

AuditedChange = Callable[[Context, Issued], Awaitable[object]]


async def disable(context: Context, made: Issued) -> None:
    """The application is disabled."""
    await applications.disable(context, made.client_id)


async def delete(context: Context, made: Issued) -> None:
    """The application is deleted."""
    await applications.delete(context, made.client_id)


async def expire(context: Context, made: Issued) -> None:
    """The application's only secret ends."""
    await applications.expire_secret(context, made.client_id, made.secret_name)


def target_of(server: Server, values: dict[str, str], made: dict[str, Issued]) -> Target:
    """The server as a target whose world has these partners too."""
    for name, issued in made.items():
        values |= {f"{name}_id": issued.client_id, f"{name}_secret": str(issued.client_secret)}
    return Target(server.port, server.folder, values)


def wait_until_dead(target: Target, token: str) -> None:
    """Wait until another process's operation is in force here."""
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while target.read(bearer(token)).status != 401:
        assert time.monotonic() < deadline, "the token is alive still"
        time.sleep(0.01)


def assert_dead(target: Target, name: str, token: str) -> None:
    """No new token in any way, and the old one refused at every endpoint."""
    user, secret = target.values[f"{name}_id"], target.values[f"{name}_secret"]
    form = f"{GRANT}&client_id={user}&client_secret={secret}"
    assert_refused(target.ask_token(form), 401, "invalid_client")
    assert_refused(target.ask_token("", form), 401, "invalid_client")
    assert_refused(target.ask_token(GRANT, b"", basic(user, secret)), 401, "invalid_client")
    revocation = f"client_id={user}&client_secret={secret}&token={token}".encode()
    assert_refused(raw.ask(target.port, "POST", "/oauth/revoke", revocation, [raw.FORM]), 401, "invalid_client")
    assert set(target.everywhere(bearer(token)).values()) == {401}


@pytest.mark.parametrize("operation", [disable, delete, expire], ids=["disabled", "deleted", "without a live secret"])
def test_a_dead_client_gets_nothing_at_once_and_after_a_restart(tmp_path: Path, operation: AuditedChange) -> None:
    """What another process did to the client is in force at every endpoint, survives a restart, and harms no other."""
    folder = tmp_path / "data"
    with running(folder) as server:
        made = {name: operator_session.make_partner(folder, name) for name in ("doomed", "spared")}
        target = target_of(server, world.furnish(folder), made)
        doomed, spared = target.token("doomed"), target.token("spared")
        assert 401 not in target.everywhere(bearer(doomed)).values()
        operator_session.do(folder, lambda context: operation(context, made["doomed"]))
        wait_until_dead(target, doomed)
        assert_dead(target, "doomed", doomed)
        assert 401 not in target.everywhere(bearer(spared)).values()
    with running(folder) as server:
        target = target._replace(port=server.port)
        assert_dead(target, "doomed", doomed)
        assert 401 not in target.everywhere(bearer(spared)).values()
        assert target.token("spared")


def test_a_client_that_is_enabled_again_starts_afresh(tmp_path: Path) -> None:
    """New tokens work; those from before it was disabled stay dead, and so do those of a deleted namesake."""
    folder = tmp_path / "data"
    with running(folder) as server:
        made = {name: operator_session.make_partner(folder, name) for name in ("paused", "replaced")}
        target = target_of(server, world.furnish(folder), made)
        old = {name: target.token(name) for name in made}
        operator_session.do(folder, lambda context: disable(context, made["paused"]))
        operator_session.do(folder, lambda context: applications.enable(context, made["paused"].client_id))
        operator_session.do(folder, lambda context: delete(context, made["replaced"]))
        client_id = made["replaced"].client_id
        again = operator_session.make_partner(folder, "replaced again", client_id=client_id)
        wait_until_dead(target, old["paused"])
        wait_until_dead(target, old["replaced"])
        target = target_of(server, target.values, {"paused": made["paused"], "replaced": again})
        for name in made:
            assert target.read(bearer(target.token(name))).status == 200
            assert set(target.everywhere(bearer(old[name])).values()) == {401}


def test_secrets_overlap_and_end_without_a_restart(tmp_path: Path) -> None:
    """Two secrets open the door in the overlap; the old one stops at its end by itself, its client lives on."""
    folder = tmp_path / "data"
    with running(folder) as server:
        first = operator_session.make_partner(folder, "rotating")
        second = operator_session.do(
            folder, lambda context: applications.add_secret(context, first.client_id, "second")
        )
        target = target_of(server, world.furnish(folder), {"old": first, "new": second})
        ends_at = time.time() + 1.0
        microseconds = int(ends_at * 1_000_000)
        operator_session.do(
            folder, lambda context: applications.expire_secret(context, first.client_id, "first", microseconds)
        )
        token = target.token("old")
        assert target.token("new")
        query = f"{GRANT}&client_id={first.client_id}&client_secret={first.client_secret}"
        while target.ask_token(query).status == 200:
            assert time.time() < ends_at + IN_FORCE_SECONDS, "the secret outlived its end"
            time.sleep(0.02)
        assert time.time() >= ends_at
        assert target.token("new")
        assert target.read(bearer(token)).status == 200


def test_a_revoked_token_is_dead_everywhere_and_after_a_restart(tmp_path: Path) -> None:
    """Revoked by another process: dead at every endpoint, for good, while its sister lives."""
    folder = tmp_path / "data"
    with running(folder) as server:
        target = target_of(server, world.furnish(folder), {})
        token, sister = target.token(), target.token()
        assert operator_session.do(folder, lambda context: token_revocation.revoke(context, token)) is not None
        wait_until_dead(target, token)
        assert set(target.everywhere(bearer(token)).values()) == {401}
        assert target.read(bearer(sister)).status == 200
    with running(folder) as server:
        target = target._replace(port=server.port)
        assert set(target.everywhere(bearer(token)).values()) == {401}
        assert target.read(bearer(sister)).status == 200
