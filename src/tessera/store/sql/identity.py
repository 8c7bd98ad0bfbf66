"""Organizations, applications, secrets, keys, revocations, the change feed."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

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

_APPLICATION_COLUMNS = (
    "select a.number, a.client_id, a.organization, a.enabled * o.enabled, a.scope, a.token_lifetime_seconds,"
    " a.query_credentials,"
    " case when o.tokens_valid_from > a.tokens_valid_from then o.tokens_valid_from else a.tokens_valid_from end,"
    " s.number, s.kind, s.digest, s.ends_at, x.resource, x.scope,"
    " a.token_format, a.authentication_methods, a.token_binding, a.token_reuse, a.rails,"
    " a.security_profile, a.assertion_audience, a.signing_algorithms, a.json_requests, a.generation, o.generation"
    " from application a join organization o on o.number = a.organization"
    " left join credential s on s.application = a.number left join access x on x.application = a.number"
)
APPLICATION = f"{_APPLICATION_COLUMNS} where a.client_id = :client_id order by s.number, x.resource"
APPLICATION_NUMBERED = f"{_APPLICATION_COLUMNS} where a.number = :number order by s.number, x.resource"

KEYS = (
    "select purpose, number, wrapped, created_at, signs_from, verifies_until from wrapped_key order by purpose, number"
)
REVOCATIONS = "select token_id, expires_at from revocation where token_id > :after order by token_id limit :limit"
LAST_SEQUENCE = "select coalesce(max(sequence), 0) from change"
NOTICES_AFTER = "select sequence, kind, key from change where sequence > :sequence order by sequence"

CUT_OFF_EVERYBODY = f"update organization set {CUT_OFF}"
"""Revokes all tokens, because a restored database does not know which were revoked since the backup."""

ORGANIZATIONS = (
    "select number, name, retailer_id, created_at, enabled from organization where deleted_at is null order by number"
)
_APPLICATION_RECORD = (
    "select a.number, a.client_id, a.name, o.name, a.enabled, a.scope, a.token_lifetime_seconds,"
    " a.query_credentials, a.token_format, a.authentication_methods, a.token_binding, a.token_reuse,"
    " a.security_profile, a.assertion_audience, a.signing_algorithms, a.json_requests, a.rails,"
    " a.created_at, coalesce(u.tokens_issued, 0), coalesce(u.query_credentials_used, 0),"
    " u.last_token_at, o.enabled from application a join organization o on o.number = a.organization"
    " left join application_usage u on u.application = a.number"
)
APPLICATIONS = f"{_APPLICATION_RECORD} where a.number > :after order by a.number limit :limit"
APPLICATION_BY_CLIENT_ID = f"{_APPLICATION_RECORD} where a.client_id = :name"
APPLICATION_BY_NAME = f"{_APPLICATION_RECORD} where a.name = :name"
SECRETS = (
    "select s.number, s.name, s.kind, s.last_four, s.created_at, s.ends_at, s.last_used_at,"
    " s.last_used_from, case when s.kind in (:jwks_uri, :tls_subject) then s.digest end"
    " from credential s join application a on a.number = s.application"
    " where a.client_id = :client_id order by s.number"
)

SCHEMA_VERSION = "select version_num from alembic_version"

NEWEST = (
    "select max(at) from (select max(created_at) as at from organization"
    " union all select max(created_at) from application union all select max(created_at) from credential"
    " union all select max(created_at) from property_secret"
    " union all select max(created_at) from wrapped_key union all select max(created_at) from customer"
    " union all select max(last_token_at) from application_usage) newest"
)
BY_CERTIFICATE = (
    "select a.name from application a where a.token_binding = :bound or exists ("
    "select 1 from credential s where s.application = a.number and s.kind in (:certificate, :subject)"
    " and (s.ends_at is null or s.ends_at > :now)) order by a.number limit :limit"
)
"""Who needs a client's certificate to be handed over."""

WARNED = (
    "select a.name, u.query_credentials_used from application a join application_usage u on u.application = a.number"
    " where a.query_credentials = :warn and u.query_credentials_used > 0 order by a.number"
)
