"""Values that were refused: repeated to their sender, in short, and kept nowhere."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tessera.core.errors import ArgumentError, NotFound, Validation
from tessera.core.escaping import unsafe
from tessera.core.sent_values import SHOWN_MAX, Number, described, may_be_shown, shown
from tests.adversarial.test_leaks import Secrets, found, furnish
from tests.architecture.words import REFUSAL_TEXT
from tests.cli import command
from tests.support import operator_session, raw
from tests.support.raw import Answer, basic
from tests.support.server import running

NAME = "Marlowe-Quill"
"""A person's name, in all that is refused here."""

JSON = ("Content-Type", "application/json")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("f", '"f"'),
        ("", '""'),
        ("a\x1b[2Jb", r'"a\x1b[2Jb"'),
        ("a\u202eb", r'"a\u202eb"'),
        ("x" * SHOWN_MAX, f'"{"x" * SHOWN_MAX}"'),
        ("x" * (SHOWN_MAX + 1), f'"{"x" * SHOWN_MAX}..."'),
        (True, "true"),
        (None, "null"),
        (7, "7"),
        (1.5, "1.5"),
        (Number("9" * 50), f"{'9' * 40}..."),
        ([], "an empty list"),
        (["secret"], "a list of 1"),
        ({"secret": 1}, "an object"),
        ("ab12" * 10, "a text of 40"),
        ("Bearer " + "ab12" * 8, "a text of 39"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "a text of 29"),
        ("2f030785-02cf-4b70-86de-ccdff6fd9b21", '"2f030785-02cf-4b70-86de-ccdff6fd9b21"'),
    ],
)
def test_a_value_is_shown_in_short(value: object, text: str) -> None:
    """Texts are quoted, cut and escaped; lists, objects and what looks like a credential are told by size."""
    assert shown(value) == text


@pytest.mark.parametrize(
    "name", ["client_secret", "auth_token", "user.auth_token", "password", "client_assertion", "api_key", "keys[0].kid"]
)
def test_a_member_that_may_hold_a_secret_is_never_shown(name: str) -> None:
    """The name decides; `keyboard` and `monkey` are none."""
    assert not may_be_shown(name)
    assert may_be_shown("user.keyboard")
    assert may_be_shown("monkey")


@pytest.mark.parametrize("text", ['a "b"', "a\\b", "é\x00\U0001f600", "plain"])
def test_an_error_description_has_its_characters_only(text: str) -> None:
    """RFC 6749 section 5.2 allows printable ASCII but for the double quote and the backslash."""
    assert REFUSAL_TEXT.fullmatch(described(text))


def test_the_value_stands_beside_the_sentence() -> None:
    """What is kept of a refusal is its `public` text; only the message for the caller has the value."""
    refusal = Validation("gender must be f, female, m or male.", sent=NAME)

    assert refusal.message == f'gender must be f, female, m or male. The value is "{NAME}".'
    for kept in (refusal.public, str(refusal), repr(refusal), refusal.detail, refusal.check):
        assert NAME not in kept
    assert refusal.within("details[0]").message == f"details[0]: {refusal.message}"
    assert NotFound("None.").message == "None."
    assert ArgumentError("One.", sent=None).message == "One. The value is null."


def requests(secrets: Secrets, retailer_id: str) -> list[tuple[str, str, object]]:
    """Requests that are refused for a value with a name in it."""
    users = f"/priv/v1/apps/{secrets.api_key}/users"
    customers: list[dict[str, object]] = [
        {"gender": NAME},
        {"dob": NAME},
        {"country": NAME},
        {"email": NAME},
        {"profile_photo_url": NAME},
        {"external_id": f"{NAME}\u00ad"},
        {"first_name": f"{NAME}\u0007"},
        {"opted_in": NAME},
        {"external_id": "known", "city": "Riverton"},
        {"external_id": "new", "email": f"{NAME}@customers.example", "referral": 1},
        {"phone_numbers": NAME},
    ]
    deposit = {"point_account_id": NAME, "amount": 1, "idempotency_id": NAME}
    return [
        *(("POST", users, {"user": {"external_id": "x", **each}}) for each in customers),
        ("GET", f"{users}/search?phone={NAME}", None),
        ("GET", f"{users}/search_users?email=a@b.example&limit={NAME}", None),
        ("GET", f"{users}?user_ids[]=a&show_identifiers={NAME}", None),
        ("POST", "/api/1.0/user_points/balance", {"retailer_id": NAME, "user_id": "x"}),
        (
            "POST",
            "/api/1.0/user_points/deposit",
            {"retailer_id": retailer_id, "user_id": "x", "deposit_details": [deposit, deposit]},
        ),
        ("POST", "/oauth/token?grant_type=" + NAME, None),
    ]


def test_a_value_is_in_the_answer_and_nowhere_else(tmp_path: Path) -> None:
    """The log, the refusals that are kept, what is told of them, the audit: none has a word of what was sent."""
    folder = tmp_path / "data"
    with running(folder, TESSERA_LOG_LEVEL="debug") as server:
        secrets = operator_session.do(folder, furnish)
        known = [basic(secrets.api_key, secrets.property_secret), JSON]
        for user in ({"external_id": "known"}, {"email": "somebody@customers.example"}):
            made = raw.ask(
                server.port, "POST", f"/priv/v1/apps/{secrets.api_key}/users", encoded({"user": user}), known
            )
            assert made.status == 200, made
        answers = [
            raw.ask(
                server.port, method, path, b"" if body is None else encoded(body), known if "/oauth" not in path else []
            )
            for method, path, body in requests(secrets, "unknown")
        ]
        server.stop()
        printed = server.printed.read_bytes()
    assert all(answer.status >= 400 and good(answer) for answer in answers)
    assert sum(NAME in answer.body.decode() for answer in answers) >= len(answers) - 3
    contents = {"the log": printed}
    for path in folder.rglob("*"):
        contents[path.name] = path.read_bytes()
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        contents["the database's dump"] = "\n".join(connection.iterdump()).encode()
    assert b"gender must be" in contents["the database's dump"]
    for answer in answers:
        told = command.run("explain", str(answer.header("x-request-id")), "--json", "--data-dir", folder)
        contents[f"explain {answer.header('x-request-id')}"] = told.out.encode()
    assert [hit for where, content in contents.items() for hit in found(where, content, [NAME])] == []


def encoded(body: object) -> bytes:
    """A body as JSON."""
    return json.dumps(body).encode()


def good(answer: Answer) -> bool:
    """Whether the text of a refusal commands no terminal, and is short."""
    members = json.loads(answer.body)
    text = members.get("error_description") or members["errors"]["message"]
    return not unsafe(text) and len(text) < 400
