"""`tessera doctor`: look at everything, change nothing, say what to do."""

from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output, progress
from tessera.cli.advice import advised
from tessera.cli.options import AsJSON, DataDir, examples

if TYPE_CHECKING:
    from tessera.app.administration.findings import KeyFacts
    from tessera.core.administration.finding import Finding
    from tessera.settings import Settings
    from tessera.store.database import Database

EXAMPLES = examples("doctor", "doctor --ledger", "doctor --data-dir /srv/tessera --json")

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    *,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Recompute every balance from the ledger, and compare.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Check folder, master key, database, disk, clock and secrets; change nothing. Exit code 1 if a check fails."""
    from tessera import bootstrap, settings
    from tessera.app.administration import audit, findings, unknown_settings
    from tessera.core.administration import finding
    from tessera.core.clients.applications import QueryCredentials
    from tessera.core.clients.expiry_warnings import ENDING_DAYS
    from tessera.core.times import DAY
    from tessera.ops.clock import SystemClock
    from tessera.store.checkup import look
    from tessera.store.migrate import SchemaState

    chosen = settings.load(data_dir=data_dir)
    now = SystemClock().now()
    database = bootstrap.database(chosen)
    facts = look(chosen.data_dir, database, now, now + ENDING_DAYS[-1] * DAY, int(QueryCredentials.WARN))
    master = _master_key(chosen)
    found = findings.findings(facts, master, now, chosen.workers)
    found += findings.certificates(chosen, facts.database)
    found += unknown_settings.findings()
    if facts.database.state is SchemaState.CURRENT and not facts.database.damage and facts.database.problem is None:
        pepper = findings.pepper(master, facts.database)
        found.append(audit.finding(facts.database.audit, facts.database.checkpoints, pepper))
    if ledger and all(each.level is not finding.Level.FAIL for each in found):
        found += _ledger(database)
    healthy = all(each.level is not finding.Level.FAIL for each in found)
    if as_json:
        shown = [{"level": each.level, "about": each.about, "text": advised(each)} for each in found]
        output.document({"healthy": healthy, "findings": shown})
    else:
        _show(found)
    if not healthy:
        raise typer.Exit(1)


def _ledger(database: "Database") -> "list[Finding]":
    """The proof of the ledger; with a bar at a terminal."""
    from tessera.app.loyalty import ledger_check
    from tessera.core.administration.finding import Finding, Level
    from tessera.ports import StoreUnavailable
    from tessera.store import ledger_check as reading

    try:
        with progress.counted("customers", reading.customers(database)) as advance:
            proof = ledger_check.prove(reading.records(database), lambda so_far: advance(so_far.customers))
    except StoreUnavailable as error:
        return [Finding(Level.FAIL, "ledger", f"It cannot be read to its end ({error}). Run it again.")]
    return ledger_check.findings(proof)


def _master_key(chosen: "Settings") -> "KeyFacts":
    from tessera import bootstrap
    from tessera.app.administration.findings import KeyFacts
    from tessera.ports import Unusable
    from tessera.store.checkup import file
    from tessera.store.folder import DataFolder

    folder = DataFolder(chosen.data_dir)
    path = None if chosen.master_key is not None else file(chosen.master_key_file or folder.master_key)
    try:
        return KeyFacts(bootstrap.read_master_key(chosen, folder, create=False), "", path)
    except Unusable as error:
        return KeyFacts(None, str(error), path)


def _show(found: "list[Finding]") -> None:
    output.findings([(each.level.value, _STYLES[each.level.value], each.about, advised(each)) for each in found])
