"""The first tables: organizations, applications and their secrets, keys, revocations, customers and loyalty.

Times are microseconds since the epoch, amounts are units (ten thousand to a point). Numbers are never used twice,
because tokens name applications and secrets by number.
"""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer, number, refers, table, text

revision = "0001"
down_revision = None


def upgrade() -> None:
    identity()
    program()
    customers()


def identity() -> None:
    table(
        "organization", number(), text("name"), text("retailer_id"), integer("created_at"),
        sa.UniqueConstraint("name"), sa.UniqueConstraint("retailer_id"),
    )  # fmt: skip
    table(
        "property", number(), refers("organization", "organization"), text("name"), text("api_key"),
        sa.Column("digest", sa.LargeBinary(), nullable=False), text("last_four"), integer("created_at"),
        sa.UniqueConstraint("api_key"), sa.UniqueConstraint("organization", "name"),
    )  # fmt: skip
    table(
        "application", number(), text("client_id"), text("name"), refers("organization", "organization"),
        integer("enabled"), text("scope"), integer("token_lifetime_seconds"), integer("query_credentials"),
        integer("tokens_valid_from"), integer("created_at"),
        sa.UniqueConstraint("client_id"), sa.UniqueConstraint("name"), sa.CheckConstraint("enabled in (0, 1)"),
    )  # fmt: skip
    table(
        "secret", number(), refers("application", "application"), text("name"), integer("kind"),
        sa.Column("digest", sa.LargeBinary(), nullable=False), text("last_four"), integer("created_at"),
        integer("ends_at", null=True), integer("last_used_at", null=True),
        sa.UniqueConstraint("application", "name"),
    )  # fmt: skip
    op.create_table(
        "application_usage",
        sa.Column("application", BIG, sa.ForeignKey("application.number"), primary_key=True, autoincrement=False),
        integer("tokens_issued"), integer("query_credentials_used"), integer("last_token_at"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_table(
        "wrapped_key", text("purpose"), integer("number"), sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        integer("created_at"), integer("signs_from"), integer("verifies_until", null=True),
        sa.PrimaryKeyConstraint("purpose", "number"), sa.CheckConstraint("number between 1 and 255"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_table(
        "revocation", sa.Column("token_id", BIG, primary_key=True, autoincrement=False), integer("expires_at"),
        sqlite_strict=True,
    )  # fmt: skip
    op.create_index("revocation_expiry", "revocation", ["expires_at"])
    table("change", sa.Column("sequence", BIG, sa.Identity(), primary_key=True), text("kind"), text("key"))


def program() -> None:
    table(
        "point_account", number(), text("id"), refers("organization", "organization"), text("name"),
        text("grouping_label"), sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "name"),
    )  # fmt: skip
    table(
        "tier_system", number(), text("id"), refers("organization", "organization"), text("name"),
        integer("maintenance_days", null=True), sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "name"),
    )  # fmt: skip
    table(
        "tier_level", number(), text("id"), refers("tier_system", "tier_system"), integer("rank"), text("name"),
        sa.UniqueConstraint("id"), sa.UniqueConstraint("tier_system", "rank"), sa.CheckConstraint("rank >= 0"),
    )  # fmt: skip
    table(
        "tier_rule", number(), text("id"), refers("tier_level", "tier_level"), text("tree_id"), text("root_id"),
        text("constraint_id"), integer("target"), sa.UniqueConstraint("id"), sa.UniqueConstraint("tier_level"),
        sa.CheckConstraint("target > 0"),
    )  # fmt: skip
    table(
        "tier_rule_account", number(), refers("tier_rule", "tier_rule"), refers("point_account", "point_account"),
        sa.UniqueConstraint("tier_rule", "point_account"),
    )  # fmt: skip


def customers() -> None:
    table(
        "customer", number(), text("id"), refers("organization", "organization"), text("folded_email", null=True),
        text("profile"), text("standing"), text("identifiers"), text("user_profile", null=True),
        integer("created_at"),
        sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "folded_email"),
    )  # fmt: skip
    table(
        "identifier", number(), refers("customer", "customer"), refers("organization", "organization"),
        text("external_id"), sa.UniqueConstraint("organization", "external_id"),
    )  # fmt: skip
    op.create_index("identifier_customer", "identifier", ["customer"])
    table(
        "ledger_entry", number(), text("id"), refers("customer", "customer"),
        refers("point_account", "point_account"), integer("amount"), text("kind"),
        text("idempotency_id", null=True), text("fingerprint"), text("reference_id", null=True),
        text("reference_type", null=True), text("point_source_id", null=True), integer("occurred_at"),
        sa.UniqueConstraint("id"), sa.UniqueConstraint("customer", "idempotency_id"),
    )  # fmt: skip
    op.create_index("ledger_entry_customer", "ledger_entry", ["customer", "number"])
    table(
        "membership", number(), text("id"), refers("customer", "customer"), refers("tier_system", "tier_system"),
        refers("tier_level", "tier_level"), integer("joined_at"), integer("next_maintenance_eval_at", null=True),
        integer("left_at", null=True), sa.UniqueConstraint("id"),
    )  # fmt: skip
    op.create_index(
        "membership_current", "membership", ["customer", "tier_system"], unique=True,
        sqlite_where=sa.text("left_at is null"), postgresql_where=sa.text("left_at is null"),
    )  # fmt: skip
