"""Generations of tokens, which revoking all tokens of an application or an organization raises."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for table in ("organization", "application"):
        op.add_column(table, sa.Column("generation", BIG, nullable=False, server_default="0"))
