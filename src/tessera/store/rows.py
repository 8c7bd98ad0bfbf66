"""Rows into values: the only place that knows the columns' order."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec

from tessera.core import generations, scopes
from tessera.core.clients.applications import (
    DEFAULT_OPTIONS,
    FOREVER,
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
from tessera.core.clients.expiry_warnings import Ending, Owner
from tessera.core.clients.properties import Property, PropertyRecord, Secret
from tessera.core.clients.signing_methods import AssertionAudience, Profile, SigningAlgorithms, shown
from tessera.core.loyalty.points import PointAccount, PointSource
from tessera.core.loyalty.program import Award, EventRule, Program
from tessera.core.loyalty.purchase_rules import PurchaseRule
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem
from tessera.core.organizations import OrganizationRecord
from tessera.store.driver import Row

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


def application(rows: list[Row]) -> Application | None:
    """An application from its row, repeated for each of its credentials and of the resources it has access to."""
    if not rows:
        return None
    number, client_id, organization, enabled, scope, lifetime, policy, valid_from = rows[0][:8]
    credentials = {row[8]: Credential(row[8], _KINDS[row[9]], row[10], row[11]) for row in rows if row[8] is not None}
    access = {row[12]: row[13] for row in rows if row[12] is not None}
    packed, serves_until = held(list(credentials.values()))
    return Application(
        number=number,
        client_id=client_id,
        organization=organization,
        enabled=enabled == 1,
        scopes=scopes.stored(scope),
        token_lifetime_seconds=_the_same(lifetime),
        query_credentials=_POLICIES[policy],
        tokens_valid_from=valid_from,
        packed_credentials=packed,
        serves_until=serves_until,
        options=_options(tuple(rows[0][14:23]), tuple(access.items())),
        generation=_the_same(generations.combined(*rows[0][23:25])),
    )


@lru_cache(maxsize=1024)
def _options(columns: tuple[Any, ...], access: tuple[tuple[int, str], ...]) -> Options:
    """Options as one object for all applications that have the same."""
    if not any(columns) and not access:
        return DEFAULT_OPTIONS
    token_format, methods, binding, reuse, rails, profile, audience, algorithms, json = columns
    return Options(
        token_format=TokenFormat(token_format),
        authentication_methods=AuthenticationMethod(methods),
        token_binding=TokenBinding(binding),
        token_reuse=reuse == 1,
        rails=rails,
        access=tuple((resource, scopes.parse(scope)) for resource, scope in access),
        security_profile=Profile(profile),
        assertion_audience=AssertionAudience(audience),
        signing_algorithms=SigningAlgorithms(algorithms),
        json_requests=JSONRequests(json),
    )


def organization_record(row: Row) -> OrganizationRecord:
    """The operator's view of an organization."""
    number, name, retailer_id, created_at, enabled = row
    return OrganizationRecord(number, name, retailer_id, created_at, enabled == 1)


def digital_property(rows: list[Row]) -> Property | None:
    """A digital property from its row, repeated for each of its secrets."""
    if not rows:
        return None
    number, api_key, organization, enabled, rails = rows[0][:5]
    secrets = [Secret(row[5], row[6], FOREVER if row[7] is None else row[7]) for row in rows if row[5] is not None]
    return Property(
        number=number,
        api_key=api_key,
        organization=organization,
        enabled=enabled == 1,
        secrets=tuple(secrets),
        rails=rails,
    )


def property_record(row: Row) -> PropertyRecord:
    """The operator's view of a digital property."""
    number, name, organization, api_key, enabled, limits, created_at, last_used_at = row
    return PropertyRecord(
        number=number,
        name=name,
        organization=organization,
        api_key=api_key,
        enabled=enabled == 1,
        rails=limits,
        created_at=created_at,
        last_used_at=last_used_at,
    )


def program(
    organization: Row,
    accounts: list[Row],
    levels: list[Row],
    sources: list[Row],
    events: list[Row],
    purchases: list[Row],
) -> Program:
    """A loyalty program; `levels` repeats a level for each point account that its rule counts, `events` likewise."""
    number, retailer_id, version = organization
    return Program(
        organization=number,
        retailer_id=retailer_id,
        accounts=tuple(_account(*row) for row in accounts),
        systems=tuple(_system(list(rows)) for _, rows in groupby(levels, key=lambda row: row[0])),
        sources=tuple(PointSource(row[0], row[1], row[2], row[3] is not None) for row in sources),
        event_rules=tuple(_event_rule(list(rows)) for _, rows in groupby(events, key=lambda row: row[0])),
        version=version,
        purchase_rules=tuple(_purchase_rule(*row) for row in purchases),
    )


def _account(*row: Any) -> PointAccount:
    number, account_id, name, grouping_label, lifetime_days, overdraw, retired_at = row
    return PointAccount(
        number=number,
        id=account_id,
        name=name,
        grouping_label=grouping_label,
        lifetime_days=lifetime_days,
        overdraw=overdraw == 1,
        retired=retired_at is not None,
    )


def _event_rule(rows: list[Row]) -> EventRule:
    awards = tuple(Award(*row[4:7]) for row in rows if row[4] is not None)
    number, rule_id, lookup, name = rows[0][:4]
    return EventRule(number=number, id=rule_id, lookup=lookup, name=name, awards=awards, retired=rows[0][7] is not None)


def _purchase_rule(*row: Any) -> PurchaseRule:
    number, rule_id, name, account, points, per, rounding, minimum, channels, excluded, source, retired_at = row
    return PurchaseRule(
        number=number,
        id=rule_id,
        name=name,
        point_account=account,
        points=points,
        per=per,
        rounding=rounding,
        minimum=minimum,
        channels=_names(channels),
        excluded_items=_names(excluded),
        point_source_id=source,
        retired=retired_at is not None,
    )


_names = msgspec.json.Decoder(tuple[str, ...]).decode


def _system(rows: list[Row]) -> TierSystem:
    number, system_id, name, maintenance_days = rows[0][:4]
    there = [row for row in rows if row[4] is not None]
    levels = tuple(_level(level) for _, level in groupby(there, key=lambda row: row[4]))
    return TierSystem(
        number=number,
        id=system_id,
        name=name,
        maintenance_days=maintenance_days,
        levels=levels,
        retired=rows[0][15] is not None,
    )


def _level(rows: Iterable[Row]) -> TierLevel:
    parts = list(rows)
    number, level_id, rank, name, tree_id, root_id, rule_id, constraint_id, target, keep_target = parts[0][4:14]
    rule = None
    if rule_id is not None:
        accounts = tuple(row[14] for row in parts if row[14] is not None)
        rule = Rule(
            tree_id=tree_id,
            root_id=root_id,
            id=rule_id,
            constraint_id=constraint_id,
            target=target,
            point_accounts=accounts,
            keep_target=keep_target,
        )
    return TierLevel(number=number, id=level_id, rank=rank, name=name, rule=rule, retired=parts[0][16] is not None)


def application_record(row: Row) -> ApplicationRecord:
    """The operator's view of an application."""
    number, client_id, name, organization, enabled, scope, lifetime, policy, *options = row
    token_format, methods, binding, reuse, profile, audience, algorithms, json, rails, *rest = options
    created_at, tokens_issued, query_credentials_used, last_token_at, organization_enabled = rest
    return ApplicationRecord(
        number=number,
        client_id=client_id,
        name=name,
        organization=organization,
        enabled=enabled == 1,
        scope=scope,
        token_lifetime_seconds=lifetime,
        query_credentials=_POLICIES[policy].name.lower(),
        token_format=TokenFormat(token_format).name.lower(),
        authentication_methods=_methods(methods),
        token_binding=TokenBinding(binding).name.lower(),
        token_reuse=reuse == 1,
        security_profile=Profile(profile).name.lower(),
        assertion_audience=AssertionAudience(audience).name.lower(),
        signing_algorithms=shown(SigningAlgorithms(algorithms)),
        json_requests=JSONRequests(json).name.lower(),
        rails=rails,
        created_at=created_at,
        tokens_issued=tokens_issued,
        query_credentials_used=query_credentials_used,
        last_token_at=last_token_at,
        organization_enabled=organization_enabled == 1,
    )


def _methods(flags: int) -> str:
    """Ways to prove oneself, with commas between; `any` for none."""
    return ",".join(_WAYS[each] for each in AuthenticationMethod(flags)) or "any"


def credential_record(row: Row) -> CredentialRecord:
    """The operator's view of a credential."""
    number, name, kind, *rest = row
    if rest[-1] is not None:
        rest[-1] = rest[-1].decode()
    return CredentialRecord(number, name, _KINDS[kind].name.lower(), *rest)


def ending(row: Row) -> Ending:
    """A credential with an end, and whose it is."""
    number, name, kind, *rest = row[5:]
    return Ending(Owner(*row[:5]), number, name, _KINDS[kind].name.lower(), *rest)


def property_ending(row: Row) -> Ending:
    """A secret with an end, and of which digital property it is."""
    api_key, called, organization, organization_name, retailer_id, number, name, kind, *rest = row
    owner = Owner(
        client_id=api_key,
        application=called,
        organization=organization,
        organization_name=organization_name,
        retailer_id=retailer_id,
        is_property=True,
    )
    return Ending(owner, number, name, _KINDS[kind].name.lower(), *rest)
