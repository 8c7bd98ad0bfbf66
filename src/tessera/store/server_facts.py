"""What a database server says of itself."""

import msgspec


class ServerFacts(msgspec.Struct, frozen=True):
    """Its settings, who is connected, and how it was reached.

    `connections_max` are those that are not kept for its superuser, `connections` those of others than the asker.
    `skew` is how many microseconds its clock is ahead of ours. `direct` is why the setting `database_direct` cannot be
    used.
    """

    version: str
    fsync: str
    synchronous_commit: str
    synchronous_standby_names: str
    standbys: int
    connections_max: int
    connections: int
    pooled: bool = False
    skew: int = 0
    direct: str | None = None
    has_direct: bool = False
