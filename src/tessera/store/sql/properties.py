"""Digital properties and their secrets."""

import msgspec

from tessera.core import changes
from tessera.core.clients.applications import FOREVER, CredentialKind
from tessera.store.sql.applications import CredentialRow
from tessera.store.sql.rotation import EndingRow
from tessera.store.sql.statement import Select, Statement

_PROPERTY = "(select number from property where api_key = :api_key)"

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddProperty: (
        Statement(
            "insert into property (organization, name, api_key, created_at)"
            " values (:organization, :name, :api_key, :created_at) on conflict do nothing",
            "the property's name and API key are free",
        ),
    ),
    changes.RenameProperty: (
        Statement(
            "update property set name = :name where api_key = :api_key and not exists (select 1 from property other"
            " where other.organization = property.organization and other.name = :name and other.api_key <> :api_key)",
            "the property exists and no other of its organization has this name",
        ),
    ),
    changes.DisableProperty: (
        Statement(
            "update property set enabled = 0 where api_key = :api_key and enabled = 1", "the property is enabled"
        ),
    ),
    changes.EnableProperty: (
        Statement(
            "update property set enabled = 1 where api_key = :api_key and enabled = 0", "the property is disabled"
        ),
    ),
    changes.DeleteProperty: (
        Statement(f"delete from property_secret where property = {_PROPERTY}"),
        Statement("delete from property where api_key = :api_key", "the property exists"),
    ),
    changes.SetPropertyLimits: (
        Statement(
            "update property set rails = :limits where api_key = :api_key and rails = :previous_limits",
            "the property's limits are as they were",
        ),
    ),
    changes.AddPropertySecret: (
        Statement(
            "insert into property_secret (property, name, digest, last_four, created_at, ends_at)"
            " select number, :name, :digest, :last_four, :created_at, :ends_at"
            " from property where api_key = :api_key on conflict do nothing",
            "the property exists and the secret's name is free",
        ),
    ),
    changes.EndPropertySecret: (
        Statement(
            "update property_secret set ends_at = :ends_at where number = :number"
            f" and property = {_PROPERTY} and ends_at is not distinct from :was_ends_at",
            "the secret's end is as it was",
        ),
    ),
    changes.FinishPropertySecret: (
        Statement(
            "update property_secret set ends_at = :ends_at where number = :number"
            f" and property = {_PROPERTY} and ends_at is not distinct from :was_ends_at"
            " and coalesce(last_used_at, 0) < :unused_since",
            "the secret's end is as it was, and it was not used meanwhile",
        ),
    ),
    changes.KeepPropertySecret: (
        Statement(
            f"update property_secret set ends_at = ends_at where number = :number and property = {_PROPERTY}"
            " and ends_at is not distinct from :ends_at"
            f" and number = (select max(number) from property_secret where property = {_PROPERTY})",
            "the property's secrets are as they were",
        ),
    ),
    changes.MarkPropertySecretUsed: (
        Statement("update property_secret set last_used_at = :at, last_used_from = :source where number = :number"),
    ),
}


class PropertyRow(msgspec.Struct, frozen=True, gc=False):
    """A row of `PROPERTY`: one for each secret of a digital property."""

    number: int
    api_key: str
    organization: int
    enabled: int
    limits: str
    secret: int | None
    digest: bytes
    ends_at: int | None


class RecordRow(msgspec.Struct, frozen=True):
    """A row of `RECORDS`: a digital property as its operator sees it."""

    number: int
    name: str
    organization: str
    api_key: str
    enabled: int
    limits: str
    created_at: int
    last_used_at: int | None


PROPERTY = Select(
    "select p.number, p.api_key, p.organization, p.enabled * o.enabled as enabled, p.rails as limits,"
    " s.number as secret, s.digest, s.ends_at"
    " from property p join organization o on o.number = p.organization"
    " left join property_secret s on s.property = p.number"
    " where p.api_key = :api_key order by s.number",
    PropertyRow,
)

RECORDS = Select(
    "select p.number, p.name, o.name as organization, p.api_key, p.enabled, p.rails as limits, p.created_at,"
    " (select max(s.last_used_at) from property_secret s where s.property = p.number) as last_used_at"
    " from property p join organization o on o.number = p.organization order by p.number",
    RecordRow,
)

SECRETS = Select(
    f"select s.number, s.name, {CredentialKind.KEYED:d} as kind, s.last_four, s.created_at, s.ends_at, s.last_used_at,"
    " s.last_used_from, null as named from property_secret s join property p on p.number = s.property"
    " where p.api_key = :api_key order by s.number",
    CredentialRow,
)

ENDING = Select(
    "select p.api_key as client_id, p.name as application, p.organization, o.name as organization_name,"
    f" o.retailer_id, s.number, s.name, {CredentialKind.KEYED:d} as kind, s.ends_at,"
    f" (select max(coalesce(x.ends_at, {FOREVER})) from property_secret x where x.property = s.property)"
    " as application_until, s.last_used_at, s.last_used_from, (select max(x.last_used_at) from property_secret x"
    f" where x.property = s.property and coalesce(x.ends_at, {FOREVER}) > s.ends_at) as newer_used_at"
    " from property_secret s join property p on p.number = s.property"
    " join organization o on o.number = p.organization"
    " where s.ends_at >= :after and s.ends_at <= :until and (s.ends_at > :after or s.number > :after_number)"
    " and p.enabled = 1 and o.enabled = 1 order by s.ends_at, s.number limit :limit",
    EndingRow,
)
"""Secrets of enabled properties about to end, in the columns of `rotation.ENDING`."""
