"""`python -m tests.faults`: faults at length, with a table at the end. Ends with 1 when anything did not hold."""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tessera.ops import log
from tests.faults import table
from tests.faults.load import Row
from tests.faults.plan import FAULTS, Fault, scene
from tests.faults.stage import ENGINES
from tests.faults.table import LATEST, PAPER


def main() -> int:
    """Run it."""
    flags = _flags()
    names = flags.only.lower().split(",") if flags.only else [fault.name for fault in FAULTS]
    unknown = set(names) - {fault.name for fault in FAULTS}
    if unknown:
        print(f"faults: there is no {', '.join(sorted(unknown))}; see --help", file=sys.stderr)
        return 2
    log.configure("error", "json")
    engines = [flags.engine] if flags.engine else list(ENGINES)
    seed = secrets.randbelow(1_000_000) if flags.seed is None else flags.seed
    began, rows = time.monotonic(), []
    for engine in engines:
        chosen = [fault for fault in FAULTS if fault.name in names and engine in fault.engines]
        for paired in (False, True):
            rows += _played(engine, [each for each in chosen if (each.name == "f7") is paired], flags.rounds, seed)
    encoded = table.encoded(rows, time.monotonic() - began)
    print(encoded.decode() if flags.json else f"\n{table.text(rows)}")
    if flags.keep or (len(rows) == sum(len(fault.engines) for fault in FAULTS) and not flags.rounds):
        LATEST.write_bytes(encoded)
        PAPER.write_text(table.told(PAPER.read_text(), table.decoded(encoded)))
        print(f"Written to {LATEST} and {PAPER.name}.", file=sys.stderr)
    return 0 if all(row.good for row in rows) else 1


def _played(engine: str, faults: list[Fault], rounds: int | None, seed: int) -> list[Row]:
    if not faults:
        return []
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="tessera-faults-") as folder,
        scene(engine, Path(folder), paired=faults[0].name == "f7") as found,
    ):
        for fault in faults:
            began = time.monotonic()
            row = fault.play(found, rounds or fault.rounds, seed)
            said = "good" if row.good else "NOT GOOD: " + "; ".join(row.complaints)
            print(f"{row.fault} on {engine}: {said}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            rows.append(row)
    return rows


def _flags() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Faults under load, and the proof that nothing acknowledged is lost. docs/faults.md says which.",
    )
    parser.add_argument(
        "--only", metavar="NAMES", help=f"of {', '.join(fault.name for fault in FAULTS)}, comma between"
    )
    parser.add_argument("--engine", choices=ENGINES, help="one engine; both when left out")
    parser.add_argument("--rounds", type=int, help="rounds of each fault; what a whole run has when left out")
    parser.add_argument("--seed", type=int, help="of the moments; any when left out")
    parser.add_argument("--json", action="store_true", help="the table as JSON, on standard output")
    parser.add_argument("--keep", action="store_true", help="keep the result, as a whole run is, in docs/faults.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
