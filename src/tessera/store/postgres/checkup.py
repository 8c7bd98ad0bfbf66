"""What a PostgreSQL server says of itself, for the doctor: nothing is changed."""

import time

import psycopg

from tessera.ports import Unusable
from tessera.store.postgres.address import Address
from tessera.store.postgres.schema import connected
from tessera.store.server_facts import ServerFacts

_FACTS = """select
    current_setting('server_version'),
    current_setting('fsync'),
    current_setting('synchronous_commit'),
    current_setting('synchronous_standby_names'),
    (select count(*) from pg_stat_replication),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    (select count(*) from pg_stat_activity where backend_type = 'client backend') - 1,
    pg_backend_pid(),
    (extract(epoch from clock_timestamp()) * 1000000)::bigint"""


def server(where: Address, direct: Address | None) -> ServerFacts | None:
    """What can be told by asking; None when it cannot be reached."""
    try:
        with connected(where) as connection:
            asked_at = time.time_ns() // 1000
            (row,) = connection.execute(_FACTS.encode()).fetchall()
            now = time.time_ns() // 1000
            pooled = row[7] != connection.info.backend_pid
    except (Unusable, psycopg.Error):
        return None
    version, fsync, committed, names, standbys, most, taken, *_ = row
    skew = row[8] - (asked_at + now) // 2
    return ServerFacts(
        version=version,
        fsync=fsync,
        synchronous_commit=committed,
        synchronous_standby_names=names,
        standbys=standbys,
        connections_max=most,
        connections=taken,
        pooled=pooled,
        skew=skew,
        direct=_problem(direct),
        has_direct=direct is not None,
    )


def _problem(direct: Address | None) -> str | None:
    """Why the address past the pooler cannot be used."""
    if direct is None:
        return None
    try:
        with connected(direct) as connection:
            row = connection.execute("select pg_backend_pid()").fetchone()
            if row is not None and row[0] != connection.info.backend_pid:
                return f"{direct.text} leads to a pooler too"
    except Unusable as error:
        return str(error)
    return None
