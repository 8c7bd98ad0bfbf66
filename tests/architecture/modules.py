"""The context's own files: Python modules, parsed once, and the other texts."""

import ast
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

FOLDERS = ("src", "tests", "bench")
"""Where Python of our own lies."""

TEXTS = (
    "*.md",
    "*.toml",
    "Makefile",
    "Dockerfile",
    ".dockerignore",
    "docs/**/*.md",
    "requirements/*",
    ".ci/*",
    "deploy/**/*",
    "src/**/*",
    "tests/**/*",
    "bench/**/*",
)
"""Everything that is written by hand or checked in."""


class Module(NamedTuple):
    """A Python file: its path from the root, its text, and what it parses to."""

    path: str
    text: str
    tree: ast.Module

    @property
    def within(self) -> str:
        """The path inside the package `tessera`, or an empty text for a file outside of it."""
        return self.path.removeprefix("src/tessera/") if self.path.startswith("src/tessera/") else ""


def parsed(path: str, text: str) -> Module:
    """A module from its text."""
    return Module(path, text, ast.parse(text))


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Every Python file of the context, in the order of their paths."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple(parsed(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Every text of the context by its path, whatever it is written in."""
    found: dict[str, str] = {}
    for pattern in TEXTS:
        for path in ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in path.as_posix():
                found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8", errors="replace")
    return found
