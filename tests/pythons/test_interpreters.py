"""Which of the files that are named as a Python is are one that the product runs on."""

import sys
from pathlib import Path

from tests.pythons.interpreters import OLDEST, found, probed


def script(path: Path, text: str) -> Path:
    """An executable file."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def answering(path: Path, text: str) -> Path:
    """A file that answers as a Python would."""
    return script(path, f"echo '{text}'")


def test_this_python_is_found_once() -> None:
    """The Python of this run is among those of the machine, and no minor version is there twice."""
    pythons = found()

    assert sys.version_info[:2] in {python.version[:2] for python in pythons}
    assert len({python.short for python in pythons}) == len(pythons)
    assert pythons == sorted(pythons)
    assert pythons[0].version[:2] >= OLDEST


def test_a_file_that_does_not_run_is_none(tmp_path: Path) -> None:
    """Pyenv's file for a version that is not chosen fails; others answer what no Python does, or are not there."""
    failing = script(tmp_path / "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")

    assert probed(failing) is None
    assert probed(answering(tmp_path / "python3.13", "hello")) is None
    assert probed(tmp_path / "python3.14") is None


def test_others_than_those_promised_for_are_none(tmp_path: Path) -> None:
    """An old one, one before its release, and one that is not CPython are left alone."""
    for text in (
        '["cpython", 3, 10, 9, "final"]', '["cpython", 3, 15, 0, "candidate"]', '["pypy", 3, 11, 9, "final"]',
    ):  # fmt: skip
        assert probed(answering(tmp_path / "python3.1", text)) is None


def test_the_newest_of_a_minor_version_is_taken(tmp_path: Path) -> None:
    """Of two of the same minor version the newer one counts."""
    old = answering(tmp_path / "old", '["cpython", 3, 12, 1, "final"]')
    new = answering(tmp_path / "new", '["cpython", 3, 12, 10, "final"]')
    other = answering(tmp_path / "other", '["cpython", 3, 11, 2, "final"]')

    assert [python.path for python in found([old, new, other])] == [other, new]
