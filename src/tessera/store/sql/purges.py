"""Purges, in batches; what they go by, and whether anything is left for them.

Rows of `watermark`: `clock` is the time that a server last noted; `revocation` and `spent_proof` are the marks by
which everything of an age is refused whose rows may be gone.
"""

from tessera.core import changes
from tessera.store.sql.statement import Statement

_HOUR = 3_600_000_000
"""Microseconds; hours are numbered from the epoch."""


def _mark(table: str) -> str:
    return f"(select at from watermark where name = '{table}')"


def _raise_mark(table: str) -> Statement:
    """Only to the latest end among what goes: a mark of `until` itself would refuse what never had a row."""
    return Statement(
        f"insert into watermark (name, at) select '{table}', latest from"
        f" (select max(expires_at) as latest from {table} where expires_at <= :until) as ended"
        " where latest is not null on conflict (name) do update set at ="
        " case when excluded.at > watermark.at then excluded.at else watermark.at end"
    )


_REVOCATIONS = f"revocation where expires_at <= :until and expires_at <= {_mark('revocation')}"
_PROOFS = f"spent_proof where expires_at <= :until and expires_at <= {_mark('spent_proof')}"
_NOTICES = "change where sequence < :before and sequence < (select max(sequence) from change)"
_REFUSALS = "refusal where at <= case when :beyond > :until then :beyond else :until end"
_DELIVERIES = "delivery where gave_up_at <= :until"
_WARNINGS = "warning where at <= :until"
_HOURS = f"usage_hour where hour < :until / {_HOUR}"
_COUNTS = "node_count where at <= :until"

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.NoteTime: (
        Statement(
            "insert into watermark (name, at) values ('clock', :at) on conflict (name) do update set at = excluded.at"
        ),
    ),
    changes.RaiseRevocationMark: (_raise_mark("revocation"),),
    changes.RaiseProofMark: (_raise_mark("spent_proof"),),
    changes.PurgeRevocations: (
        Statement(
            "delete from revocation where token_id in"
            f" (select token_id from {_REVOCATIONS} order by expires_at limit :limit)"
        ),
    ),
    changes.PurgeConsumedProofs: (
        Statement(
            f"delete from spent_proof where proof in (select proof from {_PROOFS} order by expires_at limit :limit)"
        ),
    ),
    changes.PurgeNotices: (
        Statement(
            f"delete from change where sequence in (select sequence from {_NOTICES} order by sequence limit :limit)"
        ),
    ),
    changes.PurgeRefusals: (
        Statement(
            f"delete from refusal where request_id in (select request_id from {_REFUSALS} order by at limit :limit)"
        ),
    ),
    changes.PurgeEvents: (
        Statement(
            "delete from event where number between :first and :last and occurred_at <= :until"
            " and not exists (select 1 from webhook w where w.organization = event.organization"
            " and (w.position < event.number or exists (select 1 from delivery d"
            " where d.webhook = w.number and d.event = event.number)))"
        ),
    ),
    changes.PurgeDeliveries: (
        Statement(
            f"delete from delivery where (webhook, event) in (select webhook, event from {_DELIVERIES} limit :limit)"
        ),
    ),
    changes.PurgeWarnings: (
        Statement(f"delete from warning where name in (select name from {_WARNINGS} order by at limit :limit)"),
    ),
    changes.PurgeHours: (
        Statement(
            "delete from usage_hour where (application, hour) in"
            f" (select application, hour from {_HOURS} order by hour, tokens, application limit :limit)"
        ),
    ),
    changes.PurgeCounts: (
        Statement(
            "delete from node_count where (application, node) in"
            f" (select application, node from {_COUNTS} order by at, application, node limit :limit)"
        ),
    ),
    changes.PurgeTags: (Statement("delete from tag where customer = :customer and expires_at <= :until"),),
    changes.PurgeKey: (
        Statement("delete from wrapped_key where purpose = :purpose and number = :number and verifies_until <= :until"),
    ),
    changes.PurgeAuditEntries: (
        Statement("delete from audit_checkpoint where first_number >= :first_number and last_number <= :last_number"),
        Statement(
            "insert into audit_checkpoint (first_number, last_number, previous_hash, last_hash, seal)"
            " select :first_number, :last_number, :previous_hash, :last_hash, :seal"
            " where (select count(*) from audit_entry where number between :run_first and :run_last"
            " and action = 'client.refused' and at <= :until) = :run_last - :run_first + 1"
            " and :run_last < (select max(number) from audit_entry)",
            "these refusals are there, and are not the newest entry",
        ),
        Statement("delete from audit_entry where number between :run_first and :run_last"),
    ),
}

LEFT: dict[type[changes.Change], str] = {
    changes.PurgeRevocations: f"select 1 from {_REVOCATIONS} limit 1",
    changes.PurgeConsumedProofs: f"select 1 from {_PROOFS} limit 1",
    changes.PurgeNotices: f"select 1 from {_NOTICES.replace(':before', ':until')} limit 1",
    changes.PurgeRefusals: "select 1 from refusal where at <= :until limit 1",
    changes.PurgeDeliveries: f"select 1 from {_DELIVERIES} limit 1",
    changes.PurgeWarnings: f"select 1 from {_WARNINGS} limit 1",
    changes.PurgeHours: f"select 1 from {_HOURS} limit 1",
    changes.PurgeCounts: f"select 1 from {_COUNTS} limit 1",
}
"""Whether a purge has anything to do, for those that go on until nothing is left."""

NOTED = "select at from watermark where name = 'clock'"
REVOCATIONS_PURGED = f"select {_mark('revocation')}"
