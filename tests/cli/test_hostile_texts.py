"""Texts that somebody else wrote, on a terminal: nothing in them is obeyed, and `--json` keeps their value."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command import Done, commands, folder_with_application, run, spawn
from tests.cli.test_terminal import terminal
from tests.support import engines

pytestmark = pytest.mark.usefixtures("lent")

ATTACK = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202ekcab\u200b\x7f\u2028"
SHOWN = "\\x1b[2J\\x1b]0;owned\\x07\\x9b31m\\u202ekcab\\u200b\\x7f\\u2028"

COLUMNS = (
    ("organization", "name"),
    ("organization", "retailer_id"),
    ("application", "name"),
    ("credential", "name"),
    ("credential", "last_used_from"),
    ("property", "name"),
    ("property_secret", "name"),
    ("property_secret", "last_used_from"),
    ("resource", "name"),
    ("webhook", "name"),
    ("webhook", "url"),
    ("webhook", "last_error"),
    ("point_account", "name"),
    ("point_account", "grouping_label"),
    ("point_source", "name"),
    ("tier_system", "name"),
    ("tier_level", "name"),
    ("event_rule", "name"),
)
"""Columns whose texts operators, partners or receivers wrote. Some cannot be hostile today."""


def unsafe(text: str) -> set[str]:
    """Characters that would reach the terminal raw, line ends left out."""
    return {each for each in text if each != "\n" and not each.isprintable()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with something of everything, whose texts are all hostile."""
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    program = {
        "organization": "Aurora",
        "point_accounts": [{"name": "Beans", "group": "Spend"}, {"name": "Status", "group": "Tier"}],
        "point_sources": [{"name": "Till"}],
        "tier_systems": [{"name": "Club", "levels": [{"name": "Green"}]}],
        "events": [{"lookup": "survey", "name": "Survey", "awards": [{"account": "Beans", "points": 1}]}],
    }
    file = tmp_path / "program.json"
    file.write_text(json.dumps(program))
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"external_id": "card", "first_name": "Ada", "email": "ada@customers.example"}))
    for command in (
        ("loyalty", "apply", file, "--yes"),
        ("properties", "create", "shop"),
        ("resources", "create", "https://stock.example", "--name", "Stock", "--scope", "read"),
        ("webhooks", "create", "hook", "--url", "https://hook.example/"),
        ("customers", "import", rows),
        ("apps", "grant", "Partner", "https://stock.example", "--scope", "read"),
    ):
        done = run(*command, *here)
        assert done.code == 0, done
    with engines.writing(folder) as database:
        for table, column in COLUMNS:
            database.rows(f"update {table} set {column} = coalesce({column}, '') || ?", ATTACK)
        database.rows("update customer set profile = replace(profile, 'Ada', ?)", json.dumps(f"Ada{ATTACK}")[1:-1])
        database.rows("update customer set user_profile = ?", json.dumps({f"hat{ATTACK}": ATTACK}))
    return folder


READS: tuple[tuple[str, ...], ...] = (
    ("orgs", "list"),
    ("orgs", "show", "ORG"),
    ("apps", "list"),
    ("apps", "show", "PARTNER"),
    ("apps", "secrets", "list", "PARTNER"),
    ("apps", "keys", "list", "PARTNER"),
    ("apps", "certificates", "list", "PARTNER"),
    ("apps", "warnings"),
    ("apps", "access", "PARTNER"),
    ("apps", "usage", "PARTNER"),
    ("apps", "limit", "PARTNER"),
    ("properties", "list"),
    ("properties", "show", "SHOP"),
    ("properties", "limit", "SHOP"),
    ("properties", "secrets", "list", "SHOP"),
    ("resources", "list"),
    ("resources", "show", "https://stock.example"),
    ("resources", "who", "read"),
    ("webhooks", "list"),
    ("webhooks", "show", "HOOK"),
    ("webhooks", "deliveries", "HOOK"),
    ("loyalty", "show"),
    ("loyalty", "export"),
    ("loyalty", "export", "--format", "json"),
    ("customers", "list"),
    ("customers", "show", "card"),
    ("customers", "export", "card"),
    ("audit", "list"),
    ("audit", "export"),
    ("audit", "verify"),
    ("events", "list"),
    ("events", "show", "EVENT"),
    ("keys", "list"),
    ("doctor",),
    ("settings",),
)

NAMES = {"ORG": f"Aurora{ATTACK}", "PARTNER": f"Partner{ATTACK}", "HOOK": f"hook{ATTACK}", "SHOP": f"shop{ATTACK}"}


LOOKING = {"access", "deliveries", "export", "limit", "list", "show", "usage", "verify", "warnings", "who"}
"""Last words of commands that show what is there."""


def test_every_command_that_shows_something_is_tried() -> None:
    """A new one has to be added here."""
    leaves = [tuple(name.split()) for name in commands()]
    shown = {leaf for leaf in leaves if leaf[-1] in LOOKING}
    tried = {command[:length] for command in READS for length in range(1, len(command) + 1)}
    assert shown - tried == set()


def here(*words: str | Path) -> Done:
    """Run a command in this process, but for one that writes bytes as it goes."""
    return spawn(*words) if words[:2] == ("customers", "export") else run(*words, columns=100)


def read(folder: Path, *command: str, by: Callable[..., Done] = here) -> Done:
    """Run a command that shows something: in this process, or as a process of its own by `spawn`."""
    names = dict(NAMES)
    if "EVENT" in command:
        names["EVENT"] = run("events", "list", "--json", "--data-dir", folder).document[0]["id"]
    done = by(*(names.get(each, each) for each in command), "--data-dir", folder)
    assert done.code == 0, done
    return done


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_command_shows_them_raw(folder: Path) -> None:
    """As text: what is shown is escaped, in tables, pairs, lines and documents."""
    shown = ""
    for command in READS:
        done = read(folder, *command)
        assert unsafe(done.out + done.err) == set(), command
        shown += done.out
    assert shown.count(SHOWN) >= len(COLUMNS)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_json_is_valid_and_has_the_very_value(folder: Path) -> None:
    """With `--json` it is escaped too, and reads as what is stored."""
    found = 0
    for command in READS:
        done = read(folder, *command, *(() if command[:2] == ("customers", "export") else ("--json",)))
        assert unsafe(done.out + done.err) == set(), command
        found += repr(texts(json.loads(done.out))).count(repr(ATTACK)[1:-1])
    assert found >= len(COLUMNS)


def texts(value: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        return [*value, *(text for each in value.values() for text in texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_exports_are_valid_and_have_the_very_value(folder: Path) -> None:
    """A program as YAML and the audit as JSON lines read as what is stored, from the terminal as from a file."""
    program = yaml.safe_load(read(folder, "loyalty", "export", by=spawn).out)
    assert program["point_sources"][0]["name"] == f"Till{ATTACK}"
    for line in read(folder, "audit", "export", by=spawn).out.splitlines():
        json.loads(line)
    record = json.loads(read(folder, "customers", "export", "card", by=spawn).out)
    assert f"Ada{ATTACK}" in texts(record)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_errors_and_questions_repeat_nothing_raw(folder: Path) -> None:
    """A sentence that names what was typed, a usage error, and the question before something is deleted."""
    here = ("--data-dir", folder)
    for command in (("apps", "show", ATTACK), ("apps", "delete", NAMES["PARTNER"]), ("orgs", "show", ATTACK)):
        done = run(*command, *here)
        assert done.code != 0
        assert unsafe(done.err) == set(), command
    for usage in ((f"--{ATTACK}",), (ATTACK,), ("apps", f"--limit{ATTACK}"), ("customers", "import", ATTACK)):
        done = run(*usage)
        assert done.code == 2
        assert unsafe(done.err) == set(), usage
    with terminal("apps", "delete", NAMES["PARTNER"], *here, NO_COLOR="1") as screen:
        screen.wait_for("[y/N]")
        assert SHOWN in screen.shown
        assert unsafe(screen.shown.replace("\r", "")) == set()
        screen.type("n\n")
        assert screen.end()[0] == 1


class Receiver(BaseHTTPRequestHandler):
    """Answers a webhook with bytes that a terminal would obey."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = f"first\r\n{ATTACK}".encode() + b"\x1b[31m\xff"
        self.send_response(400)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The address of such a receiver."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_receiver_s_bytes_do_nothing(tmp_path: Path, receiver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a webhook's receiver answers to a test is shown escaped, and with `--json` it is the value."""
    monkeypatch.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", "127.0.0.1")
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    assert run("webhooks", "create", "hook", "--url", receiver, *here).code == 0
    done = run("webhooks", "test", "hook", *here)
    assert done.code == 1
    assert done.out == f"first\\r\\n{SHOWN}\\x1b[31m\ufffd\n"
    done = run("webhooks", "test", "hook", "--json", *here)
    assert unsafe(done.out) == set()
    assert done.document["text"] == f"first\r\n{ATTACK}\x1b[31m\ufffd"
