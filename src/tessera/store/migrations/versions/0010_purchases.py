"""Purchases: the rules by which they earn, the purchases and returns themselves, and customers that were merged."""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import integer, keyed_table, number, refers, table, text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    rules()
    purchases()
    keyed_table(
        "merged_customer", refers("organization", "organization"), text("id"), refers("customer", "customer"),
        integer("merged_at"), sa.PrimaryKeyConstraint("organization", "id"),
    )  # fmt: skip
    op.create_index("merged_customer_customer", "merged_customer", ["customer", "id"])


def rules() -> None:
    table(
        "purchase_rule", number(), text("id"), refers("organization", "organization"), text("name"),
        refers("point_account", "point_account"), integer("points"), integer("per"), text("rounding"),
        integer("minimum"), text("channels"), text("excluded_items"), text("point_source_id", null=True),
        integer("retired_at", null=True), sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "name"),
        sa.CheckConstraint("points > 0 and per > 0"),
    )  # fmt: skip


def purchases() -> None:
    keyed_table(
        "purchase", refers("customer", "customer"), text("id"), refers("organization", "organization"),
        text("request_id"), text("transaction_id"), text("fingerprint"), text("kind"), text("original_id", null=True),
        integer("subtotal"), text("details"), integer("recorded_at"), sa.PrimaryKeyConstraint("customer", "id"),
        sa.UniqueConstraint("organization", "transaction_id"), sa.UniqueConstraint("organization", "request_id"),
    )  # fmt: skip
    keyed_table(
        "purchase_award", refers("customer", "customer"), text("purchase_id"), integer("place"), text("rule_id"),
        refers("point_account", "point_account"), integer("amount"), integer("base"), text("excluded"),
        text("entry_id", null=True),
        sa.PrimaryKeyConstraint("customer", "purchase_id", "place"),
    )  # fmt: skip
