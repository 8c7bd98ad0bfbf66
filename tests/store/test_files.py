"""Files that Tessera makes: whole, private, and in their place only when they are complete."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tessera import files
from tessera.ports import Unusable

KILLED = """
import os, signal, sys
from pathlib import Path
from tessera.files import new_file
with new_file(Path(sys.argv[1])) as made:
    made.file.write(b"half of it")
    made.file.flush()
    (made.path.parent / "log").write_text("beside it")
    print("half", flush=True)
    sys.stdin.readline()
"""


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("umask", [0, 0o777 & ~0o700, 0o022])
def test_a_file_is_whole_and_private(tmp_path: Path, umask: int) -> None:
    """It has mode 0600 whatever the umask, replaces the one before when told to, and leaves nothing beside it."""
    former = os.umask(umask)
    try:
        files.write(tmp_path / "a.txt", b"first")
        files.write(tmp_path / "a.txt", b"second", replace=True)
    finally:
        os.umask(former)
    assert (tmp_path / "a.txt").read_bytes() == b"second"
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["a.txt"]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Also one that appears while the new one is made."""
    (tmp_path / "a.txt").write_text("precious")
    with pytest.raises(Unusable, match=r"is there already\. Name another file, or say --force to replace it\."):
        files.write(tmp_path / "a.txt", b"new")

    def make() -> None:
        with files.new_file(tmp_path / "b.txt") as made:
            made.file.write(b"new")
            (tmp_path / "b.txt").write_text("precious")

    with pytest.raises(Unusable, match="is there already"):
        make()
    assert [(tmp_path / name).read_text() for name in names(tmp_path)] == ["precious", "precious"]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither the file nor what was beside it while it was made; the one before stays."""
    (tmp_path / "a.txt").write_text("precious")

    def fail() -> None:
        with files.new_file(tmp_path / "a.txt", replace=True) as made:
            made.file.write(b"half")
            (made.path.parent / "log").write_text("beside it")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "precious"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One sentence with what to do."""
    for path in (tmp_path / "nowhere" / "a.txt", Path("/proc/a.txt")):
        with pytest.raises(Unusable, match=r"cannot be written \(.+\)\. Name a file in a folder that can\."):
            files.write(path, b"")


def test_what_a_killed_command_left_is_removed(tmp_path: Path) -> None:
    """By the next that makes a file there; while a command is at work another of the same name is refused."""
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "a.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "half\n"
        (left,) = tmp_path.iterdir()
        assert left.stat().st_mode & 0o777 == 0o700
        with pytest.raises(Unusable, match=r"Another command is writing .*a\.txt"):
            files.write(tmp_path / "a.txt", b"")
        files.write(tmp_path / "b.txt", b"")
        assert (left / "a.txt").read_bytes() == b"half of it"
        child.send_signal(signal.SIGKILL)
    assert names(tmp_path) == [left.name, "b.txt"]
    files.write(tmp_path / "a.txt", b"whole")
    assert names(tmp_path) == ["a.txt", "b.txt"]


def test_what_was_abandoned_is_removed_when_asked(tmp_path: Path) -> None:
    """Of this user's own, and by its name only."""
    abandoned = tmp_path / f"{files.PREFIX}{'0' * 32}{files.SUFFIX}"
    abandoned.mkdir(mode=0o700)
    (abandoned / "a.db").write_text("half")
    (tmp_path / ".a.partial").write_text("another's")
    files.remove_abandoned(tmp_path)
    assert names(tmp_path) == [".a.partial"]
