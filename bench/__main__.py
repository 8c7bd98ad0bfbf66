"""`python -m bench`: the flags, the table, the file. Ends with 1 when nothing could be measured, never for a target."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench import session, wrk
from bench.kinds import KINDS, Kind
from bench.processes import ROOT, BenchError
from bench.session import PARTS, Plan

RESULTS = ROOT / "bench" / "results"
TABLE_WIDTH = 140
"""Columns that the table needs; a narrower terminal wraps it."""


def main() -> int:
    """Run it."""
    flags = _flags()
    plan = _plan(flags)
    if not wrk.installed():
        print(wrk.MISSING, file=sys.stderr)
        return 1
    console = Console(stderr=True)
    try:
        with tempfile.TemporaryDirectory(prefix="tessera-bench-") as work, console.status("") as status:
            results = session.run(plan, Path(work), status.update)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    results.show(Console(width=max(TABLE_WIDTH, Console().width)))
    folder: Path | None = flags.results
    if folder is None and plan.whole and not flags.quick:
        folder = RESULTS
    if folder is not None:
        print(f"Written to {results.write(folder)} and latest.json beside it.")
    return 0


def _flags() -> argparse.Namespace:
    names = ", ".join([*(kind.name for kind in KINDS), *PARTS])
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Speed against a bare handler on the same server, in one run."
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one round of 1 s each, 2,000 applications, 5,000 customers, 100,000 revocations, 50,000 rows to purge;"
        " not kept",
    )
    parser.add_argument("--only", metavar="NAMES", help=f"only these, comma between, or how they begin: {names}")
    parser.add_argument("--rounds", type=int, help="rounds (5)")
    parser.add_argument("--seconds", type=float, help="seconds of each load (2)")
    parser.add_argument("--applications", type=int, help="applications of the big folder (100000)")
    parser.add_argument("--customers", type=int, help="customers of the crowded folder (1000000)")
    parser.add_argument("--revocations", type=int, help="live revocations (1000000)")
    parser.add_argument("--purged", type=int, help="rows of each kind that are purged (600000)")
    parser.add_argument("--results", type=Path, help="folder of the result file; without it only whole runs are kept")
    return parser.parse_args()


def _plan(flags: argparse.Namespace) -> Plan:
    rounds, seconds, applications, starts = (1, 1.0, 2000, 1) if flags.quick else (5, 2.0, 100_000, 5)
    crowd = 5000 if flags.quick else 1_000_000
    revoked = 100_000 if flags.quick else 1_000_000
    purged = 50_000 if flags.quick else 600_000
    kinds, parts = _chosen(flags.only)
    return Plan(
        kinds,
        parts,
        max(1, flags.rounds or rounds),
        max(0.2, flags.seconds or seconds),
        max(1, flags.applications or applications),
        max(1, flags.customers or crowd),
        max(1, flags.revocations or revoked),
        max(1, flags.purged or purged),
        starts,
    )


def _chosen(only: str | None) -> tuple[list[Kind], frozenset[str]]:
    """The kinds and parts whose names begin with one of these; all kinds when only parts were named."""
    if only is None:
        return list(KINDS), frozenset(PARTS)
    wanted = tuple(name.strip() for name in only.split(","))
    kinds = [kind for kind in KINDS if kind.name.startswith(wanted)]
    parts = frozenset(part for part in PARTS if part.startswith(wanted))
    if not kinds and not parts:
        raise SystemExit(f"Nothing is named {only}; `python -m bench --help` lists the names.")
    return kinds or list(KINDS), parts


if __name__ == "__main__":
    sys.exit(main())
