"""The lines of docs/operations.md that back up a running server and restore it."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.docs.fences import fences
from tests.support.server import Server, running


def lines(begin: str, tmp_path: Path, folder: Path) -> str:
    """The fence of the paper that has this line, for folders of this test."""
    text = next(fence.text for fence in fences("docs/operations.md") if begin in fence.text)
    text = text.replace("/srv/tessera/", f"{folder}/").replace("/srv/tessera\n", f"{folder}\n")
    text = text.replace("/srv/", f"{tmp_path}/")  # before the path of Python is in it, which may be below /srv as well
    for command in ("tessera backup", "tessera restore"):
        text = text.replace(command, f"{sys.executable} -m {command}")
    return text


def shell(text: str) -> None:
    """Type lines; each has to end well."""
    subprocess.run(["sh", "-ec", text], check=True, timeout=60)


def test_a_backup_of_a_running_server_restores(scratch_server: Server, tmp_path: Path) -> None:
    """The printed lines, run beside the server, give a folder that starts, knows the customer and takes new tokens."""
    for name in ("backup", "keys"):
        (tmp_path / name).mkdir()
    old = scratch_server.token()

    shell(lines("tessera backup /srv", tmp_path, scratch_server.folder))
    shell(lines("tessera restore /srv", tmp_path, scratch_server.folder))

    restored = tmp_path / "restored"
    (restored / "demo.json").write_text((scratch_server.folder / "demo.json").read_text())
    assert {"demo.json", "master.key", "tessera.db"} <= {path.name for path in restored.iterdir()}
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["tessera.db"]
    with running(restored) as again:
        asked = f"{again.url}/priv/v1/apps/{again.demo['api_key']}/users/{again.demo['customer_id']}"
        answers = [
            httpx.get(asked, headers={"Authorization": f"Bearer {token}"}, timeout=60).status_code
            for token in (again.token(), old)
        ]
        assert answers == [200, 401]


def test_the_wrong_key_does_not_start(scratch_server: Server, tmp_path: Path) -> None:
    """A restored database with another master key is refused with a sentence, and left as it is."""
    for name in ("backup", "keys"):
        (tmp_path / name).mkdir()
    shell(lines("tessera backup /srv", tmp_path, scratch_server.folder))
    shell(lines("tessera restore /srv", tmp_path, scratch_server.folder))
    folder = tmp_path / "restored"
    (folder / "master.key").write_text("0" * 64 + "\n")
    before = (folder / "tessera.db").read_bytes()

    ended = subprocess.run(
        [sys.executable, "-m", "tessera", "serve", "--port", "0", "--data-dir", folder],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
        check=False,
    )

    assert ended.returncode == 1
    assert "master key" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (folder / "tessera.db").read_bytes() == before
