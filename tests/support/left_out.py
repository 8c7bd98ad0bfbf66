"""A plugin of pytest: a test that needs something missing is left out, listed at the end, and the run fails by it."""

import json
import os
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.programs import Missing

FILE = "TESTS_LEFT_OUT"
"""The environment variable with a file to add to, instead of listing: `python -m tests` lists for several runs."""

OUTCOME = "left out"
_PROPERTY = "left_out"


class LeftOut(NamedTuple):
    """A test that was left out: its id, what was lacking, and the remedy."""

    test: str
    lacking: str
    remedy: str


_left_out: list[LeftOut] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the failure of a test that met `Missing` into one that says that it was left out."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, Missing) and report.when != "teardown":
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.reportinfo()[1] or 0, str(error))
        report.user_properties.append((_PROPERTY, [item.nodeid, error.lacking, error.remedy]))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what was left out; with several processes this is called in the one that they report to."""
    for name, value in report.user_properties:
        if name == _PROPERTY and isinstance(value, list):
            _left_out.append(LeftOut(*value))


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Count them as a kind of their own."""
    if report.outcome == "skipped" and any(name == _PROPERTY for name, _ in report.user_properties):
        return OUTCOME, "L", "LEFT OUT"
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Have a run fail that left something out."""
    if _left_out and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was left out, or add it to the file of several runs."""
    if hasattr(terminalreporter.config, "workerinput"):
        return  # the process that this one reports to does it
    if file := os.environ.get(FILE):
        with Path(file).open("a") as out:
            out.writelines(json.dumps(each) + "\n" for each in _left_out)
    elif _left_out:
        terminalreporter.section("left out", red=True)
        terminalreporter.write_line(listing(_left_out))


def read(file: Path) -> list[LeftOut]:
    """What several runs left out."""
    return [LeftOut(*json.loads(line)) for line in file.read_text().splitlines()]


def listing(left_out: Iterable[LeftOut]) -> str:
    """What was left out, by what was lacking: how to get it, and the files with the number of tests of each."""
    by_lack: dict[tuple[str, str], Counter[str]] = {}
    for each in left_out:
        by_lack.setdefault((each.lacking, each.remedy), Counter())[each.test.partition("::")[0]] += 1
    lines = []
    for (lacking, remedy), files in sorted(by_lack.items()):
        lines.append(f"{files.total()} tests were left out: {lacking} is missing ({remedy}).")
        lines += [f"  {file}: {count}" for file, count in sorted(files.items())]
    return "\n".join(lines)
