"""At a terminal: questions are asked, progress is shown; and what happens when the database is held by another."""

import os
import pty
import select
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.command import CLEAN, folder_with_application, one_sentence, run

PATIENCE_SECONDS = 10
PRESSED_AGAIN_SECONDS = 2
SHOWN_SECONDS = 120.0
"""How long something is waited for on the screen."""

PRESSED_MAX = 10


class Terminal:
    """A process whose standard input and standard error are a terminal; its standard output is a pipe."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "tessera", *map(str, arguments)],
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
            env={**CLEAN, "TERM": "xterm", "COLUMNS": "120", **environment},
        )
        os.close(theirs)
        self.shown = ""
        self._patience = PATIENCE_SECONDS

    def wait_for(self, part: str) -> None:
        """Read until this is on the screen. Fails when the process ends first."""
        deadline = time.monotonic() + SHOWN_SECONDS
        while part not in self.shown:
            assert time.monotonic() < deadline, f"{part!r} did not come: {self.shown[-2000:]}"
            read = self._read()
            assert read, self.shown
            self.shown += read

    def _read(self) -> str:
        try:
            return os.read(self._ours, 65_536).decode()
        except OSError:  # the other side is closed
            return ""

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        self._patience = PRESSED_AGAIN_SECONDS if text == "\x03" else PATIENCE_SECONDS
        os.write(self._ours, text.encode())

    def end(self) -> tuple[int, str]:
        """Wait for the end; the exit code and standard output.

        A Ctrl-C that comes just before Python begins to read is seen with the next key only: people press again.
        """
        for _ in range(PRESSED_MAX):
            while select.select([self._ours], [], [], self._patience)[0]:
                if not (read := self._read()):
                    break
                self.shown += read
            else:
                self.type("\x03")
                continue
            break
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode()

    def close(self) -> None:
        """Let go of the terminal."""
        os.close(self._ours)


@contextmanager
def terminal(*arguments: str | Path, **environment: str) -> Iterator[Terminal]:
    """A command at a terminal."""
    started = Terminal(*arguments, **environment)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.communicate()
        started.close()


@pytest.mark.parametrize(
    ("typed", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("\n", 1, 1), ("\x04", 1, 1), ("\x03", 130, 1)]
)
def test_deleting_asks_first(tmp_path: Path, typed: str, code: int, left: int) -> None:
    """Only a yes deletes; no, nothing, the end of input and Ctrl-C leave everything as it was."""
    folder, _ = folder_with_application(tmp_path)
    with terminal("apps", "delete", "Partner", "--data-dir", folder) as screen:
        screen.wait_for("Delete the application Partner")
        screen.wait_for("[y/N]")
        screen.type(typed)
        assert screen.end()[0] == code, screen.shown
        assert "Traceback" not in screen.shown
    assert len(run("apps", "list", "--json", "--data-dir", folder).document) == left


@pytest.mark.parametrize(("typed", "code", "sources"), [("y\n", 0, 1), ("n\n", 1, 0), ("\x03", 130, 0)])
def test_a_program_changes_after_asking(tmp_path: Path, typed: str, code: int, sources: int) -> None:
    """The plan is shown in colour, and only a yes carries it out."""
    folder, _ = folder_with_application(tmp_path)
    file = tmp_path / "program.yaml"
    file.write_text("point_sources: [{name: Till}]\n")
    with terminal("loyalty", "apply", file, "--data-dir", folder, FORCE_COLOR="1") as screen:
        screen.wait_for("Change the program of Aurora?")
        screen.type(typed)
        ended, out = screen.end()
        assert ended == code, screen.shown
        assert "\x1b[32m+ point source Till" in out
        assert "Traceback" not in screen.shown
    shown = run("loyalty", "export", "--json", "--data-dir", folder).document
    assert len(shown["point_sources"]) == sources


def test_a_secret_is_asked_for_unseen(tmp_path: Path) -> None:
    """At a terminal a secret is asked for, and not echoed."""
    folder, _ = folder_with_application(tmp_path)
    flags = ("--client-id", "old", "--client-secret-stdin", "--data-dir", folder)
    with terminal("apps", "create", "Old", *flags) as screen:
        screen.wait_for("Secret: ")
        screen.type("hunter2 and more\n")
        code, out = screen.end()
        assert code == 0
        assert "hunter2" not in screen.shown + out


def test_an_import_shows_how_far_it_is(tmp_path: Path) -> None:
    """The bar is on standard error alone: the document on standard output stays whole."""
    folder, _ = folder_with_application(tmp_path)
    rows = tmp_path / "rows.csv"
    rows.write_text("external_id\n" + "".join(f"c-{n}\n" for n in range(3_000)))
    with terminal("customers", "import", rows, "--json", "--data-dir", folder) as screen:
        code, out = screen.end()
    assert code == 0
    assert out.startswith('{\n  "dry_run": false,\n  "created": 3000,')
    assert "3,000 rows" in screen.shown
    assert "rows/s" in screen.shown


def test_no_color_is_honoured(tmp_path: Path) -> None:
    """With NO_COLOR a usage error at a terminal has no colour in it; without, it has."""
    folder, _ = folder_with_application(tmp_path)
    shown = []
    for environment in ({}, {"NO_COLOR": "1"}):
        with terminal("apps", "lst", "--data-dir", folder, **environment) as screen:
            assert screen.end()[0] == 2
        shown.append(screen.shown)
    assert "\x1b[31m" in shown[0]
    assert "\x1b[3" not in shown[1]


def test_a_database_that_another_holds_is_told(tmp_path: Path) -> None:
    """When the lock is not to be had, the sentence says so, and that the import is to be run again."""
    folder, _ = folder_with_application(tmp_path)
    rows = tmp_path / "rows.csv"
    rows.write_text("external_id\nc-1\n")
    with closing(sqlite3.connect(folder / "tessera.db", isolation_level=None)) as holder:
        holder.execute("begin immediate")
        stopped = run("customers", "import", rows, "--data-dir", folder)
        assert "import the same file again" in one_sentence(stopped)
    assert run("customers", "import", rows, "--json", "--data-dir", folder).document["created"] == 1
