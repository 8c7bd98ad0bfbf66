"""Whether an application may send OAuth requests with a JSON body."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("application", sa.Column("json_requests", BIG, nullable=False, server_default="0"))
