"""Running the command: in this process for speed, or as a process of its own where that matters."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tessera.cli import main
from tessera.cli.groups import Unloaded
from tessera.cli.main import tree
from tests.support import engines, prepared

CLEAN = {
    name: os.environ[name]
    for name in ("PATH", "HOME", "LANG", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
    if name in os.environ
}
"""An environment without anything that colours or configures."""


def everything(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every group and command by the words that name it, loaded; the first is `tessera` itself."""
    found = tree() if command is None else command
    found = found.loaded() if isinstance(found, Unloaded) else found
    yield " ".join(path), found
    for name, below in getattr(found, "commands", {}).items():
        yield from everything(below, (*path, name))


def commands() -> dict[str, Any]:
    """Every command that does something, by the words that name it."""
    return {name: command for name, command in everything() if not hasattr(command, "commands")}


class Done(NamedTuple):
    """What a command ended in."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


def run(*arguments: str | Path, stdin: str = "", columns: int | None = None) -> Done:
    """Run the command in this process, at a terminal of this many columns or at none."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _stdin(stdin), _database(arguments):
        if columns is not None:
            os.environ["COLUMNS"] = str(columns)
        code = _code([str(each) for each in arguments])
    return Done(code, out.getvalue(), err.getvalue())


def _code(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _named(arguments: Sequence[str | Path]) -> dict[str, str]:
    """The database of the data folder that these arguments name, where it is not in it."""
    folder = next((after for flag, after in pairwise(arguments) if flag == "--data-dir"), None)
    return {} if folder is None else engines.environment(Path(folder))


@contextmanager
def _database(arguments: Sequence[str | Path]) -> Iterator[None]:
    """The same in the environment of this process; what a command sets there is undone."""
    before = dict(os.environ)
    os.environ.pop("COLUMNS", None)  # of the terminal in which the tests run
    os.environ.update(_named(arguments))
    try:
        yield
    finally:
        for name in [name for name in os.environ if name not in before]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _stdin(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


def spawn(*arguments: str | Path, stdin: str = "", environment: Mapping[str, str] | None = None) -> Done:
    """Run the command as a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "tessera", *map(str, arguments)],
        input=stdin.encode(),
        capture_output=True,
        env={**CLEAN, "COLUMNS": "100", **_named(arguments), **(environment or {})},
        timeout=60,
        check=False,
    )
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def folder_with_application(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A data folder with the organization Aurora and the application Partner; what its creation answered."""
    folder = tmp_path / "data"
    return folder, dict(prepared.copied(folder, _with_application))


def _with_application(folder: Path) -> dict[str, str]:
    with_organization(folder)
    made: dict[str, str] = run("apps", "create", "Partner", "--data-dir", folder, "--json").document
    return made


def folder_with_organization(tmp_path: Path) -> Path:
    """A data folder with the organization Aurora."""
    folder = tmp_path / "data"
    prepared.copied(folder, with_organization)
    return folder


def with_organization(folder: Path) -> None:
    """Set up a data folder by making the organization Aurora."""
    assert run("orgs", "create", "Aurora", "--data-dir", folder).code == 0


def one_sentence(done: Done) -> str:
    """The sentence a failed command ended in. Fails unless it is one line, prefixed, with code 1 and no output."""
    lines = done.err.splitlines()
    assert done.code == 1, done
    assert done.out == "", done
    assert len(lines) == 1, done
    assert lines[0].startswith("tessera: "), done
    return lines[0].removeprefix("tessera: ")
