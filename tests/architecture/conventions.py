"""Rules for tests: real things, no excuses, and a sentence that says what is held."""

import ast

from tests.architecture.layers import imported
from tests.architecture.modules import Module

EXCUSES = frozenset({"importorskip", "skip", "skipif", "xfail"})
SLEEP_SECONDS_MAX = 2.0


def mocks(module: Module) -> list[str]:
    """Tests use real objects: no mock library, and no patching of internals."""
    found = [f"imports {name}" for name in imported(module.tree) if name in {"mock", "pytest_mock"}]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest"):
            found.append(f"line {node.lineno} imports {node.module}")
        elif isinstance(node, ast.Import) and any(alias.name.startswith("unittest") for alias in node.names):
            found.append(f"line {node.lineno} imports unittest")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"monkeypatch.setattr", "monkeypatch.delattr"}:
            found.append(f"line {node.lineno} patches internals")
    return found


def excused(module: Module) -> list[str]:
    """A test runs, or it is not there."""
    return [
        f"line {node.lineno} says {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in EXCUSES
        if ast.unparse(node.value) in {"pytest", "pytest.mark", "unittest"}
    ]


def silent_test(module: Module) -> list[str]:
    """A test's docstring states the behaviour it holds, as a sentence."""
    return [
        f"{node.name} has no docstring that is a sentence"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        if not is_sentence(ast.get_docstring(node) or "")
    ]


def is_sentence(text: str) -> bool:
    """Whether a text has several words and ends as a sentence does."""
    return len(text.split()) >= 3 and text.rstrip().endswith((".", "?", "!"))


def long_sleep(module: Module) -> list[str]:
    """Tests wait for what happens, not for time to pass."""
    return [
        f"line {node.lineno} sleeps {ast.unparse(node.args[0])} s"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sleep") and node.args
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int | float)
        if node.args[0].value >= SLEEP_SECONDS_MAX
    ]
