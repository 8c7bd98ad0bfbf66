"""Few dependencies, each with a reason, an owner, and a pin that cannot be swapped."""

import re
import sys
import tomllib

from tests.architecture.layers import OWNERS, imported
from tests.architecture.modules import ROOT, modules, texts

IMPORTED_AS = {
    "argon2-cffi": "argon2",
    "prometheus-client": "prometheus_client",
    "pydantic-settings": "pydantic_settings",
    "pyyaml": "yaml",
}
_ROW = re.compile(r"^\| `([\w-]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)
_PIN = re.compile(r"^([A-Za-z0-9_.\[\]-]+)==([^\s;\\]+)")
_ADDRESS = re.compile(r"\w+://|^-i |^--(?:extra-)?(?:index|find-links)", re.MULTILINE)


def runtime() -> list[str]:
    """The names in `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"[><=\[ ]", each)[0] for each in project["dependencies"]]


def extras() -> set[str]:
    """What the extras of `pyproject.toml` bring, by the name of its package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {each.partition("-")[0] for extra in project["optional-dependencies"].values() for each in extra}


def bare_pins(text: str) -> list[str]:
    """Pins of a requirement file that carry no hash."""
    blocks = re.split(r"\n(?=\S)", text)
    return [block.split()[0] for block in blocks if _PIN.match(block) and "--hash=sha256:" not in block]


def test_every_dependency_has_a_reason() -> None:
    """docs/dependencies.md has one line for each runtime dependency, and for nothing else."""
    rows = {name: (why, owner) for name, why, owner in _ROW.findall(texts()["docs/dependencies.md"])}

    assert set(rows) == set(runtime())
    assert [name for name, (why, owner) in rows.items() if len(why) < 20 or not owner] == []


def test_every_dependency_is_used() -> None:
    """A dependency that nothing imports is dropped."""
    used = {name for module in modules() if module.within for name in imported(module.tree)}

    assert [each for each in runtime() if IMPORTED_AS.get(each, each) not in used] == []


def test_owners_are_documented() -> None:
    """The table names the files that may import a dependency, as the rule has them."""
    rows = {IMPORTED_AS.get(name, name): owner for name, _, owner in _ROW.findall(texts()["docs/dependencies.md"])}

    missing = [
        (name, file) for name, files in OWNERS.items() if name in rows for file in files if file not in rows[name]
    ]

    assert missing == []


def test_nothing_unknown_is_imported() -> None:
    """The server imports the standard library, itself, and its runtime dependencies."""
    known = {IMPORTED_AS.get(each, each) for each in runtime()} | extras()
    known |= {"tessera", "pydantic", *sys.stdlib_module_names}
    strangers = [
        f"{module.path}: {name}"
        for module in modules()
        if module.within
        for name in imported(module.tree)
        if name not in known
    ]

    assert strangers == []


def test_requirements_are_pinned_with_hashes() -> None:
    """Every pin has a hash, and the files hold no address."""
    files = {path: text for path, text in texts().items() if re.fullmatch(r"requirements/\w+\.txt", path)}

    assert len(files) >= 3
    assert {path: bare_pins(text) for path, text in files.items() if bare_pins(text)} == {}
    assert [path for path, text in files.items() if _ADDRESS.search(text)] == []


def test_a_bare_pin_is_seen() -> None:
    """A pin without a hash, and an address, are complained about."""
    assert bare_pins("a==1 \\\n    --hash=sha256:00\nb==2\n") == ["b==2"]
    assert _ADDRESS.search("--index" + "-url x") is not None
    assert _ADDRESS.search("a @ https://example.com/a.whl") is not None
