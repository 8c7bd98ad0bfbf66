"""A rule for the store: rows of the database are read by the names of their columns, never by place."""

import ast
from collections.abc import Iterator

from tests.architecture.modules import Module

MAKES_ROWS = "src/tessera/store/sql/statement.py"
"""Where rows are made by position: there the fields are known to be the columns."""

BY_PLACE = {
    ("src/tessera/store/transfer/copying.py", "batch[-1]"): "the last row of many, whole",
}
"""What stays, by its path and its expression, and why: no read, or one where the names cost more than 3 per cent."""

READERS = frozenset(
    {"_fetched", "_first", "_rows", "decode_rows", "execute", "fetchall", "fetchmany", "fetchone", "first", "rows"}
)
"""Functions that return rows."""

ROW_NAMES = frozenset({"row", "rows"})
"""Parameters that are taken for rows."""

PASSED_ON = frozenset({"list", "reversed", "sorted", "tuple"})
"""Functions that return rows when they are given some."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def by_place(module: Module) -> list[str]:
    """A column that is put elsewhere in a statement must not be read as another.

    Refused are places and slices that are written as numbers (other than the first of many), and rows that are
    unpacked into several names or spread into a call.
    """
    if module.path == MAKES_ROWS:
        return []
    found = [node for node in ast.walk(module.tree) if isinstance(node, ast.expr) and _is_place(node)]
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            found += _unpacked(node)
    last = _named_last(module.tree)
    lines = {(node.lineno, ast.unparse(node)) for node in found if node not in last}
    return [
        f"line {number} reads by place: {text}" for number, text in sorted(lines) if (module.path, text) not in BY_PLACE
    ]


def _is_place(node: ast.expr) -> bool:
    """Whether this is `row[8]`, `row[:5]`, `row[-1]`, or `Type._make`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "_make"
    if not isinstance(node, ast.Subscript):
        return False
    if isinstance(node.slice, ast.Slice):
        return any(_number(bound) is not None for bound in (node.slice.lower, node.slice.upper))
    return bool(_number(node.slice))


def _number(node: ast.AST | None) -> int | None:
    """The number that is written here, if it is one."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _number(node.operand)
        return None if number is None else -number
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _named_last(tree: ast.AST) -> set[ast.AST]:
    """The `page[-1]` of each `page[-1].name`: the last of many rows, read by name."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Subscript)
        if _number(node.value.slice) == -1
    }


def _unpacked(function: Function) -> Iterator[ast.expr]:
    """Where a function takes a row apart."""
    names = _names_of_rows(function)
    for node in ast.walk(function):
        for target, value in _bound(node):
            if _takes_apart(target) and _is_read(value, names):
                yield target
        if isinstance(node, ast.Starred) and _is_read(node.value, names):
            yield node


def _names_of_rows(function: Function) -> set[str]:
    """The names that stand for rows in a function."""
    arguments = (*function.args.args, *function.args.kwonlyargs)
    names = {each.arg for each in arguments if each.arg in ROW_NAMES}
    while True:
        more = {
            target.id
            for node in ast.walk(function)
            for target, value in _bound(node)
            if isinstance(target, ast.Name) and _is_read(value, names)
        }
        if more <= names:
            return names
        names |= more


def _bound(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a node binds to what, or to the elements of what."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter


def _takes_apart(target: ast.expr) -> bool:
    """Whether a target has places for more than one value, at any depth."""
    if not isinstance(target, ast.Tuple | ast.List):
        return False
    return len(target.elts) > 1 or any(_takes_apart(each) for each in target.elts)


def _is_read(value: ast.expr, names: set[str]) -> bool:
    """Whether an expression is rows, or a row."""
    if isinstance(value, ast.Await | ast.Subscript):
        return _is_read(value.value, names)
    if isinstance(value, ast.Name):
        return value.id in names
    if not isinstance(value, ast.Call):
        return False
    called = value.func.id if isinstance(value.func, ast.Name) else getattr(value.func, "attr", "")
    return called in READERS or (called in PASSED_ON and any(_is_read(each, names) for each in value.args))
