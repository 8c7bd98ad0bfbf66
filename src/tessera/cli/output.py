"""How commands print: data on standard output (text or one JSON document), messages on standard error.

Rich is imported only where a table is drawn. No value is ever cut short: ids and secrets are there to be copied.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from tessera.core import times

NOTHING = "-"
"""What stands in a table for a value that is not there."""


def data(text: str = "") -> None:
    """One line of what was asked for, whole however narrow the terminal is."""
    print(text)


def message(text: str) -> None:
    """One line about what was done."""
    print(text, file=sys.stderr)


def document(value: object) -> None:
    """The JSON document that `--json` promises."""
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def escaped(text: str) -> str:
    """A text from elsewhere, with everything spelled out that a terminal would take for a command."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def pairs(values: Sequence[tuple[str, object]]) -> None:
    """Labels and values, one a line."""
    width = max(len(label) for label, _ in values) + 2
    for label, value in values:
        data(f"{label:<{width}}{NOTHING if value is None or value == '' else value}")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, as wide as its values need it."""
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(column, no_wrap=True)
    for row in rows:
        drawn.add_row(*(Text(NOTHING if value is None or value == "" else str(value)) for value in row))
    console = Console(highlight=False)
    needed = Measurement.get(Console(width=10_000), Console(width=10_000).options, drawn).maximum
    console.width = max(console.width, needed)
    console.print(drawn)


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with rate and remaining time, at a terminal; nothing elsewhere. What it gives is called with the count."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.completed:,.0f} " + what),
        BarColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total, rate=0.0)

        def advance(done: int) -> None:
            bar.update(task, completed=done, rate=done / (bar.tasks[0].elapsed or 1e-9))

        yield advance


def marked(sign: str, colour: str, text: str) -> None:
    """One line of a difference, in colour at a terminal; whole, however narrow that is."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{sign} {text}", style=colour if console.is_terminal else ""), soft_wrap=True)


def record(values: object, *, moments: Sequence[str] = ()) -> dict[str, Any]:
    """A struct as `--json` shows it: its fields, and the named ones of them as ISO 8601 times."""
    fields: dict[str, Any] = msgspec.structs.asdict(values)  # type: ignore[arg-type]  # any struct will do
    fields.pop("number", None)
    return timed(fields, moments)


def timed(fields: dict[str, Any], moments: Sequence[str]) -> dict[str, Any]:
    """The same fields, the named ones of them as ISO 8601 times."""
    for name in moments:
        fields[name] = None if fields[name] is None else times.incentives_time(fields[name])
    return fields


def moment(at: int | None) -> str | None:
    """A time as people read it: to the second, in UTC."""
    return None if at is None else f"{times.core_time(at)} UTC"
