"""`tessera explain`: from the id in an answer to the check that failed and how to put it right."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Done, folder_with_application, one_sentence, run
from tests.support import raw
from tests.support.raw import Answer, Wire, basic, bearer
from tests.support.server import Server, running
from tests.support.waiting import wait_until

ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with the demonstration."""
    with running(tmp_path_factory.mktemp("explained") / "data") as started:
        yield started


def explained(server: Server, answer: Answer) -> dict[str, object]:
    """What is told of an answer, once it is written."""
    request_id = answer.header("x-request-id")
    assert request_id is not None, answer
    done: list[Done] = []

    def told() -> bool:
        done.append(run("explain", request_id, "--json", "--data-dir", server.folder))
        return done[-1].code == 0

    wait_until(told)
    document: dict[str, object] = done[-1].document
    assert document["request_id"] == request_id
    assert document["status"] == answer.status
    return document


def test_a_wrong_secret_is_told_from_an_unknown_client(server: Server) -> None:
    """The caller reads one text for both; the operator reads which it was, and of a real client its whole id."""
    client = server.demo["client_id"]
    wrong = raw.ask(server.port, "POST", "/oauth/token?grant_type=client_credentials", b"", [basic(client, "x" * 64)])
    unknown = raw.ask(
        server.port, "POST", f"/oauth/token?grant_type=client_credentials&client_id={'f' * 64}&client_secret=x"
    )
    assert wrong.body == unknown.body
    told = explained(server, wrong)
    assert (told["check"], told["client"], told["known"]) == ("client.secret", client, True)
    assert (told["scheme"], told["query"], told["source"]) == ("Basic", ["grant_type"], "127.0.0.1")
    assert "secrets add" in str(told["advice"])
    told = explained(server, unknown)
    assert (told["check"], told["client"], told["known"]) == ("client.unknown", "ffff...", False)
    assert told["query"] == ["client_id", "client_secret", "grant_type"]


def test_a_token_is_told_by_its_fingerprint(server: Server) -> None:
    """Why a token opens nothing is told, with eight digits to know it again by."""
    token = server.token()
    path = f"/priv/v1/apps/{server.demo['api_key']}/users/{server.demo['customer_id']}"
    assert raw.ask(server.port, "GET", path, b"", [bearer(token)]).status == 200
    revoke = f"token={token}".encode()
    assert raw.ask(server.port, "POST", "/oauth/revoke", revoke, [basic(server.demo["client_id"],
                   server.demo["client_secret"]), raw.FORM]).status == 200  # fmt: skip
    dead = explained(server, raw.ask(server.port, "GET", path, b"", [bearer(token)]))
    route = "/priv/v1/apps/{api_key}/users/{user_id}"
    assert (dead["check"], dead["scheme"], dead["route"]) == ("token.revoked", "Bearer", route)
    assert server.demo["customer_id"] not in json.dumps(dead)
    again = explained(server, raw.ask(server.port, "GET", path, b"", [bearer(token)]))
    assert dead["token"] == again["token"]
    assert len(str(dead["token"])) == 8
    made_up = explained(server, raw.ask(server.port, "GET", path, b"", [bearer("f" * 64)]))
    assert made_up["check"] == "token.unknown"
    assert made_up["token"] != dead["token"]
    short = explained(server, raw.ask(server.port, "GET", path, b"", [bearer("hunter2")]))
    assert short["token"] == ""


def test_every_kind_of_refusal_is_explained(server: Server) -> None:
    """Also those without a body, by the protocol itself, and those of an address or a method."""
    asked = {
        "address.unknown": raw.ask(server.port, "GET", "/nowhere/\x1b[31m".replace("\x1b", "%1b")),
        "address.method": raw.ask(server.port, "GET", "/oauth/token"),
        "request.body_length": raw.ask(server.port, "POST", "/oauth/token", b"a" * 20_000, [raw.FORM]),
        "http.head": raw.ask(server.port, "GET", "/", b"", [("X", "a" * 40_000)]),
    }
    with Wire(server.port) as wire:
        wire.send(b"GET / HTTP/9\r\n\r\n")
        malformed = wire.answer()
        assert malformed is not None
    for check, answer in {**asked, "http.malformed": malformed}.items():
        assert explained(server, answer)["check"] == check
    shown = run("explain", str(asked["address.unknown"].header("x-request-id")), "--data-dir", server.folder)
    assert "\x1b" not in shown.out
    assert "GET /*/*" in shown.out


def test_refusals_are_found_by_an_id(server: Server) -> None:
    """Whoever knows an id that stood in addresses finds their refusals; it stands in none of them."""
    route = "/priv/v1/apps/{api_key}/external/users/{external_id}"
    path = route.format(api_key=server.demo["api_key"], external_id="card-000777")
    refused = [raw.ask(server.port, "GET", path, b"", [bearer("f" * 64)]) for _ in range(2)]
    told = [explained(server, each) for each in refused]
    assert told[0]["ids"] == told[1]["ids"]
    listed = run("explain", "--about", "card-000777", "--json", "--data-dir", server.folder).document
    assert {each["request_id"] for each in listed} == {each["request_id"] for each in told}
    assert {each["route"] for each in listed} == {route}
    assert "card-000777" not in json.dumps([told, listed])
    shown = run("explain", "--about", "card-000777", "--data-dir", server.folder)
    assert str(told[0]["request_id"]) in shown.out
    nobody = run("explain", "--about", "card-000778", "--data-dir", server.folder)
    assert (nobody.code, nobody.out) == (0, "")
    for arguments in ((), (ID, "--about", "card-000777")):
        assert "or an id with --about" in run("explain", *arguments, "--data-dir", server.folder).err


def test_a_known_client_s_refusals_are_in_the_audit_once_a_minute(server: Server) -> None:
    """A hundred wrong secrets of a real client are one entry or two, and none for a client that there is not."""
    client = server.demo["client_id"]
    answers = [
        raw.ask(server.port, "POST", f"/oauth/token?grant_type=x&client_id={client}&client_secret=wrong")
        for _ in range(50)
    ]
    raw.ask(server.port, "POST", f"/oauth/token?grant_type=client_credentials&client_id={'e' * 64}&client_secret=x")
    explained(server, answers[-1])

    def entries() -> list[dict[str, object]]:
        found = run("audit", "list", "--action", "client.refused", "--json", "--data-dir", server.folder).document
        return [each for each in found if each["detail"]["check"] == "grant.unknown"]

    wait_until(lambda: bool(entries()))
    assert {(each["actor"], each["target"], each["source"]) for each in entries()} == {("server", client, "127.0.0.1")}
    assert len(entries()) <= 2, "a minute may have passed, not more"
    assert "e" * 64 not in json.dumps(entries())


def test_an_id_that_is_not_kept_is_said_so(tmp_path: Path) -> None:
    """How long refusals are kept is said, and by when the latest can be asked for; what is no id is told apart."""
    folder, _ = folder_with_application(tmp_path)
    sentence = one_sentence(run("explain", ID, "--data-dir", folder))
    assert "kept for 7 days" in sentence
    assert "seconds" in sentence
    for broken in ("x", ID[:-1], ID + "0", "'; drop table refusal", "\x1b[31m", "g" * 32):
        assert "32 hex characters" in one_sentence(run("explain", broken, "--data-dir", folder))
    assert "kept for" in one_sentence(run("explain", f" {ID.upper()}\n", "--data-dir", folder))
