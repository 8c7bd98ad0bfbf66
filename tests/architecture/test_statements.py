"""The SQL of the context: written once, for every change, in what all engines read alike."""

import re

import pytest

from tessera.core import changes
from tessera.core.changes import Change
from tessera.store import sql
from tests.support.statements import reads

_PARAMETER = re.compile(r":(\w+)")
_UNSHARED = re.compile(r"\"|\blike\b|\blower\s*\(|\bupper\s*\(|\bselect \*", re.IGNORECASE)


def kinds() -> list[type[Change]]:
    """Every change that can be committed."""
    return [
        each
        for name, each in vars(changes).items()
        if isinstance(each, type) and issubclass(each, Change) and each is not Change and not name.startswith("_")
    ]


def statements() -> dict[str, str]:
    """Every statement by a name for it."""
    written = {
        f"{kind.__name__} {place}": statement.sql
        for kind, each in sql.WRITES.items()
        for place, statement in enumerate(each)
    }
    read = {f"{name}.{each}": text for name in sql.__all__ if name.islower() for each, text in reads(name).items()}
    return written | read


def unknown_parameters(kind: type[Change], statement: str) -> set[str]:
    """Parameters of a statement that are no field of the change."""
    return set(_PARAMETER.findall(statement)) - set(kind.__struct_fields__)


def unshared(statement: str) -> list[str]:
    """What engines read differently."""
    return _UNSHARED.findall(statement)


def test_every_change_has_its_statements() -> None:
    """A change without statements could not be written, and statements without a change never run."""
    assert set(sql.WRITES) == set(kinds())


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_parameter_is_a_field(kind: type[Change]) -> None:
    """A statement takes what its change carries, and nothing else."""
    assert [each.sql for each in sql.WRITES[kind] if unknown_parameters(kind, each.sql)] == []


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_field_is_used(kind: type[Change]) -> None:
    """What a change carries is written or relied on by one of its statements."""
    used = {name for each in sql.WRITES[kind] for name in _PARAMETER.findall(each.sql)}
    told = kind.notice is not Change.notice  # the feed may be what a field is for

    assert set(kind.__struct_fields__) - used <= ({"organization"} if told else set())


def test_statements_are_read_alike_by_all_engines() -> None:
    """No statement has a double quote, folds case, matches patterns, or leaves its columns unnamed."""
    assert {name: unshared(text) for name, text in statements().items() if unshared(text)} == {}


def test_a_planted_statement_is_seen() -> None:
    """The rules complain about statements that break them."""
    assert unknown_parameters(changes.RevokeToken, "delete from revocation where token_id = :token") == {"token"}
    assert unshared('select "name" from customer where lower(name) like :name') == ['"', '"', "lower(", "like"]
    assert unshared("select likeness from customer") == []
