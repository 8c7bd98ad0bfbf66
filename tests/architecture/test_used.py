"""What is there is used by the product: operations are called, and members are read."""

import ast
from collections.abc import Iterable

from tessera.app.grants.grant import Authorization
from tests.architecture.modules import Module, modules

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def unused(sources: Iterable[Module]) -> list[str]:
    """Public functions of the operations that no module names."""
    looked_at = list(sources)
    named = {name for module in looked_at for node in ast.walk(module.tree) for name in _named(node)}
    return [
        f"{module.path}: {node.name}"
        for module in looked_at
        if module.within.startswith("app/")
        for node in module.tree.body
        if isinstance(node, _FUNCTIONS) and not node.name.startswith("_") and node.name not in named
    ]


def _named(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case _:
            return ()


def test_every_operation_is_used() -> None:
    """The product itself names each public function of `app/` somewhere."""
    product = [module for module in modules() if module.within]

    assert product
    assert unused(product) == []


def test_an_operation_without_a_caller_is_seen() -> None:
    """A function that nothing but its own definition and an import names is complained about."""
    operations = Module("src/tessera/app/a.py", "def used(): ...\ndef unused(): ...\ndef _own(): ...\n")
    caller = Module("src/tessera/cli/b.py", "from tessera.app.a import unused\nfrom tessera.app import a\na.used()\n")

    assert unused([operations, caller]) == ["src/tessera/app/a.py: unused"]


def test_every_member_of_an_authorization_is_read() -> None:
    """What a grant says of a request has an effect: the token endpoint reads each member."""
    endpoint = next(module for module in modules() if module.within == "app/grants/token_endpoint.py")
    read = {
        node.attr
        for node in ast.walk(endpoint.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "authorization"
    }

    assert set(Authorization.__struct_fields__) == read
