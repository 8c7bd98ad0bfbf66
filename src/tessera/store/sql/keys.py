"""What follows after a key was added, and the form of an application's tokens."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.EndKey: (
        Statement(
            "update wrapped_key set verifies_until = :verifies_until where purpose = :purpose and number = :number"
            " and verifies_until is not distinct from :was_verifies_until",
            "the key's end is as it was",
        ),
    ),
    changes.SetTokenFormat: (
        Statement(
            "update application set token_format = :token_format where client_id = :client_id",
            "the application exists",
        ),
    ),
}

LONGEST_TOKEN_LIFETIME = "select coalesce(max(token_lifetime_seconds), 0) from application"
