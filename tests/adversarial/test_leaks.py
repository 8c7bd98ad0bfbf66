"""No secret and no token in anything the server leaves behind, at the most talkative log level."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import pytest

from tessera.app.clients import applications, properties
from tessera.app.context import Context
from tessera.app.tokens import revocation
from tests.cli import command
from tests.support import operator_session, raw
from tests.support.raw import Answer, Wire, basic, bearer, encoded_basic
from tests.support.server import Server, running

GRANT = "grant_type=client_credentials"
IMPORTED = "imp%rted secret+of 1970/=?"


class Secrets(NamedTuple):
    """What was made for this run, and every value that must not be found afterwards."""

    client_id: str
    client_secret: str
    api_key: str
    property_secret: str
    forbidden: list[str]


async def furnish(context: Context) -> Secrets:
    """An application, one with a secret of its own making, and a property, none of which `demo.json` knows."""
    partner = await operator_session.partner(context, "leaky")
    await operator_session.partner(context, "old leaky", client_id="old-leaky", client_secret=IMPORTED)
    spare = await applications.add_secret(context, partner.client_id, "spare")
    shop = await properties.create(context, (await context.store.organizations())[0], "leaky shop")
    assert partner.client_secret is not None
    assert spare.client_secret is not None
    forbidden = [partner.client_secret, spare.client_secret, IMPORTED, shop.property_secret]
    return Secrets(partner.client_id, partner.client_secret, shop.api_key, shop.property_secret, forbidden)


def issue(port: int, secrets: Secrets) -> list[str]:
    """Tokens by every way of presenting credentials."""
    user, secret = secrets.client_id, secrets.client_secret
    form = f"{GRANT}&client_id={user}&client_secret={secret}"
    members = json.dumps({"grant_type": "client_credentials", "client_id": user, "client_secret": secret}).encode()
    answers = [
        raw.ask(port, "POST", f"/oauth/token?{form}"),
        raw.ask(port, "POST", "/oauth/token", form.encode(), [raw.FORM]),
        raw.ask(port, "POST", f"/oauth/token?{GRANT}", b"", [basic(user, secret)]),
        raw.ask(port, "POST", f"/oauth/token?{GRANT}", b"", [encoded_basic("old-leaky", IMPORTED)]),
        raw.ask(port, "POST", "/oauth/token", members, [("Content-Type", "application/json")]),
    ]
    assert [answer.status for answer in answers] == [200] * 5
    return [json.loads(answer.body)["access_token"] for answer in answers]


def fail(port: int, secrets: Secrets) -> list[Answer]:
    """Requests that fail in every way we know, each with a live secret in it."""
    user, secret = secrets.client_id, secrets.client_secret
    good = f"{GRANT}&client_id={user}&client_secret={secret}"
    both = [basic(user, secret)]
    json_type = ("Content-Type", "application/json")
    sent: list[tuple[str, str, bytes, list[tuple[str, str]]]] = [
        ("GET", f"/oauth/token?{good}", b"", []),
        ("PUT", f"/oauth/token?{good}", b"", []),
        ("POST", f"/oauth/tokens?{good}", b"", []),
        ("POST", f"/oauth/nowhere?{good}", b"", []),
        ("POST", f"/oauth/token/{secret}", b"", []),
        ("POST", f"/oauth/token&{good}", b"", []),
        ("POST", f"/oauth/token;{secret}", b"", []),
        ("POST", f"/oauth/token?{good}&{good}", b"", []),
        ("POST", f"/oauth/token?{good}", good.encode(), [raw.FORM]),
        ("POST", f"/oauth/token?{good}", b"", both),
        ("POST", f"/oauth/token?{good}x", b"", []),
        ("POST", f"/oauth/token?{good}%", b"", []),
        ("POST", f"/oauth/token?{good}%00", b"", []),
        ("POST", f"/oauth/token?{good}%ff", b"", []),
        ("POST", f"/oauth/token?grant_type={secret}&client_id={user}", b"", []),
        ("POST", f"/oauth/token?{good}&scope={secret}", b"", []),
        ("POST", f"/oauth/token?{GRANT}&client_id={secret}&client_secret={user}", b"", []),
        ("POST", f"/oauth/token?{good}&p={'a' * 9000}", b"", []),
        ("POST", f"/oauth/token?{good}&p={'a' * 40_000}", b"", []),
        ("POST", "/oauth/token", good.encode() + b"&p=" + b"a" * 20_000, [raw.FORM]),
        ("POST", "/oauth/token", good.encode(), [("Content-Type", f"text/{secret}")]),
        ("POST", "/oauth/token", good.encode(), [json_type]),
        ("POST", "/oauth/token", f'{{"client_secret":"{secret}",'.encode(), [json_type]),
        ("POST", "/oauth/token", f'{{"client_secret":["{secret}"]}}'.encode(), [json_type]),
        ("POST", f"/oauth/token?{GRANT}", b"", [("Authorization", f"Basic {secret}")]),
        ("POST", f"/oauth/token?{GRANT}", b"", [("Authorization", f"{secret}")]),
        ("POST", f"/oauth/token?{GRANT}", b"", [basic(secret, user)]),
        ("POST", f"/oauth/token?{GRANT}", b"", [*both, *both]),
        ("POST", f"/oauth/token?{GRANT}", b"", [(f"X-{secret}", "a\x00")]),
        ("POST", f"/oauth/token?{GRANT}", b"", [("X", secret * 1000)]),
        ("POST", "/oauth/revoke", f"client_id={user}&client_secret={secret}x&token={secret}".encode(), [raw.FORM]),
        ("POST", f"/oauth/revoke?token={secret}", f"client_id={user}&client_secret={secret}".encode(), [raw.FORM]),
    ]
    answers = [raw.ask(port, method, path, body, headers) for method, path, body, headers in sent]
    assert all(400 <= answer.status < 500 for answer in answers), [answer.status for answer in answers]
    return answers


def call_platform(port: int, secrets: Secrets, token: str) -> list[Answer]:
    """Platform calls that work and that fail, with tokens and secrets in right and in wrong places."""
    users = f"/priv/v1/apps/{secrets.api_key}/users"
    json_type = ("Content-Type", "application/json")
    key_pair = basic(secrets.api_key, secrets.property_secret)
    user = {"external_id": 7, "opted_in": token, "gender": token, "country": token, "dob": token, "email": token}
    wrong = [json.dumps({"user": {name: value}}).encode() for name, value in user.items()]
    return [
        raw.ask(port, "GET", f"{users}/nobody", b"", [bearer(token)]),
        raw.ask(port, "GET", f"{users}/nobody", b"", [key_pair]),
        raw.ask(port, "GET", f"{users}/nobody?access_token={token}", b"", [bearer(token)]),
        raw.ask(port, "GET", f"{users}/nobody?access_token={token}"),
        raw.ask(port, "GET", f"{users}/nobody", b"", [bearer(token + "0")]),
        raw.ask(port, "GET", f"{users}/nobody", b"", [bearer(token.upper())]),
        raw.ask(port, "GET", f"{users}/nobody", b"", [bearer(token), bearer(token)]),
        raw.ask(port, "GET", f"{users}/nobody", b"", [basic(secrets.api_key, secrets.property_secret + "x")]),
        raw.ask(port, "GET", f"{users}/nobody", b"", [("Authorization", f"Token {token}")]),
        raw.ask(port, "GET", f"{users}/{token}", b"", [bearer(token)]),
        raw.ask(port, "GET", f"/priv/v1/apps/{secrets.property_secret}/users/nobody", b"", [bearer(token)]),
        raw.ask(port, "GET", f"{users}/nobody?show_identifiers={token}%", b"", [bearer(token)]),
        *(raw.ask(port, "POST", users, body, [bearer(token), json_type]) for body in wrong),
        raw.ask(port, "POST", users, json.dumps({"user": token}).encode(), [bearer(token), json_type]),
        raw.ask(port, "POST", "/api/1.0/user_points/deposit", b'"' + token.encode(), [key_pair, json_type]),
        raw.ask(port, "POST", "/api/1.0/user_tiers/tier_status", b'{"retailer_id":"a"}', [key_pair, json_type]),
    ]


def spelled(value: str) -> set[bytes]:
    """The ways in which a value may have been written down."""
    plain = value.encode()
    ways = {
        plain,
        plain.hex().encode(),
        quote(value, safe="").encode(),
        quote_plus(value).encode(),
        json.dumps(value)[1:-1].encode(),
        repr(value)[1:-1].encode(),
        plain[: max(16, len(plain) // 2)],
    }
    ways |= {base64.b64encode(b"x" * shift + plain)[4 * (shift > 0) : -4] for shift in range(3)}
    if all(digit in "0123456789abcdef" for digit in value):
        ways.add(bytes.fromhex(value))
    return ways


def found(where: str, content: bytes, forbidden: list[str]) -> list[str]:
    """What of the forbidden stands in this content."""
    return [f"{value[:6]}... in {where}" for value in forbidden for way in spelled(value) if way in content]


def left_behind(server: Server) -> dict[str, bytes]:
    """What a running server shows of itself: its output, command line and environment."""
    process = Path(f"/proc/{server.process.pid}")
    return {
        "its output": server.printed.read_bytes(),
        "its command line": (process / "cmdline").read_bytes(),
        "its environment": (process / "environ").read_bytes(),
    }


def told_of(folder: Path, answers: list[Answer], secrets: Secrets) -> dict[str, bytes]:
    """What an operator is told of each refusal, and what the audit says, as text and as JSON."""
    audited = command.run("audit", "list", "--limit", "1000", "--data-dir", folder)
    exported = command.run("audit", "export", "--data-dir", folder)
    assert secrets.client_id in exported.out
    assert "client.refused" in exported.out
    contents = {"the audit": audited.out.encode(), "the export": exported.out.encode()}
    ids = [each.header("x-request-id") for each in answers if each.status >= 400]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    for request_id in ids:
        for options in ((), ("--json",)):
            told = command.run("explain", str(request_id), "--data-dir", folder, *options)
            assert told.code == 0, told
            contents[f"explain {request_id} {options}"] = told.out.encode()
    return contents


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_no_secret_or_token_is_left_anywhere(tmp_path: Path, form: str) -> None:
    """Not in the log at its most talkative, error bodies, the process list, or the database and what lies beside it."""
    folder = tmp_path / "data"
    with running(folder, TESSERA_LOG_LEVEL="debug", TESSERA_LOG_FORMAT=form) as server:
        secrets = operator_session.do(folder, furnish)
        issued = issue(server.port, secrets)
        answers = fail(server.port, secrets)
        answers += [answer for token in issued for answer in call_platform(server.port, secrets, token)]
        with Wire(server.port) as wire:
            wire.send(f"POST /oauth/token?client_secret={secrets.client_secret} HTTP/9\r\n{issued[0]}\r\n\r\n".encode())
            assert wire.closed() or wire.answer()
        operator_session.do(folder, lambda context: revocation.revoke(context, issued[0]))
        forbidden = [*secrets.forbidden, *issued]
        contents = left_behind(server)
        server.stop()
        contents["its output"] = server.printed.read_bytes()
    assert b"refused" in contents["its output"], "the log was not written"
    for answer in answers:
        contents[f"an answer {answer.status}"] = repr(answer.headers).encode() + answer.body
        assert not found(f"an answer {answer.status}", repr(answer).encode(), forbidden)
    contents |= told_of(folder, answers, secrets)
    for path in folder.rglob("*"):
        contents[path.name] = path.read_bytes()
    assert "tessera.db" in contents
    assert [hit for where, content in contents.items() for hit in found(where, content, forbidden)] == []
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        dump = "\n".join(connection.iterdump()).encode()
    assert found("the database's dump", dump, forbidden) == []


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_no_query_string_is_ever_logged(tmp_path: Path, form: str) -> None:
    """Neither of a request that works nor of one that is refused, malformed, or not found."""
    folder = tmp_path / "data"
    with running(folder, TESSERA_LOG_LEVEL="debug", TESSERA_LOG_FORMAT=form) as server:
        for path in ("/oauth/token", "/oauth/nothing", "/priv/v1/apps/a/users/b", "/", "/oauth/revoke"):
            for method in ("GET", "POST", "DELETE"):
                raw.ask(server.port, method, f"{path}?canary_name=canary_value&grant_type=canary%zz")
        with Wire(server.port) as wire:
            wire.send(b"GET /?canary HTTP/9\r\ncanary\r\n\r\n")
            wire.closed()
        server.stop()
        assert "refused" in server.output
        assert "canary" not in server.output
