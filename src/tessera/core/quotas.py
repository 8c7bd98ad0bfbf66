"""Quotas: how much of its limits a caller has left, as it is told with every answer."""

import msgspec


class Quota(msgspec.Struct, frozen=True, gc=False):
    """One limit: its name and policy, how much is left, and in how many seconds there is more."""

    name: str
    policy: str
    left: int
    reset_seconds: int


Quotas = tuple[Quota, ...]
"""Those that a request counts against, in order; none for a caller without limits."""
