"""Commands that look at the database themselves do so on PostgreSQL too."""

import json
from pathlib import Path

import pytest

from tessera.app.administration import findings as administration_findings
from tessera.app.administration.findings import KeyFacts
from tessera.app.demo import demo
from tessera.core.administration.finding import Level
from tessera.core.times import SECOND
from tessera.store.checkup import DatabaseFacts, FileFacts, FolderFacts
from tessera.store.server_facts import ServerFacts
from tests.cli.command import one_sentence, run
from tests.support import engines
from tests.support.operator_session import do
from tests.support.settings import settings_for

pytestmark = pytest.mark.engines("postgres")


@pytest.fixture(scope="module")
def folder(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration, whose database is on PostgreSQL."""
    assert engine == engines.POSTGRES
    made = tmp_path_factory.mktemp("postgres") / "data"
    settings_for(made)
    do(made, demo.create)
    return made


def findings(folder: Path, *more: str) -> dict[str, tuple[str, str]]:
    """What the doctor says, by what it is about."""
    done = run("doctor", "--json", *more, "--data-dir", folder)
    found = {each["about"]: (each["level"], each["text"]) for each in done.document["findings"]}
    assert done.document["healthy"] is (done.code == 0)
    return found


def test_the_doctor_finds_a_good_one_good(folder: Path) -> None:
    """The server is looked at in place of a file; nothing of SQLite is told."""
    found = findings(folder, "--ledger")
    assert {level for level, _ in found.values()} == {"ok"}
    assert list(found) == [
        "data folder", "master key", "key ring", "PostgreSQL", "durability", "connections", "database", "disk", "clock",
        "secrets", "audit", "ledger",
    ]  # fmt: skip
    assert found["durability"][1] == "fsync is on, synchronous_commit is on."
    assert found["ledger"][1] == "1,590 entries of 200 customers: every balance is the sum of its entries."


def test_the_doctor_proves_the_ledger(folder: Path) -> None:
    """A balance that is not the sum of its entries is found."""
    with engines.writing(folder) as database:
        database.rows("update ledger_entry set amount = amount + 1 where customer = 57 and number = 3")
    try:
        level, text = findings(folder, "--ledger")["ledger"]
        assert level == "fail"
        assert text.startswith("1,590 entries of 200 customers: 2 disagreements.")
    finally:
        with engines.writing(folder) as database:
            database.rows("update ledger_entry set amount = amount - 1 where customer = 57 and number = 3")


def test_the_doctor_of_a_database_that_is_away(folder: Path, tmp_path: Path) -> None:
    """It says so, and what to do; nothing is raised."""
    gone = tmp_path / "data"
    gone.mkdir(mode=0o700)
    engines.name(gone, "postgresql://tessera@/tessera?host=/nowhere")
    level, text = findings(gone)["database"]
    assert level == "fail"
    assert text.endswith("See that it runs and can be reached from here.")


SERVER = ServerFacts("15.1", "on", "on", "", 0, 97, 10)


def told(server: ServerFacts, workers: int = 1) -> dict[str, tuple[Level, str]]:
    """What is found of a server's facts."""
    there = FileFacts(Path("data"), exists=True, mode=0o700)
    facts = FolderFacts(there, None, FileFacts(Path("demo"), exists=False), None, DatabaseFacts(), None, server)
    found = administration_findings.findings(facts, KeyFacts(None, "", None), 1_900_000_000 * SECOND, workers)
    return {each.about: (each.level, each.text) for each in found}


def changed(**facts: object) -> ServerFacts:
    """The server with other facts."""
    import msgspec

    return msgspec.structs.replace(SERVER, **facts)


def test_what_is_told_of_a_server() -> None:
    """Connections that run short, clocks apart, standbys for which no commit waits, and poolers."""
    assert "standby" not in told(SERVER)
    assert told(SERVER)["connections"] == (Level.OK, "10 of 97 are taken; a node of 1 needs 5.")
    level, text = told(SERVER, workers=18)["connections"]
    assert level is Level.WARN
    assert text.endswith("a node of 18 needs 90. Unless it runs already: raise max_connections, or run fewer workers.")
    for skew, said in ((3 * SECOND, "It is 3.0 s ahead of"), (-2 * SECOND, "It is 2.0 s behind")):
        level, text = told(changed(skew=skew))["database clock"]
        assert (level, text.startswith(said)) == (Level.WARN, True)
    assert "database clock" not in told(changed(skew=SECOND // 2))
    assert told(changed(standbys=2))["standby"][0] is Level.WARN
    assert told(changed(synchronous_standby_names="*", standbys=1))["standby"][0] is Level.OK
    assert told(changed(synchronous_standby_names="*"))["standby"][0] is Level.FAIL
    assert told(changed(pooled=True))["pooler"][0] is Level.WARN
    assert told(changed(pooled=True, has_direct=True))["pooler"][0] is Level.OK
    assert told(changed(pooled=True, has_direct=True, direct="Gone."))["direct"] == (
        Level.FAIL,
        "The setting database_direct cannot be used: Gone.",
    )
    assert "pooler" not in told(SERVER)


def test_purging(folder: Path) -> None:
    """The tables are rewritten; their size before and after is told."""
    done = run("customers", "purge", "--json", "--data-dir", folder)
    assert done.code == 0, done
    assert 0 < done.document["bytes_after"] <= done.document["bytes_before"]


def test_generating(folder: Path) -> None:
    """What the customers take up is told."""
    done = run("demo", "generate", "--customers", "50", "--json", "--data-dir", folder)
    assert done.code == 0, done
    assert done.document["customers"] == 50
    assert done.document["database_bytes"] > 100_000
    assert done.document["bytes_per_customer"] >= 0


def test_the_audit(folder: Path) -> None:
    """Its chain is walked along and printed; what was changed is found."""
    verdict = run("audit", "verify", "--json", "--data-dir", folder)
    assert verdict.code == 0, verdict
    printed = run("audit", "export", "--data-dir", folder)
    entries = [json.loads(line) for line in printed.out.splitlines()]
    assert len(entries) == verdict.document["entries"] > 0
    assert run("audit", "export", "--json", "--data-dir", folder).document == entries
    with engines.writing(folder) as database:
        database.rows("update audit_entry set target = target || 'x' where number = 2")
    try:
        assert run("audit", "verify", "--data-dir", folder).code == 1
        assert findings(folder)["audit"][0] == "fail"
    finally:
        with engines.writing(folder) as database:
            database.rows("update audit_entry set target = substr(target, 1, length(target) - 1) where number = 2")


def test_settings_and_migrate(folder: Path) -> None:
    """The address is not shown where a password may stand in it; a current database is left alone."""
    shown = {each["name"]: each["value"] for each in run("settings", "--json", "--data-dir", folder).document}
    assert shown["database"] == "(set, not shown)"
    done = run("migrate", "--json", "--data-dir", folder)
    assert done.document["migrated"] is False
    assert done.document["database"].startswith("postgresql://tessera@")


def test_what_the_server_refuses_is_a_sentence(folder: Path) -> None:
    """A table that is missing is no traceback."""
    with engines.writing(folder) as database:
        database.rows("alter table webhook rename to webhook_away")
    try:
        sentence = one_sentence(run("webhooks", "list", "--data-dir", folder))
    finally:
        with engines.writing(folder) as database:
            database.rows("alter table webhook_away rename to webhook")
    assert sentence == (
        'The database does not do what was asked (relation "webhook" does not exist). `tessera doctor` tells what is'
        " wrong with it."
    )
