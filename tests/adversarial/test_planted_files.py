"""Somebody else can write in the folder where a file is made: nothing of theirs is followed, opened or kept."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tessera import files
from tessera.ports import Unusable
from tests.cli.command import Done, folder_with_application, run

THEIRS = "theirs"
OTHER_USER = 65534
ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with something in it."""
    return folder_with_application(tmp_path_factory.mktemp("planted"))[0]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which everybody can write, and remove what others have written."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    (tmp_path / THEIRS).write_text("before")
    return folder


def link(path: Path) -> None:
    """Plant a symbolic link to a file of somebody else's."""
    path.symlink_to(path.parent.parent / THEIRS)


def dangling(path: Path) -> None:
    """Plant a symbolic link to a file that is not there yet."""
    path.symlink_to(path.parent.parent / "made-by-the-victim")


def pipe(path: Path) -> None:
    """Plant a pipe, of which opening would wait for somebody to read."""
    os.mkfifo(path)


def folder(path: Path) -> None:
    """Plant a folder."""
    path.mkdir()


PLANTS: dict[str, Callable[[Path], None]] = {
    "a symbolic link": link,
    "a symbolic link to nothing": dangling,
    "a pipe": pipe,
    "a folder": folder,
}

COMMANDS: dict[str, tuple[str, ...]] = {
    "a backup": ("backup", "FILE"),
    "a backup with --force": ("backup", "FILE", "--force"),
    "a program": ("loyalty", "export", "--org", "Aurora", "--output", "FILE"),
}


def commanded(name: str, file: Path, data: Path) -> Done:
    """What a command said that makes this file."""
    return run(*(str(file) if each == "FILE" else each for each in COMMANDS[name]), "--data-dir", data)


def untouched(place: Path) -> bool:
    """Whether nothing was written where the planted links lead."""
    beside = place.parent
    return (beside / THEIRS).read_text() == "before" and not (beside / "made-by-the-victim").exists()


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", ["a backup", "a backup with --force"])
def test_what_is_planted_in_its_place_is_refused(data: Path, place: Path, name: str, plant: str) -> None:
    """One sentence says what is there; nothing is followed, opened or replaced, and nothing is left."""
    file = place / "b.db"
    PLANTS[plant](file)
    before = file.lstat()
    done = commanded(name, file, data)
    assert done.code == 1, done
    assert f"{file} is {plant.removesuffix(' to nothing')}, not a plain file" in done.err
    assert (file.lstat().st_ino, file.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert [each.name for each in place.iterdir()] == ["b.db"]
    assert untouched(place)


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_under_the_old_names_is_nothing_to_it(data: Path, place: Path, plant: str) -> None:
    """Nobody knows beforehand under which name a file is made: what was planted stays, and where it leads as well."""
    for name in (".b.db.partial", ".b.db", f".b.db.{os.getpid()}", "b.db-wal", "b.db-journal"):
        PLANTS[plant](place / name)
    file = place / "b.db"
    assert commanded("a backup", file, data).code == 0
    made = file.lstat()
    assert stat.S_ISREG(made.st_mode)
    assert (stat.S_IMODE(made.st_mode), made.st_uid) == (0o600, os.geteuid())
    assert untouched(place)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        *(("setup.lock", plant) for plant in PLANTS),
        *(
            (name, plant)
            for name in ("master.key", "tessera.db")
            for plant in ("a symbolic link to nothing", "a folder")
        ),
    ],
)
def test_what_is_planted_in_a_data_folder_is_not_followed(place: Path, name: str, plant: str) -> None:
    """A folder that is set up where something is in the way of its files is refused with what that is."""
    PLANTS[plant](place / name)
    done = run("orgs", "create", "Aurora", "--data-dir", place)
    assert done.code == 1, done
    assert len(done.err.splitlines()) == 1, done
    assert str(place / name) in done.err
    assert untouched(place)


@pytest.fixture(scope="module")
def backed_up(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    file = tmp_path_factory.mktemp("backed-up") / "b.db"
    assert run("backup", file, "--data-dir", data).code == 0
    return file


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize(
    "name", ["tessera.db", "tessera.db-wal", "tessera.db-shm", "tessera.db-journal", "counts.map",
             "counts-of-properties.map", "setup.lock", "management.lock"]
)  # fmt: skip
def test_nothing_is_restored_beside_what_is_planted(
    data: Path, backed_up: Path, place: Path, name: str, plant: str
) -> None:
    """A restore says what is in the way of one of its files before it writes, and the folder stays as it was."""
    (place / "master.key").write_text((data / "master.key").read_text())
    PLANTS[plant](place / name)
    done = run("restore", backed_up, "--data-dir", place)
    assert done.code == 1, done
    assert f"{place / name} is {plant.removesuffix(' to nothing')}, not a plain file" in done.err
    assert len(done.err.splitlines()) == 1, done
    assert sorted(each.name for each in place.iterdir()) == sorted(["master.key", name])
    assert untouched(place)
    planted = place / name
    planted.rmdir() if plant == "a folder" else planted.unlink()
    assert run("restore", backed_up, "--data-dir", place).code == 0


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_nothing_is_copied_beside_what_is_planted(data: Path, place: Path, suffix: str, plant: str) -> None:
    """Neither does a copy begin a database whose logs could not be written, nor the first command in a folder."""
    planted = place / f"tessera.db{suffix}"
    PLANTS[plant](planted)
    for command in (
        ("copy", "--from", f"sqlite:{data}", "--to", f"sqlite:{place}"),
        ("orgs", "create", "Aurora", "--data-dir", place),
    ):
        done = run(*command)
        assert done.code == 1, done
        assert f"{planted} is {plant.removesuffix(' to nothing')}, not a plain file" in done.err
        assert not (place / "tessera.db").exists()
    assert untouched(place)


def test_a_file_of_somebody_else_is_replaced_and_never_written(place: Path) -> None:
    """With --force the new file takes its name; whoever had the old one open, or owns it, has nothing of the new."""
    file = place / "b.db"
    file.write_text("before")
    file.chmod(0o666)
    if ROOT:
        os.chown(file, OTHER_USER, OTHER_USER)
    with file.open("rb") as held:
        files.write(file, b"secret", replace=True)
        held.seek(0)
        assert held.read() == b"before"
    assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o600, os.geteuid())


def test_a_second_name_for_our_file_is_not_written(place: Path) -> None:
    """A hard link to a file that is to be replaced keeps the old content."""
    file = place / "b.db"
    file.write_text("before")
    os.link(file, place / "second")
    files.write(file, b"secret", replace=True)
    assert (place / "second").read_text() == "before"


@pytest.mark.parametrize("plant", ["a symbolic link", "a pipe"])
def test_what_takes_the_place_of_ours_is_noticed(place: Path, plant: str) -> None:
    """Somebody who may rename in the folder puts another folder in the place of ours: there is no file then."""
    file = place / "b.db"

    def make() -> None:
        with files.new_file(file) as made:
            made.file.write(b"secret")
            made.path.parent.rename(place / "taken")
            made.path.parent.mkdir()
            PLANTS[plant](made.path)

    with pytest.raises(Unusable, match="Somebody else changed"):
        make()
    assert not file.exists()
    assert untouched(place)


def test_a_folder_of_somebody_else_is_left_alone(place: Path) -> None:
    """One that has a name like ours, and belongs to somebody else, or is a link, is neither entered nor removed."""
    alike = place / f"{files.PREFIX}{'0' * 32}{files.SUFFIX}"
    alike.mkdir()
    (alike / "b.db").write_text("theirs")
    if ROOT:
        os.chown(alike, OTHER_USER, OTHER_USER)
    else:
        alike = alike.rename(place / "elsewhere")  # it cannot be somebody else's: only the link to it is looked at
    linked = place / f"{files.PREFIX}{'1' * 32}{files.SUFFIX}"
    linked.symlink_to(alike)
    files.write(place / "b.db", b"ours")
    assert (alike / "b.db").read_text() == "theirs"
    assert linked.is_symlink()
