"""Programs of the system that tests start: each is in the table, and a test that misses one is left out in the open."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.architecture.modules import ROOT, modules
from tests.support import left_out, programs

BROUGHT = {"go", "node", "npm"}
"""Those that `requirements/tools.txt` brings."""

LOOKS_ITSELF = {"tests/support/programs.py", "tests/architecture/test_programs.py"}

NOT_NEEDED = ("schemathesis", "hypothesispytest", "anyio")
"""Plugins of pytest that take seconds to import."""

LEAVES_OUT = """
import pytest
from tests.support.programs import Missing, program

@pytest.fixture(scope="module")
def browser():
    return program("no-such-browser")

def test_runs():
    pass

@pytest.mark.parametrize("page", [1, 2])
def test_page(browser, page):
    pass

def test_disk():
    raise Missing("a small disk", "ask for one")
"""


def looked_for() -> set[str]:
    """The names of all programs that tests look for, and so start."""
    return {
        node.args[0].value
        for module in modules()
        if "program(" in module.text
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "program" and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


def test_the_table_has_every_program_and_no_other() -> None:
    """What a test looks for is installed by the script, and nothing is installed that no test looks for."""
    assert looked_for() == set(programs.packages()) | BROUGHT


def test_programs_are_looked_for_in_one_place() -> None:
    """A test that looked for itself could decide to do nothing."""
    tests = [module for module in modules() if module.path.startswith("tests/") and module.path not in LOOKS_ITSELF]

    assert [module.path for module in tests if "shutil.which" in module.text] == []


def test_servers_are_found_whatever_the_path_says() -> None:
    """The folders of servers are looked in when PATH has none of them, and PostgreSQL's own."""
    assert set(programs.BESIDE_PATH) <= set(programs.search_path().split(os.pathsep))
    assert Path(programs.program("initdb")).name == "initdb"


def ran(folder: Path, module: Sequence[str], *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of a module over one file, some of whose tests miss something."""
    file = folder / "test_leaves_out.py"
    file.write_text(LEAVES_OUT)
    plugins = ["-p", "tests.support.left_out", *(f"-pno:{name}" for name in NOT_NEEDED)]
    command = [sys.executable, "-m", *module, "-c", "/dev/null", *plugins, str(file), *options]
    outer = {name: value for name, value in os.environ.items() if name != left_out.FILE}
    return subprocess.run(command, cwd=ROOT, env={**outer, **environment}, capture_output=True, text=True, check=False)


def test_what_is_left_out_is_listed_and_fails_the_run(tmp_path: Path) -> None:
    """One process or several: the tests that ran passed, the others are listed by what was missing, the code is 1."""
    for split in ((), ("-n", "2")):
        ended = ran(tmp_path, ["pytest"], *split)

        assert ended.returncode == 1, ended.stdout
        assert "1 passed, 3 left out" in ended.stdout
        assert "2 tests were left out: no-such-browser is missing (make install)." in ended.stdout
        assert "1 tests were left out: a small disk is missing (ask for one)." in ended.stdout
        assert re.search(r"test_leaves_out.py: 2$", ended.stdout, re.MULTILINE)


def test_what_several_runs_left_out_is_listed_once(tmp_path: Path) -> None:
    """Runs that are told to add to a file do so and list nothing."""
    file = tmp_path / "left_out"
    for split in ((), ("-n", "2")):
        ended = ran(tmp_path, ["pytest"], *split, **{left_out.FILE: str(file)})
        assert ended.returncode == 1
        assert "tests were left out" not in ended.stdout

    assert [each.lacking for each in left_out.read(file)].count("no-such-browser") == 4


def test_a_suite_tells_last_what_its_runs_left_out(tmp_path: Path) -> None:
    """Both runs take place, the list is the end of it, and the code is that of the run that was not whole."""
    ended = ran(tmp_path, ["tests", "product"])

    assert ended.returncode == 1, ended.stdout
    assert "1 passed, 3 left out" in ended.stdout
    assert "4 deselected" in ended.stdout
    assert ended.stdout.count("were left out") == 2
    assert ended.stdout.splitlines()[-1].endswith("test_leaves_out.py: 2")


def test_without_root_the_script_names_packages_and_command(tmp_path: Path) -> None:
    """It installs nothing, says what to type, and exits with 1; with nothing missing it says nothing."""
    for name in ("system.sh", "programs.txt"):
        shutil.copy(ROOT / "tests" / "setup" / name, tmp_path)
    table = tmp_path / "programs.txt"
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run() -> subprocess.CompletedProcess[str]:
        command = ["sh", str(tmp_path / "system.sh")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    table.write_text("# program  package\nsh  dash\nno-such-program  a-package\nnor-this  a-package\n")
    missing = run()
    table.write_text("sh  dash\n")
    whole = run()

    assert (missing.returncode, missing.stdout) == (1, "")
    assert re.search(r"\ba-package\n$", missing.stderr)
    assert missing.stderr.count("a-package") == 1
    assert "dash" not in missing.stderr
    assert (whole.returncode, whole.stdout, whole.stderr) == (0, "", "")
