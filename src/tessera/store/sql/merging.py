"""Merging one customer into another: its rows become the survivor's, in one commit."""

import msgspec

from tessera.core import changes
from tessera.store.sql.statement import Select, Statement

COUNT_MAX = 2**53 - 1
"""The most that a count may come to, so that it is exact in JSON."""


def _sum(table: str) -> str:
    both = f"{table}.count + excluded.count"
    return f"case when {both} > {COUNT_MAX} then {COUNT_MAX} else {both} end"


def _only_once(column: str, *others: str) -> str:
    """Take a name from entries of the merged customer where one of the survivor's has it too."""
    nothing = ", ".join(f"{each} = null" for each in (column, *others))
    return (
        f"update ledger_entry set {nothing} where customer = :merged and {column} is not null and exists"
        f" (select 1 from ledger_entry e where e.customer = :survivor and e.{column} = ledger_entry.{column})"
    )


WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.MergeCustomer: (
        # The row is held from here on, so that of two merges into one survivor the second one decides again.
        Statement(
            "update customer set version = version where number = :survivor and version = :survivor_version",
            "nobody moved the survivor",
        ),
        Statement(
            "update customer set id = :tombstone_id, folded_email = null, profile = '{}', identifiers = '[]',"
            " user_profile = null, standing = '[[],[],0]', forgotten_at = :merged_at, due_at = :due_at,"
            " version = version + 1 where number = :merged and id = :id and organization = :organization"
            " and version = :version and profile = :was_profile and identifiers = :was_identifiers"
            " and user_profile is not distinct from :was_user_profile and forgotten_at is null"
            " and exists (select 1 from customer s where s.number = :survivor and s.id = :survivor_id"
            " and s.number <> :merged and s.organization = :organization and s.forgotten_at is null)",
            "both customers are there and the one that goes is as it was",
        ),
        Statement("update merged_customer set customer = :survivor where customer = :merged"),
        Statement(
            "insert into merged_customer (organization, id, customer, merged_at)"
            " values (:organization, :id, :survivor, :merged_at) on conflict do nothing"
        ),
        Statement("delete from identifier where customer = :merged"),
        Statement("delete from referrer_code where customer = :merged"),
        Statement("delete from phone where customer = :merged"),
        Statement(
            "insert into tag (customer, name, count, expires_at)"
            " select :survivor, t.name, t.count, t.expires_at from tag t"
            " where t.customer = :merged and (t.expires_at is null or t.expires_at > :merged_at)"
            f" on conflict (customer, name) do update set count = case when tag.expires_at <= :merged_at"
            f" then excluded.count else {_sum('tag')} end,"
            " expires_at = case when tag.expires_at is null or excluded.expires_at is null then null"
            " when tag.expires_at > excluded.expires_at then tag.expires_at else excluded.expires_at end"
        ),
        Statement("delete from tag where customer = :merged"),
        Statement(
            "insert into behaviour (customer, name, count, last_at)"
            " select :survivor, b.name, b.count, b.last_at from behaviour b where b.customer = :merged"
            f" on conflict (customer, name) do update set count = {_sum('behaviour')},"
            " last_at = case when behaviour.last_at > excluded.last_at then behaviour.last_at"
            " else excluded.last_at end"
        ),
        Statement("delete from behaviour where customer = :merged"),
        Statement("update user_event set customer = :survivor where customer = :merged"),
        Statement("update membership set customer = :survivor where customer = :merged"),
        Statement(_only_once("idempotency_id", "fingerprint")),
        Statement(_only_once("request")),
        Statement("update ledger_entry set customer = :survivor, number = number + :offset where customer = :merged"),
        Statement("update purchase set customer = :survivor where customer = :merged"),
        Statement("update purchase_award set customer = :survivor where customer = :merged"),
    ),
}


class MergedRow(msgspec.Struct, frozen=True):
    """A row of `MERGED`."""

    id: str
    merged_at: int


MERGED = Select("select id, merged_at from merged_customer where customer = :customer order by id", MergedRow)
WAS_MERGED = "select 1 from merged_customer where organization = :organization and id = :id"
