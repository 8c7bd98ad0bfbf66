"""The profile an application is held to, the audience of its assertions, and its signing algorithms."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("security_profile", "assertion_audience", "signing_algorithms"):
        op.add_column("application", sa.Column(name, BIG, nullable=False, server_default="0"))
