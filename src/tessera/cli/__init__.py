"""The command line."""

import asyncio
import sys

import msgspec

from tessera import server, wiring
from tessera import settings as s
from tessera.app import demo
from tessera.store.folder import DataFolder, write_private


async def mk(settings, f):
    async with wiring.open_house(settings) as house:
        d = await demo.create(house)
    write_private(f.demo, msgspec.json.format(msgspec.json.encode(d)).decode())


def main() -> None:
    settings = s.load(data_dir=sys.argv[1], port=int(sys.argv[2]), workers=int(sys.argv[3]))
    wiring.log.configure(settings.log_level, settings.log_format)
    wiring.set_up(settings)
    f = DataFolder(settings.data_dir)
    if not f.demo.exists():
        asyncio.run(mk(settings, f))
    server.run(settings, server.listen(settings))
