"""The doctor proves the ledger: it sees every way in which a standing is not what its records say."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tessera.app.loyalty.ledger_check import SHOWN_MAX
from tests.cli.command import Done, run
from tests.support.operator_session import do
from tests.support.settings import settings_for


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database with the demonstration in it, and of the key beside it."""
    from tessera.app.demo import demo

    folder = tmp_path_factory.mktemp("proof") / "data"
    settings_for(folder)
    do(folder, demo.create)
    return (folder / "tessera.db").read_bytes() + (folder / "master.key").read_bytes()


@pytest.fixture
def folder(made: bytes, tmp_path: Path) -> Path:
    """A data folder with the demonstration, to be spoiled."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    for name, content in (("tessera.db", made[:-65]), ("master.key", made[-65:])):
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)
    return data


def spoil(folder: Path, statement: str) -> None:
    """Change the database by hand."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def proof(folder: Path) -> tuple[Done, list[str]]:
    """What the doctor says of the ledger."""
    done = run("doctor", "--ledger", "--json", "--data-dir", folder)
    return done, [each["text"] for each in done.document["findings"] if each["about"] == "ledger"]


def test_a_ledger_that_agrees(folder: Path) -> None:
    """Every balance is the sum of its entries: said with how many were looked at, exit code 0."""
    done, texts = proof(folder)

    assert done.code == 0
    assert texts == ["1,590 entries of 200 customers: every balance is the sum of its entries."]


SPOILT = {
    "an entry's amount": (
        "update ledger_entry set amount = amount + 1 where customer = 57 and number = 3",
        "sum up to",
    ),
    "an entry is gone": ("delete from ledger_entry where customer = 57 and number = 4", "the ledger has 5"),
    "an entry too many": (
        (
            "insert into ledger_entry select customer, number + 100, id, point_account, 0, kind, request, place,"
            " idempotency_id, fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at"
            " from ledger_entry where customer = 57 and number = 1"
        ),
        "the last numbered 101",
    ),
    "an entry of another account": (
        "update ledger_entry set point_account = 3 where customer = 57 and number = 3",
        "has entries and no balance",
    ),
    "a level that nobody left": ("update membership set left_at = 1 where customer = 9 and left_at is null", "levels"),
    "when it falls due": ("update customer set due_at = 5 where number = 4", "does not fall due"),
    "a life-time value": ("update ledger_entry set kind = 'spend' where customer = 57 and number = 3", "entries say"),
    "lots": (
        "update customer set standing = replace(standing, ',[]]', ',[[1,99999999999]]]') where number = 57",
        "more points that expire",
    ),
}


@pytest.mark.parametrize(("statement", "said"), SPOILT.values(), ids=SPOILT)
def test_what_does_not_agree_is_found_and_named(folder: Path, statement: str, said: str) -> None:
    """Each way of disagreeing is told with the customer it is about, and ends with exit code 1."""
    spoil(folder, statement)
    done, texts = proof(folder)

    assert done.code == 1
    assert any(said in text and text.startswith("customer ") for text in texts[:-1])
    assert "disagreements" in texts[-1]


def test_many_disagreements_are_counted(folder: Path) -> None:
    """Only the first are told one by one; all are counted."""
    spoil(folder, "update customer set due_at = 5")
    _, texts = proof(folder)

    assert len(texts) == SHOWN_MAX + 1
    assert "200 disagreements, 180 more than shown" in texts[-1]


def test_nothing_is_changed_by_the_proof(folder: Path) -> None:
    """The proof only looks."""
    before = (folder / "tessera.db").read_bytes()
    proof(folder)

    assert (folder / "tessera.db").read_bytes() == before
    assert sorted(each.name for each in folder.iterdir()) == ["master.key", "tessera.db"]
