"""The whole platform: a ledger by customer, standings that fall due, what customers, webhooks and the upkeep need.

A standing gets a third member, the number of the customer's ledger entries.
"""

import json
import re

import sqlalchemy as sa
from alembic import op

from tessera.store.migrations.columns import BIG, integer, keyed_table, number, refers, table, text

revision = "0002"
down_revision = "0001"

NEVER = 2**62
"""`due_at` of a customer to whom nothing happens by itself."""


def upgrade() -> None:
    program()
    ledger()
    customers()
    outbox()
    keyed_table("lease", text("name"), text("holder"), integer("ends_at"), sa.PrimaryKeyConstraint("name"))


def program() -> None:
    op.add_column("point_account", integer("lifetime_days", null=True))
    op.add_column("point_account", sa.Column("overdraw", BIG, nullable=False, server_default="0"))
    op.add_column("point_account", integer("retired_at", null=True))
    op.add_column("tier_system", integer("retired_at", null=True))
    op.add_column("tier_rule", integer("keep_target", null=True))
    table(
        "point_source", number(), text("id"), refers("organization", "organization"), text("name"),
        integer("retired_at", null=True), sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "name"),
    )  # fmt: skip
    table(
        "event_rule", number(), text("id"), refers("organization", "organization"), text("lookup"), text("name"),
        integer("retired_at", null=True), sa.UniqueConstraint("id"), sa.UniqueConstraint("organization", "lookup"),
    )  # fmt: skip
    table(
        "event_award", number(), refers("event_rule", "event_rule"), refers("point_account", "point_account"),
        integer("amount"), text("point_source_id", null=True), sa.UniqueConstraint("event_rule", "point_account"),
        sa.CheckConstraint("amount > 0"),
    )  # fmt: skip


def ledger() -> None:
    op.add_column("customer", sa.Column("version", BIG, nullable=False, server_default="0"))
    op.add_column("customer", sa.Column("due_at", BIG, nullable=False, server_default=str(NEVER)))
    op.add_column("customer", integer("forgotten_at", null=True))
    op.execute(
        "update customer set standing = substr(standing, 1, length(standing) - 1) || ',' ||"
        " (select count(*) from ledger_entry e where e.customer = customer.number) || ']',"
        " due_at = coalesce((select min(m.next_maintenance_eval_at) from membership m"
        f" where m.customer = customer.number and m.left_at is null), {NEVER})"
    )
    op.create_index("customer_due", "customer", ["due_at"])
    op.create_index("customer_organization", "customer", ["organization", "number"])
    entries()
    memberships()


def entries() -> None:
    op.rename_table("ledger_entry", "ledger_entry_0001")
    keyed_table(
        "ledger_entry", refers("customer", "customer"), integer("number"), text("id"),
        refers("point_account", "point_account"), integer("amount"), text("kind"), text("request", null=True),
        integer("place"), text("idempotency_id", null=True), text("fingerprint", null=True),
        text("reference_id", null=True), text("reference_type", null=True), text("point_source_id", null=True),
        integer("occurred_at"), integer("expires_at", null=True), sa.PrimaryKeyConstraint("customer", "number"),
    )  # fmt: skip
    op.execute(
        "insert into ledger_entry (customer, number, id, point_account, amount, kind, request, place, idempotency_id,"
        " fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at)"
        " select customer, row_number() over (partition by customer order by number), id, point_account, amount, kind,"
        " null, 0, idempotency_id, fingerprint, reference_id, reference_type, point_source_id, occurred_at, null"
        " from ledger_entry_0001"
    )
    op.drop_table("ledger_entry_0001")
    where = sa.text("idempotency_id is not null")
    op.create_index(
        "ledger_entry_idempotency", "ledger_entry", ["customer", "idempotency_id"], unique=True,
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip
    where = sa.text("request is not null")
    op.create_index(
        "ledger_entry_request", "ledger_entry", ["customer", "request"], sqlite_where=where, postgresql_where=where
    )  # fmt: skip


def memberships() -> None:
    op.rename_table("membership", "membership_0001")
    table(
        "membership", number(), refers("customer", "customer"), text("id"), refers("tier_system", "tier_system"),
        refers("tier_level", "tier_level"), integer("joined_at"), integer("left_at", null=True), text("reason"),
    )  # fmt: skip
    op.execute(
        "insert into membership (number, customer, id, tier_system, tier_level, joined_at, left_at, reason)"
        " select number, customer, id, tier_system, tier_level, joined_at, left_at, 'earned' from membership_0001"
    )
    op.drop_table("membership_0001")
    op.create_index("membership_customer", "membership", ["customer", "number"])
    current = sa.text("left_at is null")
    op.create_index(
        "membership_level", "membership", ["tier_level"], sqlite_where=current, postgresql_where=current
    )  # fmt: skip


def customers() -> None:
    keyed_table(
        "phone", refers("organization", "organization"), text("digits"), refers("customer", "customer"),
        integer("mobile"), sa.PrimaryKeyConstraint("organization", "digits", "customer"),
    )  # fmt: skip
    op.create_index("phone_customer", "phone", ["customer"])
    phones_of_profiles()
    keyed_table(
        "tag", refers("customer", "customer"), text("name"), integer("count"), integer("expires_at", null=True),
        sa.PrimaryKeyConstraint("customer", "name"),
    )  # fmt: skip
    keyed_table(
        "behaviour", refers("customer", "customer"), text("name"), integer("count"), integer("last_at"),
        sa.PrimaryKeyConstraint("customer", "name"),
    )  # fmt: skip
    keyed_table(
        "user_event", refers("customer", "customer"), text("id"), text("lookup"), integer("occurred_at"),
        sa.PrimaryKeyConstraint("customer", "id"),
    )  # fmt: skip


def phones_of_profiles() -> None:
    """Make the customers that are there findable by the phone numbers in their profiles."""
    connection = op.get_bind()
    page = sa.text(
        "select number, organization, profile from customer where number > :after order by number limit 1000"
    )
    insert = sa.text("insert into phone (organization, digits, customer, mobile) values (:o, :digits, :c, :mobile)")
    after = 0
    while rows := connection.execute(page, {"after": after}).fetchall():
        for row in rows:
            found: dict[str, bool] = {}
            for each in json.loads(row.profile).get("phone_numbers") or []:
                digits = re.sub("[^0-9]+", "", each["phone_number"])
                found[digits] = found.get(digits, False) or each["phone_type"] == "mobile"
            for digits in filter(None, found):
                connection.execute(
                    insert, {"o": row.organization, "digits": digits, "c": row.number, "mobile": int(found[digits])}
                )
        after = rows[-1].number


def outbox() -> None:
    table("event", number(), text("id"), refers("organization", "organization"), text("kind"), text("data"),
          integer("occurred_at"), text("user_id", null=True))  # fmt: skip
    op.create_index("event_organization", "event", ["organization", "number", "kind"])
    table(
        "webhook", number(), refers("organization", "organization"), text("name"), text("url"), text("kinds"),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former_secret", sa.LargeBinary(), nullable=True), integer("former_ends_at", null=True),
        integer("created_at"), integer("paused_at", null=True), integer("position"), integer("failures"),
        integer("next_attempt_at"), integer("delivered_at", null=True), text("last_error", null=True),
        sa.UniqueConstraint("organization", "name"),
    )  # fmt: skip
    keyed_table(
        "delivery", refers("webhook", "webhook"), integer("event"), integer("attempts"), integer("next_attempt_at"),
        text("last_error", null=True), integer("gave_up_at", null=True), sa.PrimaryKeyConstraint("webhook", "event"),
    )  # fmt: skip
    op.create_index("delivery_due", "delivery", ["webhook", "next_attempt_at"])
