"""`tessera demo`: made-up customers with a history, in any number."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import output, progress
from tessera.cli.groups import group
from tessera.cli.opening import check_folder, with_context
from tessera.cli.options import AsJSON, DataDir, Org, examples

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.demo.history import Progress

STOPPED = 130

app = group("Generated data for trials.")


@app.command(
    "generate",
    help=(
        "Generate customers with two years of history.\n\n"
        "Profiles, phones, purchases with their points, rewards and tiers, all by the organization's own program (the"
        " demonstration's, if it has none). Each run adds customers. Ctrl-C stops it and keeps the customers so far."
    ),
    epilog=examples("demo generate --customers 10000", "demo generate --customers 1000000 --org Aurora --seed 7"),
)
def generate(
    *,
    customers: Annotated[int, typer.Option("--customers", help="Number of customers.", min=1)],
    org: Org = None,
    seed: Annotated[
        int, typer.Option("--seed", help="The same seed generates the same customers.", min=0, max=2**31)
    ] = 1,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Generate customers with two years of history."""
    from tessera import bootstrap, settings
    from tessera.app.demo import history
    from tessera.app.organizations import organizations

    chosen = settings.load(data_dir=data_dir)
    check_folder(chosen, make=False)
    database = bootstrap.database(chosen)
    made = history.Progress(customers)
    before = database.size_bytes()
    started = time.monotonic()

    async def work(context: "Context") -> None:
        organization = await organizations.find(context, org)
        with _until_stopped() as stopped, progress.counted("customers", customers) as report:

            def after_batch(done: "Progress") -> bool:
                report(done.customers)
                return stopped()

            await history.generate(context, organization.number, made, seed, after_batch)

    with_context(data_dir, work)
    _show(made, time.monotonic() - started, database.size_bytes(), before, as_json=as_json)
    if made.customers < customers:
        raise typer.Exit(STOPPED)


@contextmanager
def _until_stopped() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: the batch under way is finished first. Pressed again, it stops at once."""
    pressed = []
    former = signal.getsignal(signal.SIGINT)

    def remember(_number: int, _frame: object) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, former)

    signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, former)


def _show(progress: "Progress", seconds: float, size: int, before: int, *, as_json: bool) -> None:
    made: dict[str, Any] = {
        "customers": progress.customers,
        "entries": progress.entries,
        "seconds": round(seconds, 1),
        "customers_per_second": round(progress.customers / seconds),
        "database_bytes": size,
        "bytes_per_customer": (size - before) // max(1, progress.customers),
    }
    if as_json:
        output.document(made)
    else:
        output.pairs([(name.replace("_", " "), f"{value:,}") for name, value in made.items()])
