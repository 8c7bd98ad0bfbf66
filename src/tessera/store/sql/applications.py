"""Reading applications and their credentials."""

import msgspec

from tessera.store.sql.statement import Select


class ApplicationRow(msgspec.Struct, frozen=True, gc=False):
    """A row of `APPLICATION`: one for each credential of an application, and each resource it has access to."""

    number: int
    client_id: str
    organization: int
    enabled: int
    scope: str
    token_lifetime_seconds: int
    query_credentials: int
    tokens_valid_from: int
    token_format: int
    authentication_methods: int
    token_binding: int
    token_reuse: int
    limits: str
    security_profile: int
    assertion_audience: int
    signing_algorithms: int
    json_requests: int
    generation: int
    organization_generation: int
    credential: int | None
    credential_kind: int
    credential_digest: bytes
    credential_ends_at: int | None
    resource: int | None
    resource_scope: str


_APPLICATION = (
    "select a.number, a.client_id, a.organization, a.enabled * o.enabled as enabled, a.scope,"
    " a.token_lifetime_seconds, a.query_credentials, case when o.tokens_valid_from > a.tokens_valid_from"
    " then o.tokens_valid_from else a.tokens_valid_from end as tokens_valid_from,"
    " a.token_format, a.authentication_methods, a.token_binding, a.token_reuse, a.rails as limits, a.security_profile,"
    " a.assertion_audience, a.signing_algorithms, a.json_requests, a.generation,"
    " o.generation as organization_generation, s.number as credential, s.kind as credential_kind,"
    " s.digest as credential_digest, s.ends_at as credential_ends_at, x.resource, x.scope as resource_scope"
    " from application a join organization o on o.number = a.organization"
    " left join credential s on s.application = a.number left join access x on x.application = a.number"
)
_ORDER = "order by s.number, x.resource"
APPLICATION = Select(f"{_APPLICATION} where a.client_id = :client_id {_ORDER}", ApplicationRow)
APPLICATION_NUMBERED = Select(f"{_APPLICATION} where a.number = :number {_ORDER}", ApplicationRow)


class RecordRow(msgspec.Struct, frozen=True):
    """A row of `APPLICATIONS`: an application as its operator sees it."""

    number: int
    client_id: str
    name: str
    organization: str
    enabled: int
    scope: str
    token_lifetime_seconds: int
    query_credentials: int
    token_format: int
    authentication_methods: int
    token_binding: int
    token_reuse: int
    security_profile: int
    assertion_audience: int
    signing_algorithms: int
    json_requests: int
    limits: str
    created_at: int
    tokens_issued: int
    query_credentials_used: int
    last_token_at: int | None
    organization_enabled: int


_RECORD = (
    "select a.number, a.client_id, a.name, o.name as organization, a.enabled, a.scope, a.token_lifetime_seconds,"
    " a.query_credentials, a.token_format, a.authentication_methods, a.token_binding, a.token_reuse,"
    " a.security_profile, a.assertion_audience, a.signing_algorithms, a.json_requests, a.rails as limits, a.created_at,"
    " coalesce(u.tokens_issued, 0) as tokens_issued,"
    " coalesce(u.query_credentials_used, 0) as query_credentials_used,"
    " u.last_token_at, o.enabled as organization_enabled"
    " from application a join organization o on o.number = a.organization"
    " left join application_usage u on u.application = a.number"
)
APPLICATIONS = Select(f"{_RECORD} where a.number > :after order by a.number limit :limit", RecordRow)
APPLICATION_BY_CLIENT_ID = Select(f"{_RECORD} where a.client_id = :name", RecordRow)
APPLICATION_BY_NAME = Select(f"{_RECORD} where a.name = :name", RecordRow)


class CredentialRow(msgspec.Struct, frozen=True):
    """A row of `SECRETS`, here and in `sql.properties`: `named` is the value of those kinds that are no secret."""

    number: int
    name: str
    kind: int
    last_four: str
    created_at: int
    ends_at: int | None
    last_used_at: int | None
    last_used_from: str | None
    named: bytes | None


SECRETS = Select(
    "select s.number, s.name, s.kind, s.last_four, s.created_at, s.ends_at, s.last_used_at, s.last_used_from,"
    " case when s.kind in (:jwks_uri, :tls_subject) then s.digest end as named"
    " from credential s join application a on a.number = s.application"
    " where a.client_id = :client_id order by s.number",
    CredentialRow,
)

BY_CERTIFICATE = (
    "select a.name from application a where a.token_binding = :bound or exists ("
    "select 1 from credential s where s.application = a.number and s.kind in (:certificate, :subject)"
    " and (s.ends_at is null or s.ends_at > :now)) order by a.number limit :limit"
)
"""Who needs a client's certificate to be handed over."""


class WarnedRow(msgspec.Struct, frozen=True):
    """A row of `WARNED`."""

    name: str
    query_credentials_used: int


WARNED = Select(
    "select a.name, u.query_credentials_used from application a join application_usage u on u.application = a.number"
    " where a.query_credentials = :warn and u.query_credentials_used > 0 order by a.number",
    WarnedRow,
)
