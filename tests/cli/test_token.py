"""Tokens from the command line: request over all ways, inspect, revoke."""

import asyncio
import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tessera import wiring
from tessera.app.clients import applications
from tessera.app.organizations import organizations
from tessera.app.tokens import inspection
from tessera.core.presented import NOTHING
from tessera.core.wire import Params
from tests.cli.command import folder_with_application, one_sentence, run, spawn
from tests.support import asking
from tests.support.clock import StepClock
from tests.support.server import Server, free_port, running
from tests.support.settings import settings_for
from tests.support.waiting import wait_until

WAYS = ("query", "form", "basic")


@pytest.mark.parametrize("way", WAYS)
def test_the_grant_works_by_every_way(server: Server, way: str) -> None:
    """Credentials in the URL, in the body and by Basic get a token; the secret comes from standard input."""
    flags = ("--url", server.url, "--client-id", server.demo["client_id"], "--client-secret-stdin", "--via", way)
    done = run("token", "request", *flags, "--json", stdin=server.demo["client_secret"] + "\n")
    assert done.code == 0, done
    assert done.document["status"] == 200
    assert done.document["problem"] is None
    assert list(done.document["reply"]) == ["access_token", "created_at", "expires_in", "scope", "token_type"]
    assert server.demo["client_secret"] not in done.out + done.err


def test_the_secret_may_come_from_the_environment(server: Server) -> None:
    """A variable is named, not its content; the process's arguments never hold the secret."""
    flags = ("--url", f"{server.url}/oauth/token", "--client-id", server.demo["client_id"])
    done = spawn(
        "token",
        "request",
        *flags,
        "--client-secret-env",
        "PARTNER_SECRET",
        environment={"PARTNER_SECRET": server.demo["client_secret"]},
    )
    assert done.code == 0, done
    assert '"token_type": "bearer"' in done.out
    assert done.err.startswith("200 OK in ")


def test_the_demonstration_needs_no_flags_but_its_folder(server: Server) -> None:
    """Id and secret come from demo.json; the scope may be asked for."""
    flags = ("--demo", "--url", server.url, "--data-dir", str(server.folder))
    assert run("token", "request", *flags, "--scope", "openid").code == 0


@pytest.mark.parametrize(
    ("flags", "stdin", "part"),
    [
        ((), "hunter2", "The id or secret is wrong"),
        (("--scope", "everything"), None, "The application was not given that scope"),
        (("--path", "/nowhere"), None, "no token endpoint at this path"),
    ],
)
def test_a_refusal_is_explained(server: Server, flags: tuple[str, ...], stdin: str | None, part: str) -> None:
    """The reply is printed, and one sentence says what to do; exit code 1."""
    url = server.url
    if flags[:1] == ("--path",):
        url, flags = url + flags[1], ()
    secret = server.demo["client_secret"] if stdin is None else stdin
    known = ("--url", url, "--client-id", server.demo["client_id"], "--client-secret-stdin")
    done = run("token", "request", *known, *flags, stdin=secret)
    assert done.code == 1
    assert part in done.err.splitlines()[-1]
    assert done.err.splitlines()[-1].startswith("tessera: ")
    assert secret not in done.err


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server of another make that always answers this; its address, and what it was asked for."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            seen.extend(self.headers.get_all("Authorization") or [])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}", seen
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "headers", "body", "part"),
    [
        (200, {}, b"<html>hello</html>", "not JSON"),
        (200, {}, b'{"hello": "there"}', "answered 200 and no token"),
        (200, {}, b'["token"]', "not JSON"),
        (302, {"Location": "https://elsewhere.example/login?secret=1"}, b"", "https://elsewhere.example/login)"),
        (503, {}, b"{}", "answered 503"),
    ],
)
def test_strange_answers_are_explained(status: int, headers: dict[str, str], body: bytes, part: str) -> None:
    """Anything that is no token endpoint is named as such, and no redirect takes the secret elsewhere."""
    with answering(status, headers, body) as (url, seen):
        done = run("token", "request", "--url", url, "--client-id", "a", "--client-secret-stdin", stdin="b&=%")
    assert done.code == 1
    assert part in done.err
    assert "secret=1" not in done.err
    assert seen == ["/oauth/token?grant_type=client_credentials&client_id=a&client_secret=b%26%3D%25"]


def test_basic_credentials_are_encoded_before_they_are_joined() -> None:
    """A colon or a percent sign in an id or secret does not change where one ends (RFC 6749 section 2.3.1)."""
    with answering(401, {}, b'{"error": "invalid_client"}') as (url, seen):
        flags = ("--url", f"{url}/token", "--client-id", "a:b", "--client-secret-stdin", "--via", "basic")
        assert run("token", "request", *flags, stdin="c%d").code == 1
    assert seen == ["/token", "Basic " + base64.b64encode(b"a%3Ab:c%25d").decode()]


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://127.0.0.1:{free}", "Nothing listens"),
        ("ftp://127.0.0.1", "is not an address"),
        ("127.0.0.1:8000", "is not an address"),
        ("http://", "is not an address"),
        ("http://127.0.0.1:http", "its port must be a number from 1 to 65535"),
        ("http://127.0.0.1:0", "its port must be a number from 1 to 65535"),
        ("http://127.0.0.1:65536", "its port must be a number from 1 to 65535"),
        ("http://[::1", "its host is malformed"),
        ("http://name.invalid", "gave no answer"),
    ],
)
def test_an_address_that_cannot_be_right_is_explained(url: str, part: str) -> None:
    """No server, no name, no address: one sentence."""
    address = url.replace("{free}", str(free_port()))
    done = run("token", "request", "--url", address, "--client-id", "a", "--client-secret-stdin", stdin="b")
    assert part in one_sentence(done)


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--url", "http://127.0.0.1"),
        ("--url", "http://127.0.0.1", "--client-id", "a"),
        ("--url", "http://127.0.0.1", "--client-id", "a", "--client-secret-env", "NOT_SET_ANYWHERE"),
        ("--url", "http://127.0.0.1", "--client-id", "a", "--client-secret-env", "HOME", "--client-secret-stdin"),
        ("--url", "http://127.0.0.1", "--client-id", "a", "--client-secret-stdin", "--via", "pigeon"),
    ],
)
def test_half_a_question_is_wrong_usage(flags: tuple[str, ...]) -> None:
    """Without an address, an id and exactly one source of the secret nothing is sent."""
    assert run("token", "request", *flags).code == 2


def reasons(folder: Path, token: str) -> tuple[bool, list[str]]:
    """Whether the token is live, and why not."""
    found = run("token", "inspect", token, "--json", "--data-dir", folder).document
    assert found["live"] is (found["reasons"] == [])
    return found["live"], found["reasons"]


@pytest.fixture
def issued(server: Server, tmp_path: Path) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """A folder of its own whose running server issued a token to the application Partner."""
    with running(tmp_path / "data") as own:
        organization = "Aurora Coffee (demo)"
        flags = ("--org", organization, "--json", "--data-dir", str(own.folder))
        made = run("apps", "create", "Partner", *flags).document
        made["url"] = own.url
        answer = httpx.post(
            f"{own.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(made["client_id"], made["client_secret"]),
            timeout=60,
        )
        yield own.folder, answer.raise_for_status().json()["access_token"], made


def test_a_token_is_followed_through_its_life(issued: tuple[Path, str, dict[str, str]]) -> None:
    """Inspection says live, revoked, cut off, disabled, without a secret, deleted; and never more than that."""
    folder, token, made = issued
    at = ("--data-dir", folder)
    assert reasons(folder, token) == (True, [])
    shown = run("token", "inspect", "-", *at, stdin=token + "\n")
    assert "state        live" in shown.out
    assert made["client_id"] in shown.out
    assert run("token", "revoke", token, "--json", *at).document["revoked"] is True
    assert reasons(folder, token)[1] == ["It was revoked."]
    run("apps", "disable", "Partner", *at)
    assert "Its application or its organization is disabled." in reasons(folder, token)[1]
    run("apps", "enable", "Partner", *at)
    assert any("enabled again" in reason for reason in reasons(folder, token)[1])
    run("apps", "secrets", "expire", "Partner", "first", "--yes", *at)
    assert "Its application has no live secret." in reasons(folder, token)[1]
    run("apps", "delete", "Partner", "--yes", *at)
    assert "Its application was deleted." in reasons(folder, token)[1]


def test_a_revoked_token_is_refused_by_the_running_server(issued: tuple[Path, str, dict[str, str]]) -> None:
    """The server hears of the revocation by itself; the command says how soon, which tests of workers measure."""
    folder, token, made = issued
    authorized = {"Authorization": f"Bearer {token}"}
    url = f"{made['url']}/api/1.0/user_tiers/tier_status"
    assert httpx.post(url, headers=authorized, json={}).status_code == 400
    done = run("token", "revoke", token, "--data-dir", folder)
    assert "250 ms" in done.err
    wait_until(lambda: httpx.post(url, headers=authorized, json={}).status_code == 401)


def test_an_expired_token_is_told_so(tmp_path: Path) -> None:
    """A token is live to the last microsecond of its life, and dead from the next on."""
    settings = settings_for(tmp_path / "data")

    async def lives() -> list[list[str]]:
        clock = StepClock()
        async with wiring.open_context(settings, clock=clock) as context:
            organization = await organizations.create(context, "Aurora")
            made = await applications.create(context, "Partner", organization.number, token_lifetime_seconds=60)
            asked = {"grant_type": "client_credentials", "client_id": made.client_id}
            params = Params({}, {**asked, "client_secret": made.client_secret or ""})
            token = (await asking.issue(context, params, NOTHING)).access_token
            found = []
            for step in (59.999_999, 0.000_001):
                clock.step(step)
                found.append((await inspection.inspect(context, token)).reasons)
            return found

    assert asyncio.run(lives()) == [[], ["It has expired."]]


def test_what_is_no_token_of_ours_is_told_so(tmp_path: Path) -> None:
    """Inspection calls it dead; revocation refuses."""
    folder, _ = folder_with_application(tmp_path)
    for text in ("00", "zz", "é", "0" * 5000):
        assert reasons(folder, text)[0] is False
        assert "not a token of this database" in one_sentence(run("token", "revoke", text, "--data-dir", folder))
