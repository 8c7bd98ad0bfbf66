"""Referrer codes, one for every customer; and names of customers in the one form in which they are looked for.

Email addresses and external ids were compared as they came, or nearly: those that have another form now get it, where
nobody else has it already. The form is this version's, so the rule itself is asked for it.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from tessera.core import external_ids
from tessera.core.customers import emails, referrer_codes
from tessera.store.migrations.columns import keyed_table, refers, text

revision = "0007"
down_revision = "0006"

PAGE = 1000

NO_CODE = '"referrer_code":""'
"""Stands in a profile as it is stored, and in no text within it, where quotes are escaped."""


def upgrade() -> None:
    keyed_table(
        "referrer_code", refers("organization", "organization"), text("code"), refers("customer", "customer"),
        sa.PrimaryKeyConstraint("organization", "code"),
    )  # fmt: skip
    op.create_index("referrer_code_customer", "referrer_code", ["customer"])
    connection = op.get_bind()
    for page in _pages(connection):
        codes(connection, page)
        for row in page:
            names(connection, row)


def _pages(connection: sa.Connection) -> Iterator[list[Any]]:
    """All customers, but for those who were forgotten."""
    select = sa.text(
        "select number, organization, profile, identifiers, folded_email from customer"
        " where number > :after and forgotten_at is null order by number limit :limit"
    )
    after = 0
    while page := connection.execute(select, {"after": after, "limit": PAGE}).fetchall():
        yield list(page)
        after = page[-1].number


def codes(connection: sa.Connection, page: Iterable[Any]) -> None:
    """A code for each; one that a partner gave is kept, and counts for the first of several who have it."""
    made, claimed = [], []
    for row in page:
        code = json.loads(row.profile).get("referrer_code")
        if not code:
            code = referrer_codes.made(secrets.token_bytes(referrer_codes.RANDOM_BYTES))
            made.append({"number": row.number, "profile": _with_code(row.profile, code)})
        claimed.append({"organization": row.organization, "code": code, "customer": row.number})
    if made:
        connection.execute(sa.text("update customer set profile = :profile where number = :number"), made)
    if claimed:
        insert = "insert into referrer_code (organization, code, customer) values (:organization, :code, :customer)"
        connection.execute(sa.text(f"{insert} on conflict do nothing"), claimed)


def _with_code(profile: str, code: str) -> str:
    if NO_CODE in profile:
        return profile.replace(NO_CODE, f'"referrer_code":"{code}"', 1)
    return json.dumps({**json.loads(profile), "referrer_code": code}, ensure_ascii=False, separators=(",", ":"))


def names(connection: sa.Connection, row: Any) -> None:
    """The email address and the external ids of one customer."""
    email = json.loads(row.profile).get("email")
    if email is not None and emails.folded(email) != row.folded_email:
        connection.execute(
            sa.text(
                "update customer set folded_email = :email where number = :number and not exists (select 1"
                " from customer other where other.organization = :organization and other.folded_email = :email)"
            ),
            {"email": emails.folded(email), "number": row.number, "organization": row.organization},
        )
    identifiers = json.loads(row.identifiers)
    forms = [external_ids.normal(each["external_id"]) or each["external_id"] for each in identifiers]
    if forms == [each["external_id"] for each in identifiers]:
        return
    for each, form in zip(identifiers, forms, strict=True):
        if form != each["external_id"] and _renamed(connection, row.organization, each["external_id"], form):
            each["external_id"] = form
    connection.execute(
        sa.text("update customer set identifiers = :identifiers where number = :number"),
        {"identifiers": json.dumps(identifiers, ensure_ascii=False, separators=(",", ":")), "number": row.number},
    )


def _renamed(connection: sa.Connection, organization: int, former: str, form: str) -> bool:
    done = connection.execute(
        sa.text(
            "update identifier set external_id = :form where organization = :organization and external_id = :former"
            " and not exists (select 1 from identifier other"
            " where other.organization = :organization and other.external_id = :form)"
        ),
        {"form": form, "former": former, "organization": organization},
    )
    return done.rowcount == 1
