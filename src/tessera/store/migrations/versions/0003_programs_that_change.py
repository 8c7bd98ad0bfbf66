"""Programs that change: the version of each, and tier levels that are taken away while the history still names them."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("organization", sa.Column("program_version", BIG, nullable=False, server_default="0"))
    op.add_column("tier_level", integer("retired_at", null=True))
