"""`tessera serve --demo`: what it prints works when pasted, now and after the next start."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tessera.app.demo import demo
from tests.cli.command import CLEAN, folder_with_application, one_sentence, run, spawn
from tests.support.programs import program
from tests.support.server import free_port, running

LABELS = {
    "client id": "client_id",
    "client secret": "client_secret",
    "API key": "api_key",
    "property secret": "property_secret",
    "customer id": "customer_id",
    "external id": "external_id",
    "retailer id": "retailer_id",
}


class Printed:
    """A running `tessera serve`, and what it wrote so far."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, err: Path, port: int) -> None:
        self.process = process
        self._out = out
        self._err = err
        self.port = port

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._err.read_text()

    @property
    def curl_lines(self) -> list[str]:
        """The lines that are meant to be pasted."""
        return [line for line in self.out.splitlines() if line.startswith("curl ")]

    @property
    def panel(self) -> dict[str, str]:
        """The values of the panel by their labels."""
        rows = [line.strip("│ ") for line in self.out.splitlines() if line.startswith("│")]
        return {label: row.removeprefix(label).strip() for row in rows for label in LABELS if row.startswith(label)}


@contextmanager
def serving(folder: Path, *flags: str, **environment: str) -> Iterator[Printed]:
    """The server as a process whose output goes to files; over when it says that it listens."""
    port = free_port()
    out, err = folder.parent / f"{port}.out", folder.parent / f"{port}.err"
    command = [sys.executable, "-m", "tessera", "serve", "--port", str(port), "--data-dir", str(folder), *flags]
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err, env={**CLEAN, **environment}
        )
    printed = Printed(process, out, err, port)
    try:
        deadline = time.monotonic() + 120
        while "Listening on" not in printed.out:
            assert process.poll() is None, printed.err
            assert time.monotonic() < deadline, printed.err
            time.sleep(0.02)
        yield printed
    finally:
        process.terminate()
        try:
            assert process.wait(60) == 0, printed.err
        finally:
            process.kill()


def pasted(line: str) -> Any:
    """The answer to a line that is pasted into a shell."""
    program("curl")
    done = subprocess.run(["/bin/sh", "-c", f"{line} --silent --show-error"], capture_output=True, check=True)
    return json.loads(done.stdout)


def check_lines(printed: Printed, members: dict[str, str]) -> None:
    """Paste all three lines and check what they answer."""
    token, profile, tiers = (pasted(line) for line in printed.curl_lines)
    assert list(token) == ["access_token", "created_at", "expires_in", "scope", "token_type"]
    assert token["expires_in"] == 1209599
    assert profile["user"]["id"] == members["customer_id"]
    assert profile["user"]["external_id"] == members["external_id"]
    assert tiers["payload"]["retailer_id"] == members["retailer_id"]
    assert tiers["payload"]["tier_levels"][0]["user_id"] == members["customer_id"]


def test_what_is_printed_works_when_pasted_and_is_the_same_next_time(tmp_path: Path) -> None:
    """The three lines work as they stand; a second start shows the same ids and secrets, and its lines work too."""
    folder = tmp_path / "data"
    with serving(folder, "--demo") as first:
        members = json.loads((folder / "demo.json").read_text())
        assert {LABELS[label]: value for label, value in first.panel.items()} == members
        assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600
        query = f"client_id={members['client_id']}&client_secret={members['client_secret']}"
        token_url = f"http://127.0.0.1:{first.port}/oauth/token?grant_type=client_credentials&{query}"
        assert first.curl_lines[0] == f"curl -X POST '{token_url}'"
        assert f"Listening on http://127.0.0.1:{first.port} — Ctrl-C stops." in first.out
        assert "\x1b" not in first.out + first.err
        check_lines(first, members)
    with serving(folder, "--demo", COLUMNS="40") as second:
        assert second.panel == first.panel
        check_lines(second, members)
    with serving(folder, PYTHONIOENCODING="ascii") as plain:
        assert plain.curl_lines == []
        assert members["client_secret"] not in plain.out + plain.err


def test_a_half_made_demonstration_is_told_and_the_server_serves(tmp_path: Path) -> None:
    """A start that was killed while it made the demonstration is told of at the next."""
    folder = tmp_path / "data"
    run("orgs", "create", demo.ORGANIZATION, "--data-dir", folder)
    with serving(folder, "--demo") as printed:
        (sentence,) = printed.err.splitlines()
        assert "was not finished when it was made" in sentence
        assert printed.curl_lines == []


def test_a_lost_demo_file_is_told_and_the_server_serves(tmp_path: Path) -> None:
    """The secret cannot be shown again: one sentence says what to do, and the server runs all the same."""
    folder = tmp_path / "data"
    run("orgs", "create", demo.ORGANIZATION, "--data-dir", folder)
    run("apps", "create", demo.APPLICATION, "--data-dir", folder)
    with serving(folder, "--demo") as printed:
        (sentence,) = printed.err.splitlines()
        assert "cannot be shown again" in sentence
        assert "tessera apps secrets add" in sentence
        assert printed.curl_lines == []
        assert not (folder / "demo.json").exists()


def test_a_broken_demo_file_is_told_and_the_server_serves(tmp_path: Path) -> None:
    """So is a file that cannot be read."""
    folder, _ = folder_with_application(tmp_path)
    (folder / "demo.json").write_text('{"client_id":')
    with serving(folder, "--demo") as printed:
        assert "demo.json cannot be read" in printed.err
        assert "Traceback" not in printed.err


def test_a_disabled_demonstration_is_told_and_the_server_serves(tmp_path: Path) -> None:
    """Without a token the panel is shown with the first line alone, and a sentence says why."""
    folder = tmp_path / "data"
    with serving(folder, "--demo"):
        pass
    assert run("apps", "disable", demo.APPLICATION, "--data-dir", folder).code == 0
    with serving(folder, "--demo") as printed:
        assert len(printed.curl_lines) == 1
        assert "gets no token now" in printed.err


def test_ctrl_c_stops_the_server_cleanly(tmp_path: Path) -> None:
    """SIGINT ends a serving process with code 0 and no traceback."""
    with serving(tmp_path / "data") as printed:
        printed.process.send_signal(signal.SIGINT)
        assert printed.process.wait(60) == 0
    assert "Traceback" not in printed.err


def test_ctrl_c_ends_any_other_command_with_130(tmp_path: Path) -> None:
    """A command that waits is stopped without a traceback."""
    folder, _ = folder_with_application(tmp_path)
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "tessera", "customers", "import", str(pipe), "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CLEAN)
    with pipe.open("w") as rows:  # opens once the command reads: it is in the middle of its work
        rows.write("external_id\nc-1\n")
        rows.flush()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert out == b""


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """So is an address beyond this machine without TLS."""
    with serving(tmp_path / "data") as printed:
        taken = spawn("serve", "--port", str(printed.port), "--data-dir", tmp_path / "other")
        assert "Name another with --port" in one_sentence(taken)
    everywhere = spawn("serve", "--host", "0.0.0.0", "--data-dir", tmp_path / "data")
    assert "--behind-tls-proxy" in one_sentence(everywhere)


@pytest.mark.parametrize(("flag", "value"), [("--log-level", "loud"), ("--log-format", "xml")])
def test_a_log_setting_that_is_none_is_wrong_usage(tmp_path: Path, flag: str, value: str) -> None:
    """What is not among the choices ends with code 2, and no folder is made."""
    assert run("serve", flag, value, "--data-dir", tmp_path / "data").code == 2
    assert not (tmp_path / "data").exists()


def test_a_misspelt_setting_is_told_at_the_start(tmp_path: Path) -> None:
    """The log says which variable is no setting, and which was probably meant; the server serves all the same."""
    with running(tmp_path / "data", TESSERA_WROKERS="2", TESSERA_LOG_LEVEL="WARNING") as server:
        assert "setting_unknown" in server.output
        assert "TESSERA_WROKERS is no setting and was ignored. Did you mean TESSERA_WORKERS?" in server.output
    with running(tmp_path / "data", TESSERA_OPERATOR="ada", TESSERA_WORKERS="") as server:
        assert "setting_unknown" not in server.output
