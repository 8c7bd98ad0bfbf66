"""Moving from one secret to the next, and what is warned of."""

import msgspec

from tessera.core import changes
from tessera.core.clients.applications import FOREVER, CredentialKind
from tessera.store.sql.statement import Select, Statement

_APPLICATION = "(select number from application where client_id = :client_id)"

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.KeepCredential: (
        Statement(
            f"update credential set ends_at = ends_at where number = :number and application = {_APPLICATION}"
            " and ends_at is not distinct from :ends_at"
            f" and number = (select max(number) from credential where application = {_APPLICATION})",
            "the application's credentials are as they were",
        ),
    ),
    changes.FinishCredential: (
        Statement(
            "update credential set ends_at = :ends_at where number = :number"
            f" and application = {_APPLICATION} and ends_at is not distinct from :was_ends_at"
            " and coalesce(last_used_at, 0) < :unused_since",
            "the credential's end is as it was, and it was not used meanwhile",
        ),
    ),
    changes.RekeyCredential: (
        Statement(
            f"update credential set kind = {CredentialKind.KEYED:d}, digest = :digest where number = :number"
            f" and application = {_APPLICATION} and digest = :was_digest",
            "the secret is held as it was",
        ),
    ),
    changes.SetTokenReuse: (
        Statement(
            "update application set token_reuse = :token_reuse where client_id = :client_id", "the application exists"
        ),
    ),
    changes.AddWarning: (
        Statement(
            "insert into warning (name, at) values (:name, :at) on conflict do nothing", "the warning is told once"
        ),
    ),
}

WARNING_SENT = "select at from warning where name = :name"


class EndingRow(msgspec.Struct, frozen=True):
    """A row of `ENDING`, here and in `sql.properties`: whose the credential is, the credential, those beside it."""

    client_id: str
    application: str
    organization: int
    organization_name: str
    retailer_id: str
    number: int
    name: str
    kind: int
    ends_at: int
    application_until: int
    last_used_at: int | None
    last_used_from: str | None
    newer_used_at: int | None


ENDING = Select(
    "select a.client_id, a.name as application, a.organization, o.name as organization_name, o.retailer_id,"
    " c.number, c.name, c.kind, c.ends_at,"
    f" (select max(coalesce(x.ends_at, {FOREVER})) from credential x where x.application = c.application)"
    " as application_until, c.last_used_at, c.last_used_from, (select max(x.last_used_at) from credential x"
    f" where x.application = c.application and coalesce(x.ends_at, {FOREVER}) > c.ends_at) as newer_used_at"
    " from credential c join application a on a.number = c.application"
    " join organization o on o.number = a.organization"
    " where c.ends_at >= :after and c.ends_at <= :until and (c.ends_at > :after or c.number > :after_number)"
    " and a.enabled * o.enabled = 1 order by c.ends_at, c.number limit :limit",
    EndingRow,
)
