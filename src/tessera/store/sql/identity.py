"""Organizations, applications, secrets, keys, revocations, the change feed."""

import msgspec

from tessera.core import changes
from tessera.store.sql.statement import Select, Statement

NOTICE = (
    "insert into change (sequence, kind, key)"
    " values ((select coalesce(max(sequence), 0) + 1 from change), :kind, :key) returning sequence"
)
"""Without a gap, whatever was undone: the newest notice is never forgotten, and one process writes at a time."""

_APPLICATION = "(select number from application where client_id = :client_id)"

CUT_OFF = (
    "generation = generation + :step,"
    " tokens_valid_from = case when tokens_valid_from > :at then tokens_valid_from else :at end"
)
"""Revokes all tokens of an application or an organization. The moment never goes back, even when the clock did."""

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddOrganization: (
        Statement(
            "insert into organization (name, retailer_id, created_at) values (:name, :retailer_id, :created_at)"
            " on conflict do nothing",
            "the organization's name is free",
        ),
    ),
    changes.AddApplication: (
        Statement(
            "insert into application (client_id, name, organization, enabled, scope, token_lifetime_seconds,"
            " query_credentials, tokens_valid_from, created_at)"
            " values (:client_id, :name, :organization, 1, :scope, :token_lifetime_seconds,"
            " :query_credentials, 0, :created_at) on conflict do nothing",
            "the application's name and client id are free",
        ),
    ),
    changes.AddCredential: (
        Statement(
            "insert into credential (application, name, kind, digest, last_four, created_at, ends_at)"
            " select number, :name, :kind, :digest, :last_four, :created_at, :ends_at"
            " from application where client_id = :client_id on conflict do nothing",
            "the application exists and the credential's name is free",
        ),
    ),
    changes.EndCredential: (
        Statement(
            "update credential set ends_at = :ends_at where number = :number"
            f" and application = {_APPLICATION} and ends_at is not distinct from :was_ends_at",
            "the credential's end is as it was",
        ),
    ),
    changes.DisableApplication: (
        Statement(
            f"update application set enabled = 0, {CUT_OFF} where client_id = :client_id and enabled = 1",
            "the application is enabled",
        ),
    ),
    changes.EnableApplication: (
        Statement(
            f"update application set enabled = 1, {CUT_OFF} where client_id = :client_id and enabled = 0",
            "the application is disabled",
        ),
    ),
    changes.SetQueryCredentials: (
        Statement(
            "update application set query_credentials = :query_credentials where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetJSONRequests: (
        Statement(
            "update application set json_requests = :json_requests where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetAuthenticationMethods: (
        Statement(
            "update application set authentication_methods = :authentication_methods where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetTokenBinding: (
        Statement(
            "update application set token_binding = :token_binding where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.RenameApplication: (
        Statement(
            "update application set name = :name where client_id = :client_id"
            " and not exists (select 1 from application a where a.name = :name and a.client_id <> :client_id)",
            "the application exists and no other has this name",
        ),
    ),
    changes.SetScope: (
        Statement("update application set scope = :scope where client_id = :client_id", "the application exists"),
    ),
    changes.SetTokenLifetime: (
        Statement(
            "update application set token_lifetime_seconds = :token_lifetime_seconds where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetSecurityProfile: (
        Statement(
            "update application set security_profile = :security_profile where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetAssertionAudience: (
        Statement(
            "update application set assertion_audience = :assertion_audience where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.SetSigningAlgorithms: (
        Statement(
            "update application set signing_algorithms = :signing_algorithms where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.DeleteApplication: (
        Statement(f"delete from credential where application = {_APPLICATION}"),
        Statement(f"delete from application_usage where application = {_APPLICATION}"),
        Statement(f"delete from usage_hour where application = {_APPLICATION}"),
        Statement(f"delete from access where application = {_APPLICATION}"),
        Statement(f"update resource set application = null where application = {_APPLICATION}"),
        Statement("delete from application where client_id = :client_id", "the application exists"),
    ),
    changes.RevokeToken: (
        Statement(
            "insert into revocation (token_id, expires_at) values (:token_id, :expires_at) on conflict do nothing"
        ),
    ),
    changes.RevokeApplicationTokens: (
        Statement(f"update application set {CUT_OFF} where client_id = :client_id", "the application exists"),
    ),
    changes.RevokeOrganizationTokens: (
        Statement(f"update organization set {CUT_OFF} where number = :organization", "the organization exists"),
    ),
    changes.AddKey: (
        Statement(
            "insert into wrapped_key (purpose, number, wrapped, created_at, signs_from)"
            " values (:purpose, :number, :wrapped, :created_at, :signs_from) on conflict do nothing",
            "the key's number is free",
        ),
    ),
    changes.CountTokens: (
        Statement(
            "insert into application_usage (application, tokens_issued, query_credentials_used, last_token_at)"
            " select number, :issued, :query_credentials_used, :last_at from application where number = :application"
            " on conflict (application) do update set"
            " tokens_issued = application_usage.tokens_issued + excluded.tokens_issued,"
            " query_credentials_used ="
            " application_usage.query_credentials_used + excluded.query_credentials_used,"
            " last_token_at = excluded.last_token_at"
        ),
    ),
    changes.MarkCredentialUsed: (
        Statement("update credential set last_used_at = :at, last_used_from = :source where number = :number"),
    ),
}


class KeyRow(msgspec.Struct, frozen=True):
    """A row of `KEYS`."""

    purpose: str
    number: int
    wrapped: bytes
    created_at: int
    signs_from: int
    verifies_until: int | None


class RevocationRow(msgspec.Struct, frozen=True):
    """A row of `REVOCATIONS`."""

    token_id: int
    expires_at: int


class NoticeRow(msgspec.Struct, frozen=True):
    """A row of `NOTICES_AFTER`."""

    sequence: int
    kind: str
    key: str


class OrganizationRow(msgspec.Struct, frozen=True):
    """A row of `ORGANIZATIONS`."""

    number: int
    name: str
    retailer_id: str
    created_at: int
    enabled: int


KEYS = Select(
    "select purpose, number, wrapped, created_at, signs_from, verifies_until from wrapped_key order by purpose, number",
    KeyRow,
)
REVOCATIONS = Select(
    "select token_id, expires_at from revocation where token_id > :after order by token_id limit :limit", RevocationRow
)
LAST_SEQUENCE = "select coalesce(max(sequence), 0) from change"
NOTICES_AFTER = Select("select sequence, kind, key from change where sequence > :sequence order by sequence", NoticeRow)

CUT_OFF_EVERYBODY = f"update organization set {CUT_OFF}"
"""Revokes all tokens, because a restored database does not know which were revoked since the backup."""

ORGANIZATIONS = Select(
    "select number, name, retailer_id, created_at, enabled from organization where deleted_at is null order by number",
    OrganizationRow,
)

SCHEMA_VERSION = "select version_num from alembic_version"

NEWEST = (
    "select max(at) from (select max(created_at) as at from organization"
    " union all select max(created_at) from application union all select max(created_at) from credential"
    " union all select max(created_at) from property_secret"
    " union all select max(created_at) from wrapped_key union all select max(created_at) from customer"
    " union all select max(last_token_at) from application_usage) newest"
)
