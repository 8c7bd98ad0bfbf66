"""A data folder that was set up."""

from pathlib import Path

from tessera import wiring
from tessera.settings import Settings, load


def settings_for(folder: Path) -> Settings:
    """Settings whose data folder is this one, set up."""
    settings = load(data_dir=folder)
    wiring.set_up(settings)
    return settings
