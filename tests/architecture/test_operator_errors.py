"""Operators' errors are codes with parameters: each has its sentence, and only the command line names commands."""

import ast
import re
import string
from collections.abc import Iterator, Mapping

import pytest

from tessera.app import operators
from tessera.app.operator_errors import SENTENCES
from tessera.cli.advice import ADVICE, INSTEAD, ON_FINDINGS
from tessera.core.clients.expiry_warnings import Reason
from tests.architecture.conventions import is_sentence
from tests.architecture.modules import Module, modules

LOOKED_UP = "src/tessera/app/operators.py"
"""The one file that takes codes from a table, by the change whose fact did not hold."""

COMMAND = re.compile(r"`tessera |\btessera [a-z]|(?<![\w-])--[a-z]")


class Raised(ast.NodeVisitor):
    """Every place that makes an OperatorError: the codes it may have, and the names of the parameters."""

    def __init__(self, module: Module) -> None:
        self.found: list[tuple[str, frozenset[str]]] = []
        self.faults: list[str] = []
        self._path = module.path
        self.visit(module.tree)

    def visit_Call(self, node: ast.Call) -> None:  # the name that the visitor looks for
        """Note a call of the class."""
        if ast.unparse(node.func).rpartition(".")[2] == "OperatorError":
            codes = list(_codes(node.args[0])) if len(node.args) == 1 else []
            names = frozenset(each.arg for each in node.keywords if each.arg)
            if len(names) < len(node.keywords) or (not codes and self._path != LOOKED_UP):
                self.faults.append(f"{self._path}:{node.lineno}")
            self.found += [(code, names) for code in codes]
        self.generic_visit(node)


def _codes(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _codes(node.body)
        yield from _codes(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def fields(template: str) -> frozenset[str]:
    """The names of the parameters in a template."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


def parameters() -> dict[str, set[frozenset[str]]]:
    """The parameters with which each code is raised, at each place."""
    found: dict[str, set[frozenset[str]]] = {code: {frozenset()} for code in operators.CODES.values()}
    for each in modules():
        if each.within:
            for code, names in Raised(each).found:
                found.setdefault(code, set()).add(names)
    return found


def unfit(templates: Mapping[str, str], raised: Mapping[str, set[frozenset[str]]]) -> list[str]:
    """The codes whose template names a parameter that some place does not give."""
    return [
        code
        for code, template in templates.items()
        if any(not fields(template) <= names for names in raised.get(code, set()))
    ]


def named(module: Module) -> list[str]:
    """Texts of a module, documentation left out, that name a command or a flag."""
    documentation = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    lines = {
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        if COMMAND.search(node.value)
    }
    return [f"{module.path}:{line}" for line in sorted(lines)]


def test_every_code_has_a_sentence_and_is_raised() -> None:
    """What is raised is in the table, and the table has nothing else."""
    assert parameters().keys() ^ SENTENCES.keys() == set()


def test_codes_are_written_out_where_they_are_raised() -> None:
    """A reader finds each code by searching for it; parameters are named."""
    assert [fault for each in modules() if each.within for fault in Raised(each).faults] == []


def test_a_code_always_has_the_same_parameters() -> None:
    """Whoever words an error relies on the names, wherever it comes from."""
    assert [code for code, places in parameters().items() if len(places) > 1] == []


@pytest.mark.parametrize("templates", [SENTENCES, ADVICE, INSTEAD], ids=["sentences", "advice", "instead"])
def test_templates_name_parameters_that_are_given(templates: Mapping[str, str]) -> None:
    """No template asks for a parameter that its error does not have."""
    assert unfit(templates, parameters()) == []


def test_advice_is_for_errors_that_there_are() -> None:
    """A code has advice after its sentence, or a text in its place, and not both."""
    assert (ADVICE.keys() | INSTEAD.keys()) - SENTENCES.keys() == set()
    assert ADVICE.keys() & INSTEAD.keys() == set()


@pytest.mark.parametrize("path", ["app/operator_errors.py", "app/operators.py", "cli/advice.py"])
def test_no_code_stands_twice(path: str) -> None:
    """A key that stands twice in a table would lose one of its texts."""
    [module] = [each for each in modules() if each.within == path]
    keys = [
        [ast.unparse(key) for key in node.keys if key] for node in ast.walk(module.tree) if isinstance(node, ast.Dict)
    ]

    assert keys
    assert [each for each in keys if len(set(each)) < len(each)] == []


def test_codes_are_in_snake_case_and_texts_are_sentences() -> None:
    """Codes look alike; a text is whole, or is one that the rule of the domain has worded."""
    texts = [*SENTENCES.values(), *INSTEAD.values()]

    assert [code for code in SENTENCES if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", code)] == []
    assert [each for each in texts if each != "{problem}" and not is_sentence(each.replace("{nearest}", ""))] == []
    assert [each for each in ADVICE.values() if not each.endswith(".")] == []


def test_nothing_below_the_command_line_names_a_command() -> None:
    """Operations and rules are called by others than the command line: they name no command and no flag."""
    places = {each.within: named(each) for each in modules() if each.within.startswith(("app/", "core/"))}

    assert [place for found in places.values() for place in found] == []


def test_advice_on_findings_is_for_codes_that_there_are() -> None:
    """Each code stands as a literal in an operation or a rule, or is the reason of a warning."""
    literals = {
        node.value
        for each in modules()
        if each.within.startswith(("app/", "core/"))
        for node in ast.walk(each.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    reasons = {*Reason, *(f"property_{reason}" for reason in Reason)}

    assert sorted(ON_FINDINGS.keys() - literals - reasons) == []
    assert sorted({*Reason} - ON_FINDINGS.keys()) == []


def test_faults_are_seen() -> None:
    """Commands, flags, computed codes, unnamed parameters and missing ones are found."""
    text = '"""Run `tessera doctor`."""\nx = f"{a}: see `tessera keys list`."\ny = "Set --flag."\nz = "a--b, tessera"\n'
    raised = Raised(Module("src/tessera/app/x.py", "OperatorError(f'{x}')\nOperatorError('a', **given)"))

    assert named(Module("src/tessera/app/x.py", text)) == ["src/tessera/app/x.py:2", "src/tessera/app/x.py:3"]
    assert raised.faults == ["src/tessera/app/x.py:1", "src/tessera/app/x.py:2"]
    assert unfit({"a": "No {name}."}, {"a": {frozenset({"name"}), frozenset()}}) == ["a"]
