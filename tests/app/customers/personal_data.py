"""What each column of the schema holds, with regard to customers: every column of every table has a class.

A new column without a class fails a test. One that can hold something of a customer is emptied by the erasure
(`changes.EraseCustomer`), holds a pseudonym, or is in docs/operations.md with when it is gone.
"""

from collections.abc import Mapping
from enum import StrEnum


class Holds(StrEnum):
    """What a column can hold."""

    NOTHING = "nothing of a customer: partners, operators, programs, keys, counts, our own numbers"
    ERASED = "something of a customer that is gone when the customer is erased"
    REMAINS = "amounts, times and levels that remain without a name"
    PSEUDONYM = "a customer's pseudonym, and no id"
    EXPIRES = "a customer's id, until the retention of its table ends"


_ = Holds.NOTHING
E, R, P, X = Holds.ERASED, Holds.REMAINS, Holds.PSEUDONYM, Holds.EXPIRES


def _nothing(*columns: str) -> dict[str, Holds]:
    return dict.fromkeys(columns, Holds.NOTHING)


COLUMNS: Mapping[str, Mapping[str, Holds]] = {
    "access": _nothing("application", "resource", "scope"),
    "alembic_version": _nothing("version_num"),
    "application": _nothing(
        "number", "client_id", "name", "organization", "enabled", "scope", "token_lifetime_seconds",
        "query_credentials", "tokens_valid_from", "created_at", "token_format", "authentication_methods",
        "token_binding", "token_reuse", "rails", "security_profile", "assertion_audience", "signing_algorithms",
        "json_requests", "generation",
    ),
    "application_usage": _nothing("application", "tokens_issued", "query_credentials_used", "last_token_at"),
    "audit_checkpoint": _nothing("first_number", "last_number", "previous_hash", "last_hash", "seal"),
    "audit_entry": {
        **_nothing("number", "id", "at", "actor", "source", "action", "detail", "hash"),
        "target": P,
    },
    "behaviour": {"customer": R, "name": E, "count": E, "last_at": E},
    "change": _nothing("sequence", "kind", "key"),
    "credential": _nothing(
        "number", "application", "name", "kind", "digest", "last_four", "created_at", "ends_at", "last_used_at",
        "last_used_from",
    ),
    "customer": {
        "number": R, "id": E, "organization": _, "folded_email": E, "profile": E, "standing": R, "identifiers": E,
        "user_profile": E, "created_at": R, "version": R, "due_at": R, "forgotten_at": R,
    },
    "delivery": _nothing("webhook", "event", "attempts", "next_attempt_at", "last_error", "gave_up_at"),
    "event": {**_nothing("number", "id", "organization", "kind", "occurred_at"), "data": X, "user_id": X},
    "event_award": _nothing("number", "event_rule", "point_account", "amount", "point_source_id"),
    "event_rule": _nothing("number", "id", "organization", "lookup", "name", "retired_at"),
    "identifier": {"number": R, "customer": R, "organization": _, "external_id": E},
    "lease": _nothing("name", "holder", "ends_at"),
    "ledger_entry": {
        "customer": R, "number": R, "id": R, "point_account": R, "amount": R, "kind": R, "request": E, "place": R,
        "idempotency_id": E, "fingerprint": E, "reference_id": E, "reference_type": E, "point_source_id": R,
        "occurred_at": R, "expires_at": R,
    },
    "merged_customer": {"organization": _, "id": E, "customer": R, "merged_at": E},
    "membership": {
        "number": R, "customer": R, "id": R, "tier_system": R, "tier_level": R, "joined_at": R, "left_at": R,
        "reason": R,
    },
    "node_count": _nothing(
        "application", "node", "at", "hour", "hour_tokens", "day", "day_tokens", "watched", "asked"
    ),
    "organization": _nothing(
        "number", "name", "retailer_id", "created_at", "program_version", "tokens_valid_from", "enabled", "deleted_at",
        "generation",
    ),
    "phone": {"organization": _, "digits": E, "customer": R, "mobile": E},
    "point_account": _nothing(
        "number", "id", "organization", "name", "grouping_label", "lifetime_days", "overdraw", "retired_at"
    ),
    "point_source": _nothing("number", "id", "organization", "name", "retired_at"),
    "purchase": {
        "customer": R, "id": E, "organization": _, "request_id": E, "transaction_id": E, "fingerprint": E, "kind": E,
        "original_id": E, "subtotal": E, "details": E, "recorded_at": E,
    },
    "purchase_award": {
        "customer": R, "purchase_id": E, "place": E, "rule_id": E, "point_account": E, "amount": E, "base": E,
        "excluded": E, "entry_id": E,
    },
    "purchase_rule": _nothing(
        "number", "id", "organization", "name", "point_account", "points", "per", "rounding", "minimum", "channels",
        "excluded_items", "point_source_id", "retired_at",
    ),
    "property": _nothing("number", "organization", "name", "api_key", "enabled", "rails", "created_at"),
    "property_secret": _nothing(
        "number", "property", "name", "digest", "last_four", "created_at", "ends_at", "last_used_at", "last_used_from"
    ),
    "referrer_code": {"organization": _, "customer": E, "code": E},
    "refusal": {**_nothing("request_id", "at"), "explanation": P},
    "resource": _nothing("number", "identifier", "name", "scope", "token_format", "application", "created_at"),
    "revocation": _nothing("token_id", "expires_at"),
    "spent_proof": _nothing("proof", "expires_at"),
    "tag": {"customer": R, "name": E, "count": E, "expires_at": E},
    "tier_level": _nothing("number", "id", "tier_system", "rank", "name", "retired_at"),
    "tier_rule": _nothing("number", "id", "tier_level", "tree_id", "root_id", "constraint_id", "target", "keep_target"),
    "tier_rule_account": _nothing("number", "tier_rule", "point_account"),
    "tier_system": _nothing("number", "id", "organization", "name", "maintenance_days", "retired_at"),
    "usage_hour": _nothing("application", "hour", "tokens", "elsewhere", "calls", "refused"),
    "user_event": {"customer": R, "id": E, "lookup": E, "occurred_at": E},
    "warning": _nothing("name", "at"),
    "watermark": _nothing("name", "at"),
    "webhook": _nothing(
        "number", "organization", "name", "url", "kinds", "secret", "former_secret", "former_ends_at", "created_at",
        "paused_at", "position", "failures", "next_attempt_at", "delivered_at", "last_error",
    ),
    "wrapped_key": _nothing("purpose", "number", "wrapped", "created_at", "signs_from", "verifies_until"),
}  # fmt: skip


def unclassified(columns: Mapping[str, set[str]]) -> set[str]:
    """Columns of a schema without a class, and classes without a column."""
    there = {f"{table}.{column}" for table, names in columns.items() for column in names}
    return there ^ {f"{table}.{column}" for table, names in COLUMNS.items() for column in names}
