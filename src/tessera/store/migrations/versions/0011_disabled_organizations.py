"""Organizations can be disabled and deleted; an index finds the applications of one."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("organization", sa.Column("enabled", BIG, nullable=False, server_default="1"))
    op.add_column("organization", integer("deleted_at", null=True))
    op.create_index("application_organization", "application", ["organization", "number"])
