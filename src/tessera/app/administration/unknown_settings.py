"""Telling an operator of names in the environment that look like settings and are none."""

import os

from tessera import settings
from tessera.core.administration.finding import Finding, Level
from tessera.ops.log import log


def report() -> None:
    """Say each of them in the log."""
    for reason in settings.unknown_names(os.environ):
        log.warning("setting_unknown", reason=reason)


def findings() -> list[Finding]:
    """A warning for each of them."""
    return [Finding(Level.WARN, "setting", reason) for reason in settings.unknown_names(os.environ)]
