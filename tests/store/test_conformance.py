"""Every store meets every demand of the conformance suite. Another engine is one more entry in `ENGINES`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tessera.core.changes import Change
from tessera.ports import Store
from tessera.store import sql
from tessera.store.conformance import CASES, Case, conditions, faults, organizations
from tests.support import databases, postgres
from tests.support.stores import empty_database, run_with_stores, second_process_view, sqlite_file

Opener = Callable[[], Store]


@contextmanager
def _sqlite_file(folder: Path) -> Iterator[Opener]:
    path = empty_database(folder / "tessera.db")
    yield lambda: sqlite_file(path)


@contextmanager
def _second_process_view(folder: Path) -> Iterator[Opener]:
    path = empty_database(folder / "tessera.db")
    yield lambda: second_process_view(path)


@contextmanager
def _postgres(_folder: Path) -> Iterator[Opener]:
    with databases.borrowed() as database:
        yield lambda: postgres.store(database.url)


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Opener]]] = {
    "postgres": _postgres,
    "sqlite-file": _sqlite_file,
    "sqlite-file-second-process-view": _second_process_view,
}
"""Each makes a fresh database (in a folder, should it need one) and answers what opens stores on it."""


@pytest.fixture(params=ENGINES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """What opens stores on a fresh database of one engine."""
    with ENGINES[request.param](tmp_path) as opener:
        yield opener


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_store_conforms(open_store: Opener, case: Case) -> None:
    """The store does what the case demands."""
    run_with_stores(open_store, case.run)


def _kinds(kind: type[Change] = Change) -> set[type[Change]]:
    """Every class of change that can be committed."""
    below = kind.__subclasses__()
    return set().union(*(_kinds(each) for each in below)) if below else {kind}


def test_every_change_that_restates_a_fact_has_conditions() -> None:
    """A new change cannot be forgotten: each that restates a fact has cases in which it does not hold."""
    with_facts = {kind for kind, statements in sql.WRITES.items() if any(each.fact for each in statements)}

    assert with_facts == conditions.COVERED
    assert set(sql.WRITES) == _kinds()


def test_every_change_is_committed_twice_or_named_as_adding_up() -> None:
    """A new change cannot be forgotten: each is committed again after an unknown outcome, or excepted by name."""
    named = {case.name for case in CASES if case.name.startswith("faults-")}
    left_out = {kind.__name__ for kind in _kinds() if not any(f"-{kind.__name__}-again" in name for name in named)}

    only_disabled = {kind.__name__ for kind in organizations.COVERED}
    counted = {kind.__name__ for kind in (*faults.COUNTED, *faults.CUT_OFF)}
    assert left_out == {
        *counted,
        *only_disabled,
        "EnableApplication",
        "EnableProperty",
        "MergeCustomer",
        "EnableWebhook",
    }


def test_case_names_are_unique() -> None:
    """Each case has a name of its own, by which a failure is told."""
    assert len({case.name for case in CASES}) == len(CASES)
