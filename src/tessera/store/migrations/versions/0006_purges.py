"""The times and marks of purges, and checkpoints in the audit's chain where entries of refusals were deleted."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import integer, keyed_table, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    keyed_table("watermark", text("name"), integer("at"), sa.PrimaryKeyConstraint("name"))
    keyed_table(
        "audit_checkpoint", integer("first_number"), integer("last_number"), text("previous_hash"), text("last_hash"),
        text("seal"), sa.PrimaryKeyConstraint("first_number"),
    )  # fmt: skip
    refused = sa.text("action = 'client.refused'")
    op.create_index(
        "audit_entry_refused", "audit_entry", ["number"], sqlite_where=refused, postgresql_where=refused
    )  # fmt: skip
    given_up = sa.text("gave_up_at is not null")
    op.create_index(
        "delivery_given_up", "delivery", ["gave_up_at"], sqlite_where=given_up, postgresql_where=given_up
    )  # fmt: skip
    op.create_index("warning_at", "warning", ["at"])
