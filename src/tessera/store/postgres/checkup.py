"""What a PostgreSQL server says of itself, for the doctor: nothing is changed."""

import time

import msgspec
import psycopg

from tessera.ports import Unusable
from tessera.store.postgres.address import Address
from tessera.store.postgres.schema import connected
from tessera.store.server_facts import ServerFacts
from tessera.store.sql.statement import Select, only_column


class FactsRow(msgspec.Struct, frozen=True):
    """The row of `FACTS`; `now` is in microseconds."""

    version: str
    fsync: str
    synchronous_commit: str
    synchronous_standby_names: str
    standbys: int
    connections_max: int
    connections: int
    backend_pid: int
    now: int


FACTS = Select(
    """select
    current_setting('server_version') as version,
    current_setting('fsync') as fsync,
    current_setting('synchronous_commit') as synchronous_commit,
    current_setting('synchronous_standby_names') as synchronous_standby_names,
    (select count(*) from pg_stat_replication) as standbys,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        as connections_max,
    (select count(*) from pg_stat_activity where backend_type = 'client backend') - 1 as connections,
    pg_backend_pid() as backend_pid,
    (extract(epoch from clock_timestamp()) * 1000000)::bigint as now""",
    FactsRow,
)


def server(where: Address, direct: Address | None) -> ServerFacts | None:
    """What can be told by asking; None when it cannot be reached."""
    try:
        with connected(where) as connection:
            asked_at = time.time_ns() // 1000
            (facts,) = FACTS.rows(connection.execute(FACTS.sql.encode()))
            now = time.time_ns() // 1000
            pooled = facts.backend_pid != connection.info.backend_pid
    except (Unusable, psycopg.Error):
        return None
    return ServerFacts(
        version=facts.version,
        fsync=facts.fsync,
        synchronous_commit=facts.synchronous_commit,
        synchronous_standby_names=facts.synchronous_standby_names,
        standbys=facts.standbys,
        connections_max=facts.connections_max,
        connections=facts.connections,
        pooled=pooled,
        skew=facts.now - (asked_at + now) // 2,
        direct=_problem(direct),
        has_direct=direct is not None,
    )


def _problem(direct: Address | None) -> str | None:
    """Why the address past the pooler cannot be used."""
    if direct is None:
        return None
    try:
        with connected(direct) as connection:
            (backend_pid,) = only_column(connection.execute("select pg_backend_pid()"))
            if backend_pid != connection.info.backend_pid:
                return f"{direct.text} leads to a pooler too"
    except Unusable as error:
        return str(error)
    return None
