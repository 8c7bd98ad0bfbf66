"""What the papers point at exists: files, symbols, tests."""

import ast
import importlib
import re
from pathlib import PurePosixPath

import pytest

from tests.architecture.modules import ROOT, modules, texts

PAPERS = sorted(path for path in texts() if path.endswith(".md"))

_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_ANCHOR = re.compile(r"\]\(([^)#:\s]*)#([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SYMBOL = re.compile(r"`((?:[a-z_]+/)*[a-z_]+)\.([A-Za-z_][\w.]*)(?:\(\))?`")
_PATH = re.compile(r"`((?:[a-z_]+/)+(?:[a-z_]+(?:\.(?:py|sh|txt|json))?)?)`")
_TEST = re.compile(r"`(tests/[\w/.-]+)::([^`]+)`")

SYMBOLIC = ("ARCHITECTURE.md", "docs/request.md")
"""Papers that walk through the code by symbol."""


@pytest.mark.parametrize("path", PAPERS)
def test_links_lead_somewhere(path: str) -> None:
    """A link to a file of the context leads to one."""
    folder = (ROOT / path).parent

    assert [link for link in _LINK.findall(texts()[path]) if not (folder / link).exists()] == []


def missing_files(text: str) -> list[str]:
    """Files and folders, written `folder/name`, that are neither in the repository nor in the package."""
    return [
        path for path in _PATH.findall(text) if not ((ROOT / path).exists() or (ROOT / "src/tessera" / path).exists())
    ]


def test_the_page_for_maintainers_names_files_that_there_are() -> None:
    """Its recipes lead to files; placeholders are in capitals."""
    assert missing_files(texts()["AGENTS.md"]) == []
    assert missing_files("`tests/hostile`, `app/nowhere.py`, `app/NOUN.py` and `web/routes.py`") == [
        "tests/hostile",
        "app/nowhere.py",
    ]


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a page, as they are made where Markdown is shown."""
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(_FENCED.sub("", text))
    }


def lost_anchors(path: str, text: str) -> list[str]:
    """Links of a page to headings that are not there."""
    lost = []
    for target, anchor in _ANCHOR.findall(text):
        page = ROOT / path if not target else (ROOT / path).parent / target
        if anchor not in anchors(text if not target else page.read_text("utf-8")):
            lost.append(f"{target}#{anchor}")
    return lost


@pytest.mark.parametrize("path", PAPERS)
def test_links_lead_to_headings(path: str) -> None:
    """A link to a place in a page leads to a heading of it."""
    assert lost_anchors(path, texts()[path]) == []


def unknown_symbols(text: str) -> list[str]:
    """Symbols, written `package/module.name`, that are not in the code."""
    unknown = []
    for place, names in _SYMBOL.findall(text):
        if names in {"md", "py", "toml", "json", "key", "db", "txt", "http"} or place in {
            "self",
            "request",
            "docs",
            "package/module",
        }:
            continue
        try:
            found: object = importlib.import_module(f"tessera.{place.replace('/', '.')}")
            for name in names.split("."):
                found = getattr(found, name)
        except (ImportError, AttributeError):
            unknown.append(f"{place}.{names}")
    return unknown


@pytest.mark.parametrize("path", SYMBOLIC)
def test_symbols_are_in_the_code(path: str) -> None:
    """A paper that follows the code names what is there."""
    assert len(_SYMBOL.findall(texts()[path])) > 5
    assert unknown_symbols(texts()[path]) == []


def test_every_package_is_in_architecture() -> None:
    """ARCHITECTURE.md names every file and package at the top of `tessera`."""
    tops = {PurePosixPath(module.within).parts[0] for module in modules() if module.within}
    text = texts()["ARCHITECTURE.md"]

    assert [name for name in tops if name != "__init__.py" and name.removesuffix(".py") not in text] == []


def names_in(path: str) -> set[str]:
    """The names of the tests in a file; for a transcript, of the exchanges in it."""
    file = ROOT / path
    if not file.is_file():
        return set()
    if file.suffix != ".py":
        return set(re.findall(r"^### (.+)$", file.read_text("utf-8"), re.MULTILINE))
    return {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)}


def test_every_divergence_names_its_test() -> None:
    """An entry of docs/divergences.md names at least one test, and each test it names is there."""
    entries = re.split(r"^## ", texts()["docs/divergences.md"], flags=re.MULTILINE)[1:]

    assert len(entries) >= 8
    for entry in entries:
        named = _TEST.findall(entry)
        assert named, entry
        assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_decisions_have_their_four_parts() -> None:
    """A decision says its context, what was decided, the alternatives, and what if not."""
    decisions = {path: text for path, text in texts().items() if re.match(r"docs/decisions/\d{4}-", path)}
    parts = ["Context", "Decision", "Alternatives", "What if not"]

    assert len(decisions) >= 6
    assert {path for path, text in decisions.items() if re.findall(r"^## (.+)$", text, re.MULTILINE) != parts} == set()


def test_what_is_not_there_is_seen() -> None:
    """Symbols that the code does not have, and headings that a page does not have, are complained about."""
    assert lost_anchors("README.md", "# A `GET /b`\n\n[here](#a-get-b) and [there](#c)") == ["#c"]
    assert unknown_symbols("`core/wire.form` and `core/wire.fold` and `app/nothing.at_all`") == [
        "core/wire.fold",
        "app/nothing.at_all",
    ]
