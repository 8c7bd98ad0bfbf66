"""Settings that were renamed: an old name is refused with the new one, so that no value is dropped in silence."""

from collections.abc import Iterable

RENAMED = {
    "audit_refusals_kept_days": "audit_refusals_retention_days",
    "events_kept_days": "events_retention_days",
    "feed_poll_milliseconds": "feed_poll_interval_milliseconds",
    "hsts_seconds": "hsts_max_age_seconds",
    "keep_alive_seconds": "keep_alive_timeout_seconds",
    "refusals_kept_days": "refusals_retention_days",
    "settle_seconds": "settlement_interval_seconds",
    "shutdown_seconds": "shutdown_timeout_seconds",
    "usage_flush_seconds": "usage_flush_interval_seconds",
    "usage_kept_days": "usage_retention_days",
    "wrong_secrets_max": "failed_attempts_max",
}
"""The new name by the old one."""


def in_environment(environment: Iterable[str], prefix: str) -> str | None:
    """A sentence about the first variable with an old name, or None when there is none."""
    for variable in sorted(environment):
        new = RENAMED.get(variable.upper().removeprefix(prefix).lower())
        if new is not None and variable.upper().startswith(prefix):
            return f"{variable} is now called {prefix}{new.upper()}. Set that variable instead."
    return None


def in_file(name: str) -> str | None:
    """A sentence about a name of the configuration file, or None when it is no old name."""
    new = RENAMED.get(name)
    return None if new is None else f"The setting {name} of the configuration file is now called {new}."
