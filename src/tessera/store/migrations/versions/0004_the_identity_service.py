"""The identity service, whole: credentials of every kind, resources, proofs spent, audit, refusals, counts by the hour.

`credential` was `secret`: a public key or a certificate stands in it like a secret, with a name and an end of its own.
"""

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer, keyed_table, number, refers, table, text

revision = "0004"

CHAINED = """
create function chained(previous text, number bigint, id text, at bigint, actor text, source text, action text,
    target text, detail text) returns text language sql immutable parallel safe as $$
    select encode(sha256(convert_to(string_agg(
        case when value is null then '-' else octet_length(convert_to(value, 'UTF8')) || ':' || value end,
        '' order by place), 'UTF8')), 'hex')
    from unnest(array[previous, number::text, id, at::text, actor, source, action, target, detail])
        with ordinality as given(value, place)
$$
"""
"""`core/administration/audit_chain.chained` where the engine makes the hashes; SQLite is handed the function."""

down_revision = "0003"


def upgrade() -> None:
    op.rename_table("secret", "credential")
    op.add_column("credential", text("last_used_from", null=True))
    op.create_index("credential_ends", "credential", ["ends_at"])
    for name in ("token_format", "authentication_methods", "token_binding", "token_reuse"):
        op.add_column("application", sa.Column(name, BIG, nullable=False, server_default="0"))
    op.add_column("application", sa.Column("rails", sa.Text(), nullable=False, server_default=""))
    op.add_column("organization", sa.Column("tokens_valid_from", BIG, nullable=False, server_default="0"))
    resources()
    records()
    counts()


def resources() -> None:
    table(
        "resource", number(), text("identifier"), text("name"), text("scope"), integer("token_format", null=True),
        sa.Column("application", BIG, sa.ForeignKey("application.number"), nullable=True), integer("created_at"),
        sa.UniqueConstraint("identifier"), sa.UniqueConstraint("name"),
    )  # fmt: skip
    keyed_table(
        "access", refers("application", "application"), refers("resource", "resource"), text("scope"),
        sa.PrimaryKeyConstraint("application", "resource"),
    )  # fmt: skip
    op.create_index("access_resource", "access", ["resource"])


def records() -> None:
    keyed_table("spent_proof", text("proof"), integer("expires_at"), sa.PrimaryKeyConstraint("proof"))
    op.create_index("spent_proof_expires", "spent_proof", ["expires_at"])
    table(
        "audit_entry", number(), text("id"), integer("at"), text("actor"), text("source", null=True), text("action"),
        text("target"), text("detail"), text("hash"), sa.UniqueConstraint("id"),
    )  # fmt: skip
    if op.get_bind().dialect.name == "postgresql":
        op.execute(CHAINED)
    keyed_table(
        "refusal", text("request_id"), integer("at"), text("explanation"), sa.PrimaryKeyConstraint("request_id")
    )
    op.create_index("refusal_at", "refusal", ["at"])


def counts() -> None:
    keyed_table(
        "usage_hour", refers("application", "application"), integer("hour"), integer("tokens"),
        integer("elsewhere"), integer("calls"),
        integer("refused"), sa.PrimaryKeyConstraint("application", "hour"),
    )  # fmt: skip
    op.create_index("usage_hour_hour", "usage_hour", ["hour", "tokens"])
    keyed_table("warning", text("name"), integer("at"), sa.PrimaryKeyConstraint("name"))
