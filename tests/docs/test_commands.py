"""The command line in the papers: every command is documented, and what is printed can be typed."""

import os
import re
import shlex
import subprocess
import sys
from string import Template

import pytest

from tests.architecture.modules import texts
from tests.cli.command import commands, everything
from tests.docs.fences import fences, paper
from tests.docs.test_examples import HERE
from tests.support.server import Server

_INLINE = re.compile(r"`(?:\.venv/bin/)?tessera ([a-z][^`\n]*)`")
_FENCED = re.compile(r"^(?:\.venv/bin/)?tessera ([a-z].*)$", re.MULTILINE)

TESSERA = dict(everything())


def typed(text: str) -> list[str]:
    """Every call of `tessera` in a paper, inline or in a fence."""
    return [*_INLINE.findall(text), *_FENCED.findall(text)]


def mistakes(line: str) -> list[str]:
    """What is wrong with a call: a command or an option that does not exist."""
    words = shlex.split(line.rstrip("."), comments=True)
    path = ""
    while words and hasattr(TESSERA[path], "commands"):
        if f"{path} {words[0]}".strip() not in TESSERA:
            return [f"no command {words[0]}: {line}"]
        path = f"{path} {words.pop(0)}".strip()
    command = TESSERA[path]
    known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
    return [f"no option {word}: {line}" for word in words if word.startswith("-") and word != "-" and word not in known]


PAPERS = sorted(path for path, text in texts().items() if path.endswith(".md") and typed(text))


@pytest.mark.parametrize("path", PAPERS)
def test_what_is_printed_can_be_typed(path: str) -> None:
    """A call of `tessera` in a paper names a command that exists, with options that it has."""
    assert [mistake for line in typed(paper(path)) for mistake in mistakes(line)] == []


def test_a_call_that_cannot_be_typed_is_seen() -> None:
    """Commands and options that do not exist are complained about."""
    assert mistakes("serve --port 8000") == []
    assert mistakes("apps frobnicate") != []
    assert mistakes("serve --prot 8000") != []


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_manual(name: str) -> None:
    """docs/cli.md names every command, and every option of it."""
    text = paper("docs/cli.md")
    options = [option for parameter in commands()[name].params for option in parameter.opts if option.startswith("--")]

    assert f"tessera {name}" in text
    assert [option for option in options if option not in text] == []


def test_the_four_commands_make_an_application(scratch_server: Server) -> None:
    """The four commands of the README work when typed one after the other, beside a running server."""
    lines = next(fence.text for fence in fences("README.md") if "tessera orgs create" in fence.text).splitlines()
    values: dict[str, str] = {}
    environment = {**os.environ, "TESSERA_DATA_DIR": str(scratch_server.folder)}

    for line in lines:
        if line.startswith("export "):
            environment |= {name: values[name] for name in line.split()[1:]}
            continue
        words = shlex.split(Template(line.replace(HERE, scratch_server.url)).safe_substitute(values))
        ended = subprocess.run(
            [sys.executable, "-m", "tessera", *words[1:], "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, (line, ended.stderr)
        secrets = re.findall(r"\"(client_id|client_secret)\": \"(\w+)\"", ended.stdout)
        values |= {name.upper(): value for name, value in secrets}

    assert len([line for line in lines if "tessera" in line]) == 4
    assert "access_token" in ended.stdout
