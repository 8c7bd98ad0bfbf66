"""A house over a real SQLite file in a temporary folder, with a stepped clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tessera import wiring
from tessera.app.house import House
from tessera.settings import Settings, load
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy


def settings_for(folder: Path) -> Settings:
    """Settings whose data folder is this one, set up."""
    settings = load(data_dir=folder)
    wiring.set_up(settings)
    return settings


@asynccontextmanager
async def opened(folder: Path, clock: StepClock | None = None) -> AsyncIterator[House]:
    """A house over this folder, which is set up when it is empty."""
    settings = settings_for(folder)
    async with wiring.open_house(settings, clock=clock or StepClock(), entropy=CountedEntropy()) as house:
        yield house
