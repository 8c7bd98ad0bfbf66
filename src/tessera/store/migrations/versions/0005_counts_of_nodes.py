"""What each node has counted of an application, for the others to add up."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import integer, keyed_table

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    keyed_table(
        "node_count", integer("application"), integer("node"), integer("at"), integer("hour"),
        integer("hour_tokens"), integer("day"), integer("day_tokens"), integer("watched"), integer("asked"),
        sa.PrimaryKeyConstraint("application", "node"),
    )  # fmt: skip
    op.create_index("node_count_at", "node_count", ["at"])
