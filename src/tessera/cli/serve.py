"""`tessera serve`: the server, and on the first start with `--demo` the demonstration."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tessera import server, settings, wiring
from tessera.app import demo
from tessera.store.folder import DataFolder, write_private


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data folder.")] = None,
    demo: Annotated[bool | None, typer.Option("--demo", help="Create a demonstration on the first start.")] = None,
) -> None:
    """Start the server. Example: tessera serve --port 8000 --demo."""
    chosen = settings.load(host=host, port=port, workers=workers, data_dir=data_dir, demo=demo)
    wiring.set_up(chosen)
    listener = server.listen(chosen)
    if chosen.demo:
        asyncio.run(_demonstrate(chosen))
    server.run(chosen, listener)


async def _demonstrate(chosen: settings.Settings) -> None:
    folder = DataFolder(chosen.data_dir)
    if not folder.demo.exists():
        async with wiring.open_house(chosen) as house:
            made = await demo.create(house)
        write_private(folder.demo, msgspec.json.format(msgspec.json.encode(made)).decode() + "\n")
