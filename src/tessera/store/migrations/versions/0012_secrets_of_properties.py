"""Secrets of digital properties as rows of their own, properties that can be disabled, and their guard rails.

The secret that a property had becomes its first one, and goes on working.
"""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer, number, refers, table, text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    table(
        "property_secret", number(), refers("property", "property"), text("name"),
        sa.Column("digest", sa.LargeBinary(), nullable=False), text("last_four"), integer("created_at"),
        integer("ends_at", null=True), integer("last_used_at", null=True), text("last_used_from", null=True),
        sa.UniqueConstraint("property", "name"),
    )  # fmt: skip
    op.create_index("property_secret_ends", "property_secret", ["ends_at"])
    op.execute(
        "insert into property_secret (property, name, digest, last_four, created_at)"
        " select number, 'first', digest, last_four, created_at from property order by number"
    )
    op.drop_column("property", "digest")
    op.drop_column("property", "last_four")
    op.add_column("property", sa.Column("enabled", BIG, nullable=False, server_default="1"))
    op.add_column("property", sa.Column("rails", sa.Text(), nullable=False, server_default=""))
