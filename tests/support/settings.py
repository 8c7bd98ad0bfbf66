"""A data folder that was set up, on the engine of the moment."""

from pathlib import Path
from typing import Any

from tessera import bootstrap
from tessera.settings import Settings, load
from tests.support import engines

HERE = ("127.0.0.0/8", "::1")
"""Where the receivers and key servers of tests are: on this machine, to which nothing is sent unless it is allowed."""


def settings_of(folder: Path, **more: Any) -> Settings:
    """Settings whose data folder is this one, patient with a busy machine, and with receivers on it."""
    patient = {"database_timeout_seconds": 30, "outbound_networks_allowed": HERE, **more}
    return load(data_dir=folder, database=engines.url(folder), **patient)


def settings_for(folder: Path) -> Settings:
    """Settings whose data folder is this one, set up."""
    engines.lend(folder)
    settings = settings_of(folder)
    bootstrap.set_up(settings)
    return settings
