"""How commands print: data on standard output (text or one JSON document), messages on standard error.

Nothing in this package prints in another way, and everything is escaped here (`core/escaping.py`): what is shown may
have been written by anybody, and a terminal must not take it for a command. Rich is imported only where a table is
drawn. Nothing that is there to be copied is cut short but in tables that would not fit the terminal, which say so.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import typer

from tessera.cli import tables
from tessera.cli.tables import Column
from tessera.core import times
from tessera.core.escaping import escaped, escaped_json

NOTHING = "-"
"""What stands in a table for a value that is not there."""


def prepare() -> None:
    """Have a terminal that cannot show a letter stop nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def data(text: str = "", *, flush: bool = False) -> None:
    """One line of what was asked for, whole however narrow the terminal is."""
    print(escaped(text), flush=flush)


def message(text: str) -> None:
    """One line about what was done."""
    print(escaped(text), file=sys.stderr)


class _State:
    """What the flags of a command say about how it prints: members whose values alone are printed, and `--wide`."""

    ids: tuple[str, ...] = ()
    wide = False


_state = _State()

_SECRETS = ("client_secret", "property_secret", "secret")


@contextmanager
def only(ids: tuple[str, ...]) -> Iterator[None]:
    """Print of each document the first of these members that it has, and nothing else."""
    _state.ids = ids
    try:
        yield
    finally:
        _state.ids = ()


@contextmanager
def any_width(*, wide: bool) -> Iterator[None]:
    """Draw tables as wide as they need to be, when `wide`."""
    _state.wide = wide
    try:
        yield
    finally:
        _state.wide = False


def _print_ids(value: Any, ids: tuple[str, ...]) -> None:
    if isinstance(value, dict) and not value.keys() & set(ids):
        value = next((each for each in value.values() if isinstance(each, list)), [])
    for each in value if isinstance(value, list) else [value]:
        data(str(next(each[name] for name in ids if name in each)))
        if any(each.get(name) for name in _SECRETS):
            message("A secret was made with it and is not shown, because of -q; it cannot be looked up later.")


def document(value: object) -> None:
    """The JSON document that `--json` promises; by `-q` the ids in it."""
    if _state.ids:
        _print_ids(msgspec.json.decode(msgspec.json.encode(value)), _state.ids)  # some of it may be JSON already
        return
    json(msgspec.json.format(msgspec.json.encode(value)).decode())


def json(text: str) -> None:
    """A text that is JSON already."""
    print(escaped_json(text))


def yaml(text: str) -> None:
    """A text of several lines that is YAML, in which whatever is unsafe was escaped as it was written."""
    for line in text.split("\n"):
        data(line)


class JSONSink:
    """Print JSON that comes as bytes, piece by piece. A piece may end anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, piece: bytes) -> int:
        """One more piece; its length."""
        sys.stdout.buffer.write(escaped_json(self._decoder.decode(piece)).encode())
        return len(piece)


def pairs(values: Sequence[tuple[str, object]]) -> None:
    """Labels and values, one a line."""
    shown = [(escaped(label), NOTHING if value is None or value == "" else value) for label, value in values]
    width = max(len(label) for label, _ in shown) + 2
    for label, value in shown:
        data(f"{label:<{width}}{value}")


def table(columns: Sequence[str | Column], rows: Iterable[Sequence[object]]) -> None:
    """A table that fits the terminal; as wide as its values need it with `--wide`, and where there is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    chosen = [each if isinstance(each, Column) else Column(each) for each in columns]
    cells = [[NOTHING if value is None or value == "" else escaped(str(value)) for value in row] for row in rows]
    console = Console(highlight=False)
    all_of_it = _state.wide or not (console.is_terminal or os.environ.get("COLUMNS"))
    shown = tables.fitted(chosen, cells, sys.maxsize if all_of_it else console.width)
    if shown.cells != cells or len(shown.columns) < len(chosen):
        message("Some of it is left out or cut short to fit the terminal: --wide or --json shows all.")
    drawn = Table(box=box.SIMPLE_HEAD, padding=(0, tables.GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    for column, width in zip(shown.columns, shown.widths, strict=True):
        drawn.add_column(tables.shortened(column.title, width), width=width, no_wrap=True)
    for row in shown.cells:
        drawn.add_row(*map(Text, row))
    console.width = max(console.width, tables.total(shown.widths))
    console.print(drawn)


def marked(sign: str, colour: str, text: str) -> None:
    """One line of a difference, in colour at a terminal; whole, however narrow that is."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    line = Text(f"{sign} {escaped(text)}", style=colour if console.is_terminal else "")
    console.print(line, soft_wrap=True)


def findings(found: Sequence[tuple[str, str, str, str]]) -> None:
    """Lines that begin with a word in colour: the word, its colour, what the line is about, and the rest."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    width = max(len(about) for *_, about, _ in found) + 2
    for word, colour, about, text in found:
        line = Text.assemble((f"{word:<6}", colour), f"{about:<{width}}{escaped(text)}")
        console.print(line, soft_wrap=True)


def panel(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Labels and values in a frame."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for label, value in rows:
        grid.add_row(label, Text(escaped(value), overflow="fold"))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 100)
    console.print(Panel(grid, title=title, title_align="left", expand=False, padding=(0, 1)))


def confirmed(question: str) -> bool:
    """Whether a question on standard error is answered with yes. Raises typer.Abort."""
    return typer.confirm(escaped(question), err=True)


def asked(label: str) -> str:
    """Ask for a line of text. Raises typer.Abort."""
    answer: str = typer.prompt(escaped(label), err=True)
    return answer


def asked_unseen(label: str) -> str:
    """Ask for a secret and do not echo it. Raises typer.Abort."""
    answer: str = typer.prompt(label, hide_input=True, err=True)
    return answer


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
    """A time in the one form of all times that are printed: ISO 8601, to the second, in UTC."""
    return None if at is None else times.incentives_time(at)
