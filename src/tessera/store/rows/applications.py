"""Applications and their credentials from their rows."""

from functools import lru_cache

import msgspec

from tessera.core import generations, scopes
from tessera.core.clients.applications import (
    DEFAULT_OPTIONS,
    Application,
    ApplicationRecord,
    AuthenticationMethod,
    Credential,
    CredentialKind,
    CredentialRecord,
    JSONRequests,
    Options,
    QueryCredentials,
    TokenBinding,
    TokenFormat,
    held,
)
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms, shown
from tessera.store.sql.applications import ApplicationRow, CredentialRow, RecordRow

_KINDS = tuple(CredentialKind)
_POLICIES = tuple(QueryCredentials)
_WAYS = {
    AuthenticationMethod.CLIENT_SECRET: "secret",
    AuthenticationMethod.PRIVATE_KEY_JWT: "private_key_jwt",
    AuthenticationMethod.TLS: "tls",
}


@lru_cache(maxsize=256)
def _the_same(number: int) -> int:
    """The number as one object, however often it is read: many applications share few lifetimes and generations."""
    return number


def application(rows: list[ApplicationRow]) -> Application | None:
    """An application from its row, repeated for each of its credentials and of the resources it has access to."""
    if not rows:
        return None
    first = rows[0]
    credentials = {
        row.credential: Credential(
            row.credential, _KINDS[row.credential_kind], row.credential_digest, row.credential_ends_at
        )
        for row in rows
        if row.credential is not None
    }
    packed, serves_until = held(list(credentials.values()))
    return Application(
        number=first.number,
        client_id=first.client_id,
        organization=first.organization,
        enabled=first.enabled == 1,
        scopes=scopes.stored(first.scope),
        token_lifetime_seconds=_the_same(first.token_lifetime_seconds),
        query_credentials=_POLICIES[first.query_credentials],
        tokens_valid_from=first.tokens_valid_from,
        packed_credentials=packed,
        serves_until=serves_until,
        options=_options(
            _OptionColumns(
                token_format=first.token_format,
                authentication_methods=first.authentication_methods,
                token_binding=first.token_binding,
                token_reuse=first.token_reuse,
                limits=first.limits,
                access=tuple({row.resource: row.resource_scope for row in rows if row.resource is not None}.items()),
                security_profile=first.security_profile,
                assertion_audience=first.assertion_audience,
                signing_algorithms=first.signing_algorithms,
                json_requests=first.json_requests,
            )
        ),
        generation=_the_same(generations.combined(first.generation, first.organization_generation)),
    )


class _OptionColumns(msgspec.Struct, frozen=True):
    """What an application's options are made of; `access` has the scopes by the number of the resource."""

    token_format: int
    authentication_methods: int
    token_binding: int
    token_reuse: int
    limits: str
    access: tuple[tuple[int, str], ...]
    security_profile: int
    assertion_audience: int
    signing_algorithms: int
    json_requests: int


@lru_cache(maxsize=1024)
def _options(columns: _OptionColumns) -> Options:
    """Options as one object for all applications that have the same."""
    options = Options(
        token_format=TokenFormat(columns.token_format),
        authentication_methods=AuthenticationMethod(columns.authentication_methods),
        token_binding=TokenBinding(columns.token_binding),
        token_reuse=columns.token_reuse == 1,
        limits=columns.limits,
        access=tuple((resource, scopes.parse(scope)) for resource, scope in columns.access),
        security_profile=Profile(columns.security_profile),
        assertion_audience=AssertionAudience(columns.assertion_audience),
        signing_algorithms=SigningAlgorithms(columns.signing_algorithms),
        json_requests=JSONRequests(columns.json_requests),
    )
    return DEFAULT_OPTIONS if options == DEFAULT_OPTIONS else options


def application_record(row: RecordRow) -> ApplicationRecord:
    """The operator's view of an application."""
    return ApplicationRecord(
        number=row.number,
        client_id=row.client_id,
        name=row.name,
        organization=row.organization,
        enabled=row.enabled == 1,
        scope=row.scope,
        token_lifetime_seconds=row.token_lifetime_seconds,
        query_credentials=_POLICIES[row.query_credentials].name.lower(),
        token_format=TokenFormat(row.token_format).name.lower(),
        authentication_methods=_methods(row.authentication_methods),
        token_binding=TokenBinding(row.token_binding).name.lower(),
        token_reuse=row.token_reuse == 1,
        security_profile=Profile(row.security_profile).name.lower(),
        assertion_audience=AssertionAudience(row.assertion_audience).name.lower(),
        signing_algorithms=shown(SigningAlgorithms(row.signing_algorithms)),
        json_requests=JSONRequests(row.json_requests).name.lower(),
        limits=row.limits,
        created_at=row.created_at,
        tokens_issued=row.tokens_issued,
        query_credentials_used=row.query_credentials_used,
        last_token_at=row.last_token_at,
        organization_enabled=row.organization_enabled == 1,
    )


def _methods(flags: int) -> str:
    """Ways to prove oneself, with commas between; `any` for none."""
    return ",".join(_WAYS[each] for each in AuthenticationMethod(flags)) or "any"


def credential_record(row: CredentialRow) -> CredentialRecord:
    """The operator's view of a credential."""
    return CredentialRecord(
        number=row.number,
        name=row.name,
        kind=_KINDS[row.kind].name.lower(),
        last_four=row.last_four,
        created_at=row.created_at,
        ends_at=row.ends_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        named=None if row.named is None else row.named.decode(),
    )
