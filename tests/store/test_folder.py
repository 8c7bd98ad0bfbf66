"""The data folder: private, and whole files only."""

import subprocess
import sys
from pathlib import Path

import pytest

from tessera.ports import Unusable
from tessera.store.folder import DataFolder


def test_the_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    """The folder is made with those above it, mode 0700; one that is there is left as it is."""
    folder = DataFolder(tmp_path / "a" / "b")
    folder.make()
    folder.path.chmod(0o750)
    folder.make()

    assert folder.path.stat().st_mode & 0o777 == 0o750
    fresh = DataFolder(tmp_path / "c")
    fresh.make()
    assert fresh.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A path below a file cannot be made, and the sentence says what to do."""
    (tmp_path / "file").touch()

    with pytest.raises(Unusable, match=r"cannot be made .* Name another with --data-dir"):
        DataFolder(tmp_path / "file" / "data").make()


def test_one_process_sets_up_at_a_time(tmp_path: Path) -> None:
    """While one process sets up the folder, another waits its turn."""
    wait = (
        "import sys; from pathlib import Path; from tessera.store.folder import DataFolder\n"
        "print('ready', flush=True)\n"
        "with DataFolder(Path(sys.argv[1])).setting_up(): print((Path(sys.argv[1]) / 'mark').exists())"
    )
    with DataFolder(tmp_path).setting_up():
        waiting = subprocess.Popen(
            [sys.executable, "-c", wait, str(tmp_path)], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.3)
        (tmp_path / "mark").touch()
    assert waiting.communicate(timeout=60)[0] == "True\n"
