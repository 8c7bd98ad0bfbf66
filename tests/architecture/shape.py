"""Rules of shape: how long a file and a function may be, what a file may be called, what opens with a docstring."""

import ast
from pathlib import PurePosixPath

from tests.architecture import structs
from tests.architecture.modules import Module

FILE_LINES_SOFT = 300
FILE_LINES_MAX = 400
FUNCTION_LINES_SOFT = 40
FUNCTION_LINES_MAX = 70

NESTING_MAX = 4
"""Blocks inside one another in a function. An `elif` lies in the `else` of its `if`: make a long chain a `match`."""

POSITIONAL_MAX = 5
"""Arguments by position that a struct may be built with."""

BY_POSITION = {
    ("src/tessera/core/tokens/jwt_access_tokens.py", "Reference"): "the text that it is read from has no names",
    ("src/tessera/core/tokens/access_tokens.py", "Claims"): "each opened token: names cost 0.12 of some 3 microseconds",
    ("src/tessera/web/observation.py", "RequestEvent"): "each logged request: names cost 0.3 of some 3 microseconds",
}
"""Structs that are built by position, and why: what names would cost on the hot path, or that there are none."""

BANNED_NAMES = frozenset({"base", "common", "helper", "helpers", "misc", "util", "utils"})

Function = ast.FunctionDef | ast.AsyncFunctionDef

Block = (
    ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match
)  # fmt: skip


def long_file(module: Module, lines_max: int = FILE_LINES_MAX) -> list[str]:
    """A file past the budget has two reasons to be; split it."""
    lines = len(module.text.splitlines())
    return [f"{lines} lines, more than {lines_max}"] if lines > lines_max else []


def long_function(module: Module, lines_max: int = FUNCTION_LINES_MAX) -> list[str]:
    """A function past the budget does two things."""
    return [
        f"{node.name} has {lines} lines, more than {lines_max}"
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
        for lines in [(node.end_lineno or node.lineno) - node.lineno + 1]
        if lines > lines_max
    ]


def deep_nesting(module: Module) -> list[str]:
    """A function nested past the limit hides a function or a table."""
    return [
        f"{node.name} nests {depth} blocks, more than {NESTING_MAX}"
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
        for depth in [_nesting(node)]
        if depth > NESTING_MAX
    ]


def _nesting(node: ast.AST) -> int:
    """Return how many blocks lie inside one another below a node; functions and classes in it count for themselves."""
    depths = [
        _nesting(child) + isinstance(child, Block)
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, Function | ast.ClassDef)
    ]
    return max(depths, default=0)


def unnamed_fields(module: Module) -> list[str]:
    """A struct of many fields is built by their names: two of one type change places too easily."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if not name.lstrip("_")[:1].isupper() or (module.path, name) in BY_POSITION:
            continue
        spread = any(isinstance(argument, ast.Starred) for argument in node.args)
        count = max(len(node.args), structs.fields(module, name) if spread else 0)
        if count > POSITIONAL_MAX:
            found.append(f"line {node.lineno} builds {name} of {count} arguments by position")
    return found


def banned_name(module: Module) -> list[str]:
    """A file is named for its noun, never for being a drawer."""
    parts = PurePosixPath(module.path).with_suffix("").parts
    return [f"is called {part}" for part in parts if part.lstrip("_") in BANNED_NAMES]


def no_docstring(module: Module) -> list[str]:
    """A file opens by saying what it owns."""
    return [] if ast.get_docstring(module.tree) else ["has no docstring"]


def silent_room(module: Module) -> list[str]:
    """A room says what it offers and what it must not know."""
    docstring = ast.get_docstring(module.tree) or ""
    return [f"its docstring lacks {words!r}" for words in ("Offers", "Must not know") if words not in docstring]


def is_room(path: str) -> bool:
    """Whether this is the `__init__` of a folder on a floor of its own."""
    parts = PurePosixPath(path).parts
    return parts[:2] == ("src", "tessera") and len(parts) == 4 and parts[-1] == "__init__.py"


def unsorted_exports(module: Module) -> list[str]:
    """Exported names stand in order, so that two branches rarely meet on one line."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
            names = ast.literal_eval(node.value)
            if list(names) != sorted(names):
                return [f"__all__ is not sorted: {names}"]
    return []
