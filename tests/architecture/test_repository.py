"""What is checked in is what people wrote: nothing that is made, installed or produced by running."""

import subprocess

from tests.architecture.modules import ROOT


def listed(*arguments: str) -> list[str]:
    """What `git ls-files` lists; nothing where the context came without its history, as in an archive."""
    if not (ROOT / ".git").exists():
        return []
    asked = ["git", "-c", "safe.directory=*", "ls-files", *arguments]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_nothing_that_is_ignored_is_checked_in() -> None:
    """An environment, data or a cache in the repository would be found, stale, by the next `make run`."""
    assert listed("--cached", "--ignored", "--exclude-standard") == []


def test_what_is_made_is_ignored() -> None:
    """The folders that `make` and the server fill are named in `.gitignore`."""
    ignored = (ROOT / ".gitignore").read_text().split()

    assert {"/.venv/", "/var/", "__pycache__/"} <= set(ignored)
