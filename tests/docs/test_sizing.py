"""The page on sizing: its figures are those that were measured, and its counts those of the code."""

import inspect
import json
import re
from typing import Any

import msgspec
import pytest
from bench.fanout import Plan

from tessera import wiring
from tessera.app.clients.applications import DEFAULT_LIFETIME_SECONDS
from tessera.app.runtime import counter_synchronization, leases
from tessera.app.state import usage
from tessera.core import changes
from tessera.core.changes import Change
from tessera.settings import Settings
from tessera.store.postgres import feed
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tessera.store.sql import WRITES
from tests.architecture.modules import ROOT
from tests.docs.fences import paper

SPEEDS = "bench/results/2026-11-26-133339.json"
MANY = "bench/results/2026-11-24-225121.json"
PAGE = paper("docs/sizing.md")

_ROW = re.compile(r"^\| ([^|]+?) \| ([\d,]+) \| (\d+) µs \|$", re.MULTILINE)
_DEED = re.compile(r"^\| [^|]+ \| ((?:`\w+` ?)+)\| (\d+) \| (\d+) \|$", re.MULTILINE)


def lines(path: str) -> dict[str, dict[str, Any]]:
    """The lines of a kept run, by their titles."""
    kept = json.loads((ROOT / path).read_bytes())
    return {line["title"].strip(): line for line in kept["lines"]}


@pytest.mark.parametrize("row", _ROW.findall(PAGE), ids=lambda row: row[0])
def test_speeds_are_those_of_the_run_that_is_named(row: tuple[str, str, str]) -> None:
    """Requests a second and processor time are what the file says, rounded."""
    measured = lines(SPEEDS)[row[0]]

    assert SPEEDS in PAGE
    assert f"{measured['requests_per_second']:,.0f}" == row[1]
    assert f"{measured['cpu_us']:.0f}" == row[2]


def test_memory_is_that_of_the_runs_that_are_named() -> None:
    """Each figure of memory is in the file beside it."""
    many = lines(MANY)["worker memory, 100,000 applications"]["measured"]
    one, each = lines(SPEEDS)["worker memory"]["measured"], lines(SPEEDS)["memory for each"]["measured"]

    assert f"after its loads | {one:.0f} MiB | `{SPEEDS}`" in PAGE
    assert f"in use | {many:.0f} MiB | `{MANY}`" in PAGE
    assert f"a revoked token | {each:.0f} bytes | `{SPEEDS}`" in PAGE
    assert len(_ROW.findall(PAGE)) == 11


def statements(kind: type[Change]) -> int:
    """How many statements a change is, its notice included."""
    notified = kind.notice is not Change.notice
    return len(WRITES[kind]) + notified


@pytest.mark.parametrize("operation", _DEED.findall(PAGE), ids=lambda operation: operation[0].strip())
def test_statements_are_counted_rightly(operation: tuple[str, str, str]) -> None:
    """The statements of an operation are those of its changes; each of them writes one row."""
    kinds: list[type[Change]] = [getattr(changes, name) for name in re.findall(r"\w+", operation[0])]

    assert all(issubclass(kind, msgspec.Struct) for kind in kinds)
    assert sum(statements(kind) for kind in kinds) == int(operation[1]) == int(operation[2])
    for statement in (each for kind in kinds for each in WRITES[kind]):
        assert statement.sql.startswith(("insert", "update"))


def test_what_the_page_reckons_with_is_what_is_in_force() -> None:
    """Defaults and paces that the page names are those of the code."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    rows = usage.FLUSH_MAX * 3 / defaults["usage_flush_interval_seconds"]
    held = inspect.getsource(wiring).count("leases.run_with_lease(")

    assert len(_DEED.findall(PAGE)) == 7
    assert (
        f"({defaults['usage_flush_interval_seconds']:.0f}) by each worker, for {usage.FLUSH_MAX} applications" in PAGE
    )
    assert f"never more than {rows:.0f}," in PAGE
    assert f"`applications_cached_max` ({defaults['applications_cached_max']:,})" in PAGE
    assert f"for {counter_synchronization.AT_ONCE} of them at most" in PAGE
    assert leases.POLL_SECONDS == 0.25
    assert leases.RENEWED_SECONDS == 5
    assert f"up to {held / leases.POLL_SECONDS:.0f} reads of one row a second and worker" in PAGE
    assert (Plan().poll, Plan().look) == (feed.POLL_SECONDS, defaults["feed_poll_interval_milliseconds"] / 1000)
    assert feed.POLL_SECONDS_DEAF == 0.25
    assert len(PostgresDriver(ConnectionOptions("", "", 1), lambda _name, _reason: None).connections) == 5
    assert DEFAULT_LIFETIME_SECONDS == 14 * 86_400
    assert f"{DEFAULT_LIFETIME_SECONDS:,} (105 MiB)" in PAGE
