"""Every Python file keeps the rules of the context."""

from collections.abc import Callable

import pytest

from tests.architecture import conventions, layers, rows, shape, words
from tests.architecture.modules import Module, modules, texts
from tests.architecture.test_refusals import refusals

Rule = Callable[[Module], list[str]]


def everywhere(_path: str) -> bool:
    """Rules for all Python there is."""
    return True


def in_core(path: str) -> bool:
    """Rules of the ground floor."""
    return path.startswith("src/tessera/core/")


def in_product(path: str) -> bool:
    """Rules for what is served: the conformance suite is tests, and writes rows in short."""
    return path.startswith("src/") and not path.startswith("src/tessera/store/conformance/")


def in_tests(path: str) -> bool:
    """Rules for tests."""
    return path.startswith("tests/")


def in_store(path: str) -> bool:
    """Rules for what reads the database."""
    return path.startswith("src/tessera/store/") and in_product(path)


RULES: tuple[tuple[Rule, Callable[[str], bool]], ...] = (
    (shape.long_file, everywhere),
    (shape.long_function, everywhere),
    (shape.deep_nesting, everywhere),
    (shape.unnamed_fields, in_product),
    (rows.by_place, in_store),
    (shape.banned_name, everywhere),
    (shape.no_docstring, everywhere),
    (shape.silent_room, shape.is_room),
    (shape.unsorted_exports, everywhere),
    (layers.impure, in_core),
    (layers.knows_asgi, lambda path: path.startswith("src/")),
    (layers.parses_raw_input, everywhere),
    (layers.builds, everywhere),
    (layers.decides_purge_time, everywhere),
    (layers.prints_around, everywhere),
    (layers.borrows, everywhere),
    (layers.goes_out, everywhere),
    (layers.makes_files, everywhere),
    (conventions.mocks, in_tests),
    (conventions.excused, in_tests),
    (conventions.silent_test, in_tests),
    (conventions.long_sleep, in_tests),
)


@pytest.mark.parametrize(("rule", "applies"), RULES, ids=[rule.__name__ for rule, _ in RULES])
def test_every_module_keeps_the_rule(rule: Rule, applies: Callable[[str], bool]) -> None:
    """No module breaks a rule of the context that applies to it."""
    looked_at = [module for module in modules() if applies(module.path)]

    complaints = [f"{module.path}: {complaint}" for module in looked_at for complaint in rule(module)]

    assert looked_at, "the rule was applied to nothing"
    assert complaints == []


def test_refusals_can_be_quoted() -> None:
    """The public text of every refusal keeps to the characters of RFC 6749 section 5.2."""
    names = frozenset(refusals())

    assert [f"{each.path}: {word}" for each in modules() for word in words.unquotable(each, names)] == []


@pytest.mark.parametrize("rule", [words.loose_end, words.elsewhere])
def test_every_text_keeps_the_rule(rule: Callable[[str], list[str]]) -> None:
    """No text of the context leaves a loose end or speaks of a machine or a registry."""
    assert [f"{path}: {complaint}" for path, text in texts().items() for complaint in rule(text)] == []
