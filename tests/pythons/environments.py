"""An environment for each Python, with the pinned requirements; kept in `.pythons` until Python or the pins change."""

import hashlib
import subprocess
from pathlib import Path

from tests.pythons.interpreters import Interpreter

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".pythons"
PINS = tuple(ROOT / "requirements" / name for name in ("build.txt", "runtime.txt", "dev.txt"))
MADE_OF = "made_of"
"""The file in an environment that says what it was made of; it is written last."""


def environment(python: Interpreter) -> Path:
    """The Python of an environment that is ready to run the tests. Raises CalledProcessError when none can be made."""
    folder = FOLDER / python.short
    made_of = folder / MADE_OF
    inside = folder / "bin" / "python"
    wanted = _made_of(python)
    if not made_of.exists() or made_of.read_text() != wanted:
        made_of.unlink(missing_ok=True)
        subprocess.run([python.path, "-m", "venv", "--clear", folder], check=True)
        install = [str(inside), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        pins = [argument for pin in PINS for argument in ("-r", str(pin))]
        subprocess.run([*install, "--require-hashes", *pins], check=True, cwd=ROOT)
        subprocess.run([*install, "--no-deps", "--no-build-isolation", "-e", "."], check=True, cwd=ROOT)
        made_of.write_text(wanted)
    return inside


def _made_of(python: Interpreter) -> str:
    """The interpreter and the pins, in short."""
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in PINS)).hexdigest()
    return f"{python} {ROOT} {digest}\n"
