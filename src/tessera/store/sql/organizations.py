"""Renaming, disabling, enabling and deleting organizations.

The row of a deleted organization stays, under another name, with the program that it declared: the ledger and the
memberships of all other organizations would be searched for every account and level that goes.
"""

from tessera.core import changes
from tessera.core.organizations import OrganizationCounts
from tessera.store.sql.identity import CUT_OFF
from tessera.store.sql.statement import Select, Statement

_STILL_DISABLED = Statement(
    "update organization set enabled = 0 where number = :organization and enabled = 0 and deleted_at is null",
    "the organization is disabled",
)
"""Restates that an organization is disabled, before anything of it goes."""

_CUSTOMERS = "(select number from customer where organization = :organization order by number limit :limit)"
_APPLICATIONS = "(select number from application where organization = :organization order by number limit :limit)"
_EVENTS = "(select number from event where organization = :organization order by number limit :limit)"

_OF_CUSTOMERS = (
    "identifier",
    "referrer_code",
    "phone",
    "tag",
    "behaviour",
    "user_event",
    "membership",
    "ledger_entry",
    "purchase_award",
    "purchase",
    "merged_customer",
)
"""Tables with a column `customer`."""

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.RenameOrganization: (
        Statement(
            "update organization set name = :name where number = :organization and deleted_at is null"
            " and not exists (select 1 from organization o where o.name = :name and o.number <> :organization)",
            "the organization exists and no other has this name",
        ),
    ),
    changes.DisableOrganization: (
        Statement(
            f"update organization set enabled = 0, {CUT_OFF} where number = :organization and enabled = 1"
            " and deleted_at is null",
            "the organization is enabled",
        ),
    ),
    changes.EnableOrganization: (
        Statement(
            f"update organization set enabled = 1, {CUT_OFF} where number = :organization and enabled = 0"
            " and deleted_at is null",
            "the organization is disabled",
        ),
    ),
    changes.DeleteOrganizationCustomers: (
        _STILL_DISABLED,
        *(Statement(f"delete from {table} where customer in {_CUSTOMERS}") for table in _OF_CUSTOMERS),
        Statement(f"delete from customer where number in {_CUSTOMERS}"),
    ),
    changes.DeleteOrganizationApplications: (
        _STILL_DISABLED,
        *(
            Statement(f"delete from {table} where application in {_APPLICATIONS}")
            for table in ("credential", "application_usage", "usage_hour", "access")
        ),
        Statement(f"update resource set application = null where application in {_APPLICATIONS}"),
        Statement(f"delete from application where number in {_APPLICATIONS}"),
    ),
    changes.DeleteOrganizationEvents: (
        _STILL_DISABLED,
        Statement(f"delete from event where number in {_EVENTS}"),
    ),
    changes.DeleteOrganization: (
        Statement(
            # No name that an operator can give is free of ASCII, so this one is never taken.
            "update organization set deleted_at = :at, name = '\u2020' || number"
            " where number = :organization and enabled = 0 and deleted_at is null"
            " and not exists (select 1 from customer where organization = :organization)"
            " and not exists (select 1 from application where organization = :organization)",
            "the organization is disabled, and has no customers and no applications",
        ),
        Statement(
            "delete from delivery where webhook in (select number from webhook where organization = :organization)"
        ),
        Statement("delete from webhook where organization = :organization"),
        Statement("delete from event where organization = :organization"),
        Statement(
            "delete from property_secret where property in"
            " (select number from property where organization = :organization)"
        ),
        Statement("delete from property where organization = :organization"),
    ),
}

COUNTS = Select(
    "select (select count(*) from (select 1 from application where organization = :organization limit :limit) a)"
    " as applications,"
    " (select count(*) from (select 1 from property where organization = :organization limit :limit) p) as properties,"
    " (select count(*) from (select 1 from webhook where organization = :organization limit :limit) w) as webhooks,"
    " (select count(*) from (select 1 from customer where organization = :organization limit :limit) c) as customers,"
    " (select count(*) from (select 1 from event where organization = :organization limit :limit) e) as events",
    OrganizationCounts,
)
"""How much an organization has of each, counted up to a limit: nobody waits for a million rows to be counted."""
