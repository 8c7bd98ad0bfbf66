"""The lines of docs/operations.md that back up a running server, and what is restored from them."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.docs.fences import fences
from tests.support.server import Server, running


def test_a_backup_of_a_running_server_restores(scratch_server: Server, tmp_path: Path) -> None:
    """The printed lines, run beside the server, give a folder that starts, knows the customer and takes the token."""
    lines = next(fence.text for fence in fences("docs/operations.md") if "tessera.db').backup(" in fence.text)
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o700)
    lines = lines.replace("/srv/tessera", str(scratch_server.folder)).replace("python3", sys.executable)
    lines = lines.replace("/srv/backup", str(restored)).replace("/srv/keys", str(restored))
    token = scratch_server.token()

    subprocess.run(["sh", "-ec", lines], check=True, timeout=30)
    (restored / "demo.json").write_text((scratch_server.folder / "demo.json").read_text())

    assert sorted(path.name for path in restored.iterdir()) == ["demo.json", "master.key", "tessera.db"]
    with running(restored) as again:
        answer = httpx.get(
            f"{again.url}/priv/v1/apps/{again.demo['api_key']}/users/{again.demo['customer_id']}",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200
        assert again.token() != token


def test_the_wrong_key_does_not_start(scratch_server: Server, tmp_path: Path) -> None:
    """A restored database with another master key is refused with a sentence, and left as it is."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    lines = next(fence.text for fence in fences("docs/operations.md") if "tessera.db').backup(" in fence.text)
    line = lines.splitlines()[0].replace("/srv/tessera", str(scratch_server.folder))
    subprocess.run(
        ["sh", "-ec", line.replace("/srv/backup", str(folder)).replace("python3", sys.executable)], check=True
    )
    (folder / "master.key").write_text("0" * 64 + "\n")
    before = (folder / "tessera.db").read_bytes()

    ended = subprocess.run(
        [sys.executable, "-m", "tessera", "serve", "--port", "0", "--data-dir", folder],
        capture_output=True,
        text=True,
        timeout=30,
        env=os.environ,
        check=False,
    )

    assert ended.returncode == 1
    assert "master key" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (folder / "tessera.db").read_bytes() == before
