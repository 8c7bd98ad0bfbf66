"""The audit forgets nothing: every change is recorded or named as not administrative, and nothing secret is told."""

import ast
import inspect
from pathlib import Path

import msgspec
import pytest

from tessera.core import changes
from tessera.core.administration import audit
from tessera.core.changes import Change
from tests.architecture.test_statements import kinds

UNTOLD = frozenset({"digest", "secret", "was_secret", "wrapped", "last_four", "profile", "id", "standing"})
"""Fields that never come into an entry: secrets, their traces, and what customers are."""

PAST_THE_CONTEXT = frozenset(
    {
        "audit_purge.py",
        "singleton tasks.py",
        "events.py",
        "exchange.py",
        "context.py",
        "keys.py",
        "purge_clock.py",
        "purges.py",
        "refusals.py",
        "upkeep.py",
        "warnings.py",
    }
)
"""Files of app/ that commit without the context: the upkeep, and those that record operations themselves."""


def test_every_change_is_recorded_or_named() -> None:
    """A new change cannot be forgotten: it stands in exactly one of the two lists."""
    assert set(kinds()) == audit.AUDITED_CHANGES.keys() | audit.UNRECORDED
    assert audit.AUDITED_CHANGES.keys() & audit.UNRECORDED == set()


@pytest.mark.parametrize("kind", audit.AUDITED_CHANGES, ids=lambda kind: kind.__name__)
def test_nothing_secret_is_told(kind: type[Change]) -> None:
    """What is told of a change are fields that it has, none of them bytes or named as a secret."""
    operation = audit.AUDITED_CHANGES[kind]
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    forbidden = UNTOLD - ({"id"} if kind.__module__.endswith("program") else set())
    shown = {
        *operation.told,
        *(() if operation.of_customer else (operation.target,)),
    }  # a customer's id becomes a pseudonym

    assert {operation.target, *operation.told} <= fields.keys()
    assert not shown & forbidden
    assert all(fields[name] is not bytes for name in (operation.target, *operation.told))


def committing() -> set[str]:
    """The files of app/ that write through the store itself."""
    folder = Path(inspect.getfile(audit)).parent.parent / "app"
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "commit" and ast.unparse(node.value).endswith("store"):
                found.add(path.name)
    return found


def test_operations_go_through_the_context() -> None:
    """Only the upkeep writes past the context, which records what is administrative."""
    assert committing() <= PAST_THE_CONTEXT


def test_a_secret_that_is_told_is_seen() -> None:
    """The rule knows the field of a credential that must stay out."""
    assert "digest" in {field.name for field in msgspec.structs.fields(changes.AddCredential)} & UNTOLD
