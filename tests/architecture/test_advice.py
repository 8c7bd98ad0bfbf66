"""Every check that can fail has advice of its own, and no advice is for a check that there is not."""

import ast
from collections.abc import Iterator

from tessera.cli import refusal_advice
from tessera.core.administration import advice
from tessera.core.clients.limits import LimitName
from tessera.web.errors import STATUSES
from tessera.web.surfaces import OAUTH, PLATFORM
from tests.architecture.conventions import is_sentence
from tests.architecture.modules import modules


def texts(node: ast.AST) -> Iterator[str]:
    """The literal texts in an expression."""
    if isinstance(node, ast.JoinedStr):
        return
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            yield each.value


def checks_in(tree: ast.AST) -> set[str]:
    """Every slug that a module gives as a check: by keyword, by assignment, or in a `Told`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "check":
            found |= set(texts(node.value))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "check",
            "(detail, check)",
            "detail, check",
        ):
            value = node.value.elts[1] if isinstance(node.value, ast.Tuple) else node.value
            found |= set(texts(value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Outcome" and len(node.args) > 1:
            found |= set(texts(node.args[1]))
    return found


def checks() -> set[str]:
    """Every slug in the source; those of limits have the names of these."""
    limits = {f"limits.{each}" for each in LimitName}
    return limits.union(*(checks_in(each.tree) for each in modules() if each.path.startswith("src/")))


def test_every_check_has_advice() -> None:
    """What fails can be explained: a new slug needs a line in core/administration/advice.py."""
    assert sorted(checks() - advice.CHECKS.keys()) == []


def test_no_advice_is_left_over() -> None:
    """Advice is for checks that are made."""
    assert sorted(advice.CHECKS.keys() - checks()) == []


def test_every_code_has_advice() -> None:
    """A refusal without a check of its own is explained by its code, on both surfaces."""
    codes = {surface.code(kind) for kind in STATUSES for surface in (OAUTH, PLATFORM)}

    assert sorted(codes - advice.CODES.keys()) == []


def test_advice_is_worded_once() -> None:
    """What to do is said for every surface, or by the command line where it is to be typed."""
    for known, typed in ((advice.CHECKS, refusal_advice.CHECKS), (advice.CODES, refusal_advice.CODES)):
        assert {name for name, each in known.items() if each.advice is None} ^ typed.keys() == set()


def test_advice_is_in_sentences() -> None:
    """Each says what failed and what to do."""
    known = (*advice.CHECKS.values(), *advice.CODES.values())
    typed = (*refusal_advice.CHECKS.values(), *refusal_advice.CODES.values())
    said = [*typed, *(text for each in known for text in each if text is not None)]

    assert [text for text in said if not is_sentence(text) and not text.endswith("x.")] == []


def test_a_check_without_advice_is_seen() -> None:
    """Slugs are found wherever they are given."""
    source = "raise E('x', check='a.b')\nraise E('x', check='c.d' if y else 'e.f')\ndetail, check = 'text', 'g.h'"

    assert checks_in(ast.parse(source)) == {"a.b", "c.d", "e.f", "g.h"}
