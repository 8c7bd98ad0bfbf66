"""Help of every command, held as goldens; `TESSERA_GOLDENS=write` writes them anew."""

import json
import os
import re
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import pytest

from tessera.cli.main import LISTED
from tests.cli.command import CLEAN, everything, folder_with_application, spawn

GOLDENS = Path(__file__).parent / "goldens"

_SHOW_ALL = """
import contextlib, io, json, sys
from tessera.cli import main
shown = {}
for name in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*name.split(), "--help"])
    shown[name] = out.getvalue()
print(json.dumps(shown))
"""


COMMANDS = [name for name, _ in everything()]


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """What `--help` of every command shows, a hundred columns wide."""
    ended = subprocess.run(
        [sys.executable, "-c", _SHOW_ALL],
        input=json.dumps(COMMANDS).encode(),
        capture_output=True,
        env={**CLEAN, "COLUMNS": "100"},
        check=True,
    )
    texts: dict[str, str] = json.loads(ended.stdout)
    return {name: re.sub(r" +$", "", text, flags=re.MULTILINE) for name, text in texts.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_as_its_golden_says(name: str, shown: dict[str, str]) -> None:
    """The help of each command is what was agreed on, to the character."""
    golden = GOLDENS / f"{name.replace(' ', '-') or 'tessera'}.txt"
    if os.environ.get("TESSERA_GOLDENS") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(shown[name])
    assert shown[name] == golden.read_text()


def test_no_golden_is_left_of_a_command_that_is_gone() -> None:
    """Every golden belongs to a command."""
    names = {f"{name.replace(' ', '-') or 'tessera'}.txt" for name in COMMANDS}
    assert {file.name for file in GOLDENS.iterdir()} - names == {"errors.txt"}


GROUPS = {path for path in COMMANDS if any(other.startswith(f"{path} ") for other in COMMANDS)} | {""}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in GROUPS])
def test_each_command_shows_an_example_of_itself(name: str, shown: dict[str, str]) -> None:
    """The help of a command ends with a line that calls that command."""
    assert f"tessera {name}" in shown[name].partition("Example:")[2]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in GROUPS | {"serve"}])
def test_each_command_takes_the_shared_flags(name: str, shown: dict[str, str]) -> None:
    """Whatever prints something prints it as JSON on request, and whatever reads data can be told where it is."""
    assert "--json" in shown[name]
    assert name in {"copy", "version"} or "--data-dir" in shown[name]  # a copy has two places, and names both


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_in_the_manual(name: str) -> None:
    """No command is without a word in docs/cli.md."""
    manual = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    assert f"tessera {name}".strip() in manual


def test_no_colour_without_a_terminal() -> None:
    """Nothing of a terminal's codes is in the output of a pipe."""
    done = spawn("apps", "--help")
    assert "\x1b" not in done.out + done.err
    assert "\x1b" not in spawn("apps", "nonsense").err


_IMPORTS_OF = """
import json, sys
from tessera.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code
json.dump(sorted(sys.modules), sys.stderr)
"""

NOT_FOR_COMMANDS = (
    "alembic",
    "h11",
    "httptools",
    "httpx2",
    "opentelemetry",
    "psycopg",
    "rich",
    "sqlalchemy",
    "structlog",
    "tessera.api",
    "tessera.app.webhooks.deliveries",
    "tessera.app.webhooks.workers",
    "tessera.app.demo.demo",
    "tessera.app.tokens.verification",
    "tessera.app.management.housekeeping",
    "tessera.server",
    "tessera.web",
    "uvicorn",
    "uvloop",
)
"""What answers HTTP, what a server does by itself, and what logs, migrates or draws tables."""

NOUNS = {f"tessera.cli.{each.module}" for each in LISTED.values()}


def imported_by(*words: str | Path) -> list[str]:
    """The modules that a command imports."""
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORTS_OF, *words], capture_output=True, text=True, env=CLEAN, check=True
    )
    modules: list[str] = json.loads(ended.stderr[ended.stderr.index('["') :])
    return modules


@pytest.mark.parametrize(
    "command", ["apps list --json", "apps show Partner --json", "orgs list -q", "apps set Partner --scope openid"]
)
def test_a_command_imports_what_it_uses(tmp_path: Path, command: str) -> None:
    """Importing is most of a command's time: it imports the module of its own noun, and no library for nothing."""
    folder, _ = folder_with_application(tmp_path)
    modules = imported_by(*command.split(), "--data-dir", folder)
    assert "tessera.wiring" in modules
    assert [name for name in modules if any(f"{name}.".startswith(f"{each}.") for each in NOT_FOR_COMMANDS)] == []
    own = (
        {"tessera.cli.apps.apps", "tessera.cli.resources"}
        if command.startswith("apps")
        else {"tessera.cli.organizations.organizations"}
    )
    assert NOUNS & set(modules) <= own | {"tessera.cli.resources"}


@pytest.mark.parametrize("command", ["--version", "--help"])
def test_the_command_itself_imports_no_noun(command: str) -> None:
    """The version and the list of all nouns need neither a noun, nor a setting, nor a database."""
    modules = imported_by(command)
    assert NOUNS & set(modules) <= {"tessera.cli.configuration"}
    assert {"pydantic", "sqlite3", "asyncio", "cryptography", "tessera.settings", "tessera.app"} & set(modules) == set()
    assert command == "--help" or "rich" not in modules


@pytest.mark.parametrize("name", LISTED)
def test_a_noun_is_listed_by_its_own_sentence(name: str) -> None:
    """The sentence in the help of `tessera` is the one with which the help of the noun or command begins."""
    (found,) = [command for path, command in everything() if path == name]
    assert cleandoc(found.help).partition("\n\n")[0].replace("\n", " ") == LISTED[name].sentence


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_nouns_verbs_and_flags(shell: str) -> None:
    """A shell that asks is told what may follow, although nothing is loaded before it is asked for."""
    assert "_TESSERA_COMPLETE=complete_" in spawn("--show-completion", shell).out

    def offered(line: str) -> str:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": line}
        asked = {"_TESSERA_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        return spawn(environment=words | asked).out

    assert {"apps", "audit"} <= set(re.findall(r"\w+", offered("tessera a")))
    assert "secrets" in offered("tessera apps s")
    assert "rotate" in offered("tessera properties secrets r")
    assert "--quiet" in offered("tessera apps list --q")


def test_nouns_and_shared_verbs_come_first(shown: dict[str, str]) -> None:
    """The help begins with what is used most: nouns, and for each noun create, list and show."""

    def order(name: str, words: list[str]) -> list[str]:
        return [word for word in re.findall(r"^│ ([\w-]+)", shown[name], re.MULTILINE) if word in words]

    verbs = ["create", "list", "show", "set", "disable", "enable", "delete"]
    assert order("apps", verbs) == order("orgs", verbs) == verbs
    assert order("", ["apps", "orgs", "customers", "token", "serve", "version"])[:2] == ["apps", "orgs"]
    assert "Who may call" in shown[""]
    assert "Credentials" in shown["apps"]


def test_version_is_told_both_ways() -> None:
    """`tessera version` and `tessera --version` say the same."""
    assert spawn("version").out == spawn("--version").out != ""
