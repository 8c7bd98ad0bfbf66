"""Progress on standard error, at a terminal; nothing elsewhere. Only numbers and words of ours are shown."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tessera.core.escaping import escaped

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


@contextmanager
def counted(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and remaining time. The yielded function is called with the count so far."""
    if not _at_terminal():
        yield lambda _done: None
        return
    from rich.progress import TextColumn

    columns = (
        TextColumn(f"{{task.completed:,.0f}}{'' if total is None else f'/{total:,}'} {escaped(what)}"),
        TextColumn("{task.fields[rate]:,.0f} " + escaped(what) + "/s"),
    )
    with _bar(total, *columns) as bar:

        def advance(done: int) -> None:
            bar.update(bar.tasks[0].id, completed=done, rate=_rate(bar, done))

        yield advance


@contextmanager
def of_bytes(what: str, total: int) -> Iterator[Callable[[int | None, int], None]]:
    """Show a bar over bytes. The yielded function is called with the bytes (None to leave them) and the count."""
    if not _at_terminal():
        yield lambda _bytes, _done: None
        return
    from rich.progress import DownloadColumn, TextColumn

    columns = (
        TextColumn("{task.fields[done]:,} " + escaped(what)),
        DownloadColumn(),
        TextColumn("{task.fields[rate]:,.0f} " + escaped(what) + "/s"),
    )
    with _bar(total or None, *columns) as bar:

        def advance(read: int | None, done: int) -> None:
            bar.update(bar.tasks[0].id, completed=read, done=done, rate=_rate(bar, done))

        yield advance


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """Show the current step and the time it takes. The yielded function is called with the name of each step."""
    if not _at_terminal():
        yield lambda _step: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("")
        yield lambda step: bar.update(task, description=escaped(step))


@contextmanager
def staged() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for the step at work. What it gives is called with its name, the done part and the whole (0: unknown)."""
    if not _at_terminal():
        yield lambda _step, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def advance(step: str, done: int, total: int) -> None:
            bar.update(task, description=escaped(step), completed=done, total=total or None)

        yield advance


def _at_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def _bar(total: int | None, first: "ProgressColumn", *others: "ProgressColumn") -> "Iterator[Progress]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (first, BarColumn(), *others, TimeRemainingColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        bar.add_task("", total=total, done=0, rate=0.0)
        yield bar


def _rate(bar: "Progress", done: int) -> float:
    return done / (bar.tasks[0].elapsed or 1e-9)
