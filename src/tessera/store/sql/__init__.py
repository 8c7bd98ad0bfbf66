"""Every statement, once, in the SQL that SQLite and PostgreSQL share.

`:name` parameters, named columns. No `like`, `lower` or order by text; text is compared exactly. What is written stands
in `WRITES`, by the class of change; what is read has a name in the module of its topic, a `Select` with the type of its
rows where it returns more than one column.
"""

from tessera.core.changes import Change
from tessera.store.sql import (
    applications,
    audit,
    customers,
    identity,
    keys,
    ledger,
    limits,
    lots,
    merging,
    nodes,
    organizations,
    outbox,
    program,
    program_reads,
    properties,
    purchases,
    purges,
    replay,
    resources,
    rotation,
    timeline,
    upkeep,
    usage,
)
from tessera.store.sql.statement import Statement

WRITES: dict[type[Change], tuple[Statement, ...]] = {
    **identity.WRITES,
    **keys.WRITES,
    **resources.WRITES,
    **program.WRITES,
    **properties.WRITES,
    **customers.WRITES,
    **ledger.WRITES,
    **merging.WRITES,
    **outbox.WRITES,
    **replay.WRITES,
    **purchases.WRITES,
    **purges.WRITES,
    **limits.WRITES,
    **upkeep.WRITES,
    **audit.WRITES,
    **rotation.WRITES,
    **usage.WRITES,
    **nodes.WRITES,
    **organizations.WRITES,
}

NOTICE = identity.NOTICE

__all__ = [
    "NOTICE",
    "WRITES",
    "applications",
    "audit",
    "customers",
    "identity",
    "keys",
    "ledger",
    "limits",
    "lots",
    "merging",
    "nodes",
    "organizations",
    "outbox",
    "program",
    "program_reads",
    "properties",
    "purchases",
    "purges",
    "replay",
    "resources",
    "rotation",
    "timeline",
    "upkeep",
    "usage",
]
