"""Making files: whole or not at all, for this user only, and never through anything that somebody else put there.

A new file is made in a private folder beside its place, under a name that nobody can guess, and put into its place when
it is complete and on the disk. That holds in a folder where others can write too: a link or a file that they prepare is
not followed, and what they put in the place of ours meanwhile is noticed.
"""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tessera.ports import Unusable

PREFIX, SUFFIX = ".tessera-", ".partial"
"""How the names of private folders begin and end."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SHARED = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PRIVATE = 0o600


class NewFile(NamedTuple):
    """A file that is being made: where it is until it is complete, and the file itself, open to read and write."""

    path: Path
    file: BinaryIO


@contextmanager
def new_file(path: Path, *, replace: bool = False) -> Iterator[NewFile]:
    """Make a file of what the block writes; when the block fails, there is no file.

    Raises Unusable when it cannot be written, when it is there already unless `replace`, or when there is anything but
    a plain file in its place.
    """
    check_place(path, replace=replace)
    with _told(path), _opened(path.absolute().parent) as parent:
        with _private_folder(path.absolute().parent, parent, path.name) as (folder, place):
            with os.fdopen(os.open(path.name, _NEW, _PRIVATE, dir_fd=folder), "w+b") as file:
                made = NewFile(place / path.name, file)
                yield made
                file.flush()
                os.fchmod(file.fileno(), _PRIVATE)
                os.fsync(file.fileno())
                _check_same(made, folder)
            _put(path, folder, parent, replace=replace)
        os.fsync(parent)


@contextmanager
def scratch_file(beside: Path) -> Iterator[NewFile]:
    """A private file for the length of a block, in the folder of another. Raises Unusable when there can be none."""
    path = beside.absolute().parent
    with (
        _told(beside),
        _opened(path) as parent,
        _private_folder(path, parent, None) as (folder, place),
        os.fdopen(os.open("scratch", _NEW, _PRIVATE, dir_fd=folder), "w+b") as file,
    ):
        yield NewFile(place / "scratch", file)


def write(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Make a file with this content. Raises Unusable as `new_file` does."""
    with new_file(path, replace=replace) as made:
        made.file.write(content)


def open_shared(path: Path) -> int:
    """Open, or make empty, a file that several processes have open at once; its descriptor. Raises Unusable."""
    with _told(path):
        try:
            descriptor = os.open(path, _SHARED, _PRIVATE)
        except OSError:
            is_there(path)
            raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        is_there(path)
    return descriptor


def make_empty(path: Path) -> None:
    """Make an empty file, unless it is there. Raises Unusable."""
    os.close(open_shared(path))


def check_place(path: Path, *, replace: bool) -> None:
    """Raises Unusable unless a file may be made here."""
    if is_there(path) and not replace:
        raise Unusable(f"{path} is there already. Name another file, or say --force to replace it.")


def is_there(path: Path) -> bool:
    """Whether there is a plain file here. Raises Unusable when there is anything else."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False  # there is nothing, or that it cannot be written will show
    if not stat.S_ISREG(mode):
        raise Unusable(f"{path} is {_kind(mode)}, not a plain file, and is left as it is. Name another, or remove it.")
    return True


def remove_abandoned(folder: Path) -> None:
    """Remove what commands that were killed left in a folder, half made. Raises Unusable when that cannot be."""
    with _told(folder), _opened(folder) as parent:
        _sweep(parent, None, folder)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unusable(
            f"{path} cannot be written ({error.strerror or error}). Name a file in a folder that can."
        ) from error


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A folder; the way to it is the operator's own."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _private_folder(path: Path, parent: int, name: str | None) -> Iterator[tuple[int, Path]]:
    """A new folder that is this user's alone, locked while it is in use; gone, with all in it, at the end."""
    _sweep(parent, name, path)
    own = f"{PREFIX}{secrets.token_hex(16)}{SUFFIX}"
    os.mkdir(own, 0o700, dir_fd=parent)
    folder = os.open(own, _FOLDER, dir_fd=parent)
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid() or _names(folder):
            raise Unusable(f"Somebody else changed {path} while a file was made there. Name one in another folder.")
        os.fchmod(folder, 0o700)
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder, path / own
    finally:
        _remove(parent, own, folder)
        os.close(folder)


def _sweep(parent: int, name: str | None, path: Path) -> None:
    """Remove folders of this user's that nobody has locked. Raises Unusable when a file of this name is being made."""
    for own in _names(parent):
        if not (own.startswith(PREFIX) and own.endswith(SUFFIX)):
            continue
        try:
            folder = os.open(own, _FOLDER, dir_fd=parent)
        except OSError:
            continue  # somebody else's, or no folder
        try:
            if os.fstat(folder).st_uid != os.geteuid():
                continue
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if name is not None and name in _names(folder):
                    raise Unusable(f"Another command is writing {path / name}. Let it come to its end.") from None
            else:
                _remove(parent, own, folder)
        finally:
            os.close(folder)


def _names(folder: int) -> list[str]:
    """What is in an open folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _remove(parent: int, own: str, folder: int) -> None:
    for name in _names(folder):
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
    with suppress(OSError):
        os.rmdir(own, dir_fd=parent)


def _check_same(made: NewFile, folder: int) -> None:
    """Raises Unusable when the file's name leads elsewhere: somebody moved our folder away."""
    ours = os.fstat(made.file.fileno())
    named: list[os.stat_result] = []
    with suppress(FileNotFoundError):
        named += [made.path.lstat(), os.stat(made.path.name, dir_fd=folder, follow_symlinks=False)]
    if {(each.st_dev, each.st_ino) for each in named} != {(ours.st_dev, ours.st_ino)}:
        raise Unusable(
            f"Somebody else changed {made.path.parent.parent} while a file was made there. Name one in another folder."
        )


def _put(path: Path, folder: int, parent: int, *, replace: bool) -> None:
    """Give the file its name; one that appeared there meanwhile is replaced only when `replace`."""
    if replace:
        os.rename(path.name, path.name, src_dir_fd=folder, dst_dir_fd=parent)
        return
    try:
        os.link(path.name, path.name, src_dir_fd=folder, dst_dir_fd=parent, follow_symlinks=False)
    except FileExistsError:
        check_place(path, replace=False)
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
            raise
        check_place(path, replace=False)  # a file system without links: there it cannot be made sure
        os.rename(path.name, path.name, src_dir_fd=folder, dst_dir_fd=parent)


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"))
    return next((name for test, name in kinds if test(mode)), "a device or socket")
