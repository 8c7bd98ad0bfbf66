"""The systemd unit, looked at by systemd itself."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.deploy.files import UNIT
from tests.docs.test_commands import mistakes
from tests.support.programs import program

EXPOSURE_MAX = 15
"""In tenths: systemd's own measure of how exposed a service is, from 0 to 10."""


def analyzed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze` says."""
    command = [program("systemd-analyze"), "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def laid_out(folder: Path, text: str) -> Path:
    """The unit in a folder with its drop-in; its program is one that is there."""
    unit = folder / "tessera.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    beside = folder / "tessera.service.d"
    beside.mkdir()
    shutil.copy(UNIT.with_name("nodes.conf"), beside)
    return unit


def test_systemd_takes_the_unit_and_calls_it_hardly_exposed(tmp_path: Path) -> None:
    """Systemd complains about nothing in the unit or its drop-in, and finds the service well confined."""
    unit = laid_out(tmp_path, UNIT.read_text())
    verified = analyzed("verify", str(unit))
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    confined = analyzed("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(unit))
    assert confined.returncode == 0, confined.stdout


def test_a_misspelt_line_of_the_unit_is_seen(tmp_path: Path) -> None:
    """A key that systemd does not know is complained about, so silence says something."""
    unit = laid_out(tmp_path, UNIT.read_text().replace("ProtectHome=", "ProtectHomes="))
    verified = analyzed("verify", str(unit))
    assert "ProtectHomes" in verified.stderr


def test_the_unit_starts_the_server_and_waits_for_its_end() -> None:
    """Its command is one of ours, and it is given longer to end than the server takes."""
    said = dict(re.findall(r"^(\w+)=(.+)$", UNIT.read_text(), re.MULTILINE))

    assert mistakes(said["ExecStart"].partition("tessera serve")[1].removeprefix("tessera ")) == []
    assert said["ExecStart"].endswith("/bin/tessera serve")
    assert int(said["TimeoutStopSec"]) > 8
    assert said["StateDirectory"] == "tessera"
    assert "TESSERA_DATA_DIR=%S/tessera" in UNIT.read_text()
