"""The context's own files: Python modules, parsed once, and the other texts."""

import ast
from functools import cached_property, lru_cache
from pathlib import Path

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


class Module:
    """A Python file: its path from the root, its text, and what it parses to."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree, parsed when it is first asked for, which takes far longer than to read the file."""
        return ast.parse(self.text)

    @property
    def within(self) -> str:
        """The path inside the package `tessera`, or an empty text for a file outside of it."""
        return self.path.removeprefix("src/tessera/") if self.path.startswith("src/tessera/") else ""


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Every Python file of the context, in the order of their paths."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple(Module(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths)


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Every text of the context by its path, whatever it is written in."""
    found: dict[str, str] = {}
    for pattern in TEXTS:
        for path in ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in path.as_posix():
                found[path.relative_to(ROOT).as_posix()] = path.read_text("utf-8", errors="replace")
    return found
