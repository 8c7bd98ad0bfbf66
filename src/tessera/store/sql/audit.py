"""The audit's chain, and the refusals that can be explained.

`chained` is a function that the engine is given (`core/administration/audit_chain.chained`): it makes
the hash of an entry.
"""

from tessera.core import changes
from tessera.core.administration.audit_chain import Checkpoint, Entry
from tessera.store.sql.statement import Select, Statement

_LAST = "coalesce((select hash from audit_entry order by number desc limit 1), '')"
_NEXT = "(select coalesce(max(number), 0) + 1 from audit_entry)"
_FIELDS = ":id, :at, :actor, :source, :action, :target, :detail"

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.RecordAuditEntry: (
        Statement(
            "insert into audit_entry (number, id, at, actor, source, action, target, detail, hash)"
            f" values ({_NEXT}, {_FIELDS}, chained({_LAST}, {_NEXT}, {_FIELDS})) on conflict (id) do nothing"
        ),
    ),
    changes.KeepRefusal: (
        Statement(
            "insert into refusal (request_id, at, explanation) values (:request_id, :at, :explanation)"
            " on conflict do nothing"
        ),
    ),
}

_COLUMNS = "number, id, at, actor, source, action, target, detail, hash"
ENTRIES_AFTER = Select(f"select {_COLUMNS} from audit_entry where number > :after order by number limit :limit", Entry)
ENTRIES_BEFORE = Select(
    f"select {_COLUMNS} from audit_entry where number < :before and at >= :since"
    " and actor = coalesce(:actor, actor) and action = coalesce(:action, action) and target = coalesce(:target, target)"
    " order by number desc limit :limit",
    Entry,
)
ENTRIES_LAST = Select(
    f"select {_COLUMNS} from (select {_COLUMNS} from audit_entry order by number desc limit :limit) as newest"
    " order by number",
    Entry,
)

REFUSALS_AFTER = Select(
    f"select {_COLUMNS} from audit_entry where action = 'client.refused' and number > :after"
    " order by number limit :limit",
    Entry,
)
_CHECKPOINT = "select first_number, last_number, previous_hash, last_hash, seal from audit_checkpoint"
CHECKPOINTS = Select(f"{_CHECKPOINT} where last_number >= :first order by first_number", Checkpoint)
CHECKPOINT_OVER = Select(f"{_CHECKPOINT} where first_number <= :number order by first_number desc limit 1", Checkpoint)

REFUSAL = "select explanation from refusal where request_id = :request_id"
REFUSALS_WITH = (
    "select explanation from refusal where replace(explanation, :text, '') <> explanation order by at desc limit :limit"
)
REFUSAL_AT = "select at from refusal order by at desc limit 1 offset :place"
