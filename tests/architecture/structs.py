"""How many fields the structs and tuples of the product have, as their classes are written."""

import ast
from functools import lru_cache

from tests.architecture.modules import Module, modules


def fields(module: Module, name: str) -> int:
    """The fields of the class that a module calls by this name; of all that have the name the most, when unsure.

    0 for a class of a library.
    """
    own = _classes(module)
    if name in own:
        return own[name]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            source = node.module or ""
            if not source.startswith("tessera"):
                return 0
            path = f"src/{source.replace('.', '/')}.py"
            if name in _product().get(path, {}):
                return _product()[path][name]
    return max((classes[name] for classes in _product().values() if name in classes), default=0)


@lru_cache(maxsize=1)
def _product() -> dict[str, dict[str, int]]:
    """The classes of each module of the product, by its path."""
    return {module.path: _classes(module) for module in modules() if module.path.startswith("src/")}


def _classes(module: Module) -> dict[str, int]:
    """The classes of a module, with the number of the fields that each declares itself."""
    return {
        node.name: sum(isinstance(each, ast.AnnAssign) for each in node.body)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
