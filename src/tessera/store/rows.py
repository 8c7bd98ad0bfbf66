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
    return Application(
        number,
        client_id,
        organization,
        enabled == 1,
        scopes.stored(scope),
        _the_same(lifetime),
        _POLICIES[policy],
        valid_from,
        *held(list(credentials.values())),
        _options(tuple(rows[0][14:23]), tuple(access.items())),
        _the_same(generations.combined(*rows[0][23:25])),
    )


@lru_cache(maxsize=1024)
def _options(columns: tuple[Any, ...], access: tuple[tuple[int, str], ...]) -> Options:
    """Options as one object for all applications that have the same."""
    if not any(columns) and not access:
        return DEFAULT_OPTIONS
    token_format, methods, binding, reuse, rails, profile, audience, algorithms, json = columns
    return Options(
        TokenFormat(token_format),
        AuthenticationMethod(methods),
        TokenBinding(binding),
        reuse == 1,
        rails,
        tuple((resource, scopes.parse(scope)) for resource, scope in access),
        Profile(profile),
        AssertionAudience(audience),
        SigningAlgorithms(algorithms),
        JSONRequests(json),
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
    return Property(number, api_key, organization, enabled == 1, tuple(secrets), rails)


def property_record(row: Row) -> PropertyRecord:
    """The operator's view of a digital property."""
    number, name, organization, api_key, enabled, *rest = row
    return PropertyRecord(number, name, organization, api_key, enabled == 1, *rest)


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
        number,
        retailer_id,
        tuple(_account(*row) for row in accounts),
        tuple(_system(list(rows)) for _, rows in groupby(levels, key=lambda row: row[0])),
        tuple(PointSource(row[0], row[1], row[2], row[3] is not None) for row in sources),
        tuple(_event_rule(list(rows)) for _, rows in groupby(events, key=lambda row: row[0])),
        version,
        tuple(_purchase_rule(*row) for row in purchases),
    )


def _account(*row: Any) -> PointAccount:
    number, account_id, name, grouping_label, lifetime_days, overdraw, retired_at = row
    return PointAccount(number, account_id, name, grouping_label, lifetime_days, overdraw == 1, retired_at is not None)


def _event_rule(rows: list[Row]) -> EventRule:
    awards = tuple(Award(*row[4:7]) for row in rows if row[4] is not None)
    number, rule_id, lookup, name = rows[0][:4]
    return EventRule(number, rule_id, lookup, name, awards, rows[0][7] is not None)


def _purchase_rule(*row: Any) -> PurchaseRule:
    number, rule_id, name, account, points, per, rounding, minimum, channels, excluded, source, retired_at = row
    lists = _names(channels), _names(excluded)
    earns = account, points, per, rounding, minimum
    return PurchaseRule(number, rule_id, name, *earns, *lists, source, retired_at is not None)


_names = msgspec.json.Decoder(tuple[str, ...]).decode


def _system(rows: list[Row]) -> TierSystem:
    number, system_id, name, maintenance_days = rows[0][:4]
    there = [row for row in rows if row[4] is not None]
    levels = tuple(_level(level) for _, level in groupby(there, key=lambda row: row[4]))
    return TierSystem(number, system_id, name, maintenance_days, levels, rows[0][15] is not None)


def _level(rows: Iterable[Row]) -> TierLevel:
    parts = list(rows)
    number, level_id, rank, name, tree_id, root_id, rule_id, constraint_id, target, keep_target = parts[0][4:14]
    rule = None
    if rule_id is not None:
        accounts = tuple(row[14] for row in parts if row[14] is not None)
        rule = Rule(tree_id, root_id, rule_id, constraint_id, target, accounts, keep_target)
    return TierLevel(number, level_id, rank, name, rule, parts[0][16] is not None)


def application_record(row: Row) -> ApplicationRecord:
    """The operator's view of an application."""
    number, client_id, name, organization, enabled, scope, lifetime, policy, *options = row
    token_format, methods, binding, reuse, profile, audience, algorithms, json, rails, *rest = options
    created_at, tokens_issued, query_credentials_used, last_token_at, organization_enabled = rest
    return ApplicationRecord(
        number,
        client_id,
        name,
        organization,
        enabled == 1,
        scope,
        lifetime,
        _POLICIES[policy].name.lower(),
        TokenFormat(token_format).name.lower(),
        _methods(methods),
        TokenBinding(binding).name.lower(),
        reuse == 1,
        Profile(profile).name.lower(),
        AssertionAudience(audience).name.lower(),
        shown(SigningAlgorithms(algorithms)),
        JSONRequests(json).name.lower(),
        rails,
        created_at,
        tokens_issued,
        query_credentials_used,
        last_token_at,
        organization_enabled == 1,
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
    owner = Owner(api_key, called, organization, organization_name, retailer_id, is_property=True)
    return Ending(owner, number, name, _KINDS[kind].name.lower(), *rest)
