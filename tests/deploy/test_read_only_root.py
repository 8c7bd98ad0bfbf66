"""The installed package on a file system of which the data folder alone can be written, as a user without rights."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import httpx
import pytest

from tests.architecture.modules import ROOT
from tests.support.postgres import cluster
from tests.support.programs import need_mounts
from tests.support.server import free_port

NOBODY = 65534
DATA, PACKAGE = "/mnt/data", "/mnt/package"
"""Where the two folders are in the place of its own: other users cannot reach those of a test."""

START_SECONDS = 90.0
STOP_SECONDS = 30.0

ENTERED = """
mount -t tmpfs -o mode=0755 place "$0"
mount --make-private "$0"
mkdir "$0/root"
mount --rbind / "$0/root"
mount --make-rprivate "$0/root"
PATH=$PATH:/usr/sbin:/sbin exec chroot "$0/root" "$@"
"""
"""The same file system with a root that is mounted, which that of a chroot is not; nothing of it is seen outside."""

CONFINED = """
mount --make-rprivate /
mount -t tmpfs -o mode=0755 place /mnt
mkdir /mnt/data /mnt/package
mount --bind "$0" /mnt/data
mount --bind "$1" /mnt/package
shift
for point in $(cut -d' ' -f2 /proc/self/mounts); do
    [ "$point" = /mnt/data ] || mount -o remount,bind,ro "$point" 2> /dev/null || true
done
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --inh-caps=-all,+dac_read_search \
    --ambient-caps=-all,+dac_read_search --bounding-set=-all,+dac_read_search -- "$@"
"""
"""A place of its own to see the file system from, in which all is read-only but one folder; then another user.

The user may read everything, and nothing else that others may not: Python may lie in somebody's home.
"""

TESSERA = (sys.executable, "-P", "-m", "tessera")
ENVIRONMENT = {
    "PYTHONPATH": PACKAGE,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PATH": os.environ["PATH"],
    "HOME": "/",
    "TESSERA_DATA_DIR": DATA,
}

PROBE = """
import pathlib, sys
for place in sys.argv[1:]:
    try:
        pathlib.Path(place, "written").touch()
        print("taken")
    except OSError as error:
        print(error.errno)
"""


def confined(data: Path, package: Path, *command: str) -> list[str]:
    """A command that runs where only the first folder can be written, and has the second at hand."""
    inside = ["sh", "-eu", "-c", CONFINED, str(data), str(package), *command]
    place = data.parent / "place"
    place.mkdir(exist_ok=True)
    return ["unshare", "--mount", "--propagation", propagation(), "sh", "-eu", "-c", ENTERED, str(place), *inside]


@cache
def propagation() -> str:
    """How to keep mounts to ourselves: a root that is not mounted has no say in it."""
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "private" if tried.returncode == 0 else "unchanged"


@pytest.fixture(autouse=True)
def _nothing_stays_mounted(tmp_path: Path) -> Iterator[None]:
    """A mount that was seen outside after all is taken away."""
    yield
    subprocess.run(["umount", "--lazy", str(tmp_path / "place")], capture_output=True, check=False)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, installed from a wheel as the image installs it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-cache-dir", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(source)], check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "installed"), str(wheel)], check=True)
    return folder / "installed"


@contextmanager
def serving(
    package: Path, data: Path, port: int, beside: int, *flags: str, **environment: str
) -> Iterator[Callable[[str], httpx.Response]]:
    """The server, with two workers, confined to its folder; what asks it, once it answers. It ends cleanly."""
    printed = data.parent / "out"
    given = ["serve", "--workers", "2", "--port", str(port), "--management-port", str(beside), *flags]
    with printed.open("wb") as out:
        process = subprocess.Popen(
            confined(data, package, *TESSERA, *given),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=ENVIRONMENT | environment,
            cwd="/",
        )
    try:
        yield partial(answered, process, printed)
    finally:
        process.terminate()
        try:
            ended = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert ended == 0, printed.read_text()


def answered(process: subprocess.Popen[bytes], printed: Path, address: str) -> httpx.Response:
    """The answer at an address, once it is one of success."""
    deadline = time.monotonic() + START_SECONDS
    seen = ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.get(address, timeout=10)
        except httpx.TransportError as error:
            seen = str(error)
        else:
            if answer.status_code == 200:
                return answer
            seen = answer.text
        time.sleep(0.1)
    raise AssertionError(f"{address} did not answer: {seen}\n{printed.read_text(errors='replace')}")


def test_the_package_serves_where_its_folder_alone_can_be_written(package: Path, tmp_path: Path) -> None:
    """From a wheel, with two workers, as nobody, on a read-only file system: ready, and tokens are issued."""
    need_mounts()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    port, beside = free_port(), free_port()

    with serving(package, data, port, beside, "--demo") as ask:
        assert ask(f"http://127.0.0.1:{beside}/readyz").json()["ready"] is True
        ask(f"http://127.0.0.1:{port}/docs")
        found = re.search(r"/oauth/token\?\S+?client_secret=\w+", (tmp_path / "out").read_text())
        assert found is not None
        assert httpx.post(f"http://127.0.0.1:{port}{found.group()}", timeout=30).status_code == 200

    assert {path.stat().st_uid for path in data.iterdir()} == {NOBODY}


def test_with_postgresql_nothing_that_matters_is_in_the_folder(package: Path, tmp_path: Path) -> None:
    """A node that is given a URL and a key as files sets an empty database up, serves, and keeps its counts alone."""
    need_mounts()
    data, given = tmp_path / "data", tmp_path / "given"
    data.mkdir(mode=0o700)
    given.mkdir()
    os.chown(data, NOBODY, NOBODY)
    shutil.copytree(package, given / "package")
    (given / "database").write_text(cluster().url(cluster().create_database()) + "\n")
    (given / "master.key").write_text("5a" * 32 + "\n")
    files = {
        "PYTHONPATH": f"{PACKAGE}/package",
        "TESSERA_DATABASE_FILE": f"{PACKAGE}/database",
        "TESSERA_MASTER_KEY_FILE": f"{PACKAGE}/master.key",
    }
    migrate = confined(data, given, *TESSERA, "migrate")
    done = subprocess.run(migrate, capture_output=True, text=True, env=ENVIRONMENT | files, cwd="/", check=False)
    assert done.returncode == 0, done.stderr
    port, beside = free_port(), free_port()

    with serving(given, data, port, beside, **files) as ask:
        assert ask(f"http://127.0.0.1:{beside}/readyz").json()["ready"] is True

    assert {path.name for path in data.iterdir()} <= {"counts.map", "management.lock", "setup.lock"}


def test_nothing_else_can_be_written_there(tmp_path: Path) -> None:
    """The place is as said: the folder takes a file, and no other takes one, not even those that are everybody's."""
    need_mounts()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    command = confined(data, tmp_path, sys.executable, "-c", PROBE, DATA, "/tmp", "/dev/shm", "/", PACKAGE)

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")

    taken, *refused = ended.stdout.split()
    assert taken == "taken", ended.stderr
    assert len(refused) == 4
    assert "taken" not in refused
