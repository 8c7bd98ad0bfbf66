"""Writes of the audit: what was done by whom, and what was refused to whom."""

from tessera.core.changes.change import Change


class RecordAuditEntry(Change, frozen=True):
    """Somebody did something administrative; stands in the commit of the operation itself.

    `detail` is a JSON object without anything secret. Numbers are handed out without a gap, and each entry's hash is
    made of it and of the hash before it (`core/administration/audit_chain.chained`). An entry whose id is there
    already stays as it is.
    """

    id: str
    at: int
    actor: str
    source: str | None
    action: str
    target: str
    detail: str


class KeepRefusal(Change, frozen=True):
    """What can be told of a refused request, as JSON; kept once, however often it is written."""

    request_id: str
    at: int
    explanation: str
