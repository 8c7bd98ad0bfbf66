"""Customers."""

import msgspec

from tessera.core import changes
from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.tags import Tag
from tessera.ports.customers import UserEvent
from tessera.store.sql.statement import Select, Statement

KEYS_MAX = 100
"""Keys that one look-up of many takes; a statement has a fixed number of places for them."""

_KEYS = ", ".join(f":k{place}" for place in range(KEYS_MAX))

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddCustomer: (
        Statement(
            "insert into customer (id, organization, folded_email, profile, standing, version, due_at, identifiers,"
            " user_profile, created_at) values (:id, :organization, :folded_email, :profile, :standing, 0, :due_at,"
            " :identifiers, :user_profile, :created_at) on conflict do nothing",
            "the customer's email address is free",
        ),
    ),
    changes.ReplaceProfile: (
        Statement(
            "update customer set folded_email = :folded_email, profile = :profile"
            " where number = :customer and profile = :was_profile and forgotten_at is null"
            " and not exists (select 1 from customer other"
            " where other.organization = customer.organization and other.folded_email = :folded_email"
            " and other.number <> customer.number)",
            "the profile is as it was and the email address is free",
        ),
    ),
    changes.ClaimIdentifier: (
        Statement(
            "insert into identifier (customer, organization, external_id)"
            " select number, :organization, :external_id from customer"
            " where id = :customer_id and organization = :organization on conflict do nothing",
            "the external id is free",
        ),
    ),
    changes.ReleaseIdentifier: (
        Statement(
            "delete from identifier where organization = :organization and external_id = :external_id"
            " and customer = :customer"
        ),
    ),
    changes.ClaimReferrerCode: (
        Statement(
            "insert into referrer_code (organization, code, customer)"
            " select :organization, :code, number from customer"
            " where id = :customer_id and organization = :organization and forgotten_at is null on conflict do nothing",
            "the referrer code is free",
        ),
    ),
    changes.ReleaseReferrerCode: (Statement("delete from referrer_code where customer = :customer"),),
    changes.SetIdentifiers: (
        Statement(
            "update customer set identifiers = :identifiers"
            " where number = :customer and identifiers = :was_identifiers and forgotten_at is null",
            "the customer's external ids are as they were",
        ),
    ),
    changes.SetCustomProfile: (
        Statement(
            "update customer set user_profile = :user_profile"
            " where number = :customer and user_profile is not distinct from :was_user_profile"
            " and forgotten_at is null",
            "the custom profile is as it was",
        ),
    ),
    changes.AddPhone: (
        Statement(
            "insert into phone (organization, digits, customer, mobile)"
            " select :organization, :digits, number, :mobile from customer"
            " where id = :customer_id and organization = :organization and forgotten_at is null"
            " on conflict (organization, digits, customer) do update set mobile = excluded.mobile",
            "the customer is there",
        ),
    ),
    changes.RemovePhone: (
        Statement("delete from phone where organization = :organization and digits = :digits and customer = :customer"),
    ),
    changes.SetTag: (
        Statement(
            "insert into tag (customer, name, count, expires_at)"
            " select c.number, :name, :count, :expires_at from customer c"
            " where c.number = :customer and c.forgotten_at is null"
            " and coalesce((select t.count from tag t where t.customer = c.number and t.name = :name"
            " and t.expires_at is not distinct from :was_expires_at), 0) = :was_count"
            " on conflict (customer, name) do update set count = excluded.count, expires_at = excluded.expires_at"
            " where tag.count = :was_count",
            "the tag is as it was",
        ),
    ),
    changes.SetActivityCounter: (
        Statement(
            "insert into behaviour (customer, name, count, last_at)"
            " select c.number, :name, :count, :last_at from customer c"
            " where c.number = :customer and c.forgotten_at is null"
            " and coalesce((select b.count from behaviour b where b.customer = c.number and b.name = :name), 0)"
            " = :was_count"
            " on conflict (customer, name) do update set count = excluded.count, last_at = excluded.last_at",
            "the count is as it was",
        ),
    ),
    changes.EraseCustomer: (
        Statement(
            "update customer set id = :tombstone_id, folded_email = null, profile = '{}', identifiers = '[]',"
            " user_profile = null, forgotten_at = :forgotten_at, due_at = :due_at, version = version + 1"
            " where number = :customer and id = :id and version = :version and forgotten_at is null",
            "the customer is there and its standing as it was",
        ),
        Statement("delete from identifier where customer = :customer"),
        Statement("delete from referrer_code where customer = :customer"),
        Statement("delete from phone where customer = :customer"),
        Statement("delete from tag where customer = :customer"),
        Statement("delete from behaviour where customer = :customer"),
        Statement("delete from user_event where customer = :customer"),
        Statement("delete from merged_customer where customer = :customer"),
        Statement("delete from purchase where customer = :customer"),
        Statement("delete from purchase_award where customer = :customer"),
        Statement(
            "update ledger_entry set request = null, idempotency_id = null, fingerprint = null, reference_id = null,"
            " reference_type = null where customer = :customer"
        ),
    ),
}


class KeyedCustomerRow(msgspec.Struct, frozen=True, gc=False):
    """A customer, and the `key` by which it was looked up."""

    number: int
    id: str
    profile: str
    standing: str
    version: int
    identifiers: str
    user_profile: str | None
    key: str


class PhoneRow(msgspec.Struct, frozen=True):
    """A row of `PHONES`."""

    digits: str
    mobile: int


_CUSTOMER = "select c.number, c.id, c.profile, c.standing, c.version, c.identifiers, c.user_profile"
CUSTOMER = Select(
    f"{_CUSTOMER} from customer c where c.id = :id and c.organization = :organization and c.forgotten_at is null",
    Customer,
)
CUSTOMER_EXTERNAL = Select(
    f"{_CUSTOMER} from identifier x join customer c on c.number = x.customer"
    " where x.organization = :organization and x.external_id = :external_id",
    Customer,
)
CUSTOMER_ID_WITH_EMAIL = "select id from customer where organization = :organization and folded_email = :folded_email"
CUSTOMER_ID_WITH_REFERRER_CODE = (
    "select c.id from referrer_code r join customer c on c.number = r.customer"
    " where r.organization = :organization and r.code = :code"
)

CUSTOMER_WITH_EMAIL = Select(
    f"{_CUSTOMER} from customer c where c.organization = :organization and c.folded_email = :folded_email",
    Customer,
)

CUSTOMERS_IN = Select(
    f"{_CUSTOMER} from customer c"
    f" where c.id in ({_KEYS}) and +c.organization = :organization and c.forgotten_at is null",
    Customer,
)
"""The `+` keeps a planner from going through all of the organization's customers by its index."""

CUSTOMERS_EXTERNAL_IN = Select(
    f"{_CUSTOMER}, x.external_id as key from identifier x join customer c on c.number = x.customer"
    f" where x.organization = :organization and x.external_id in ({_KEYS})",
    KeyedCustomerRow,
)
CUSTOMERS_EMAIL_IN = Select(
    f"{_CUSTOMER}, c.folded_email as key from customer c"
    f" where c.organization = :organization and c.folded_email in ({_KEYS})",
    KeyedCustomerRow,
)
CUSTOMERS_WITH_PHONE = Select(
    f"{_CUSTOMER} from phone p join customer c on c.number = p.customer"
    " where p.organization = :organization and p.digits = :digits and p.mobile >= :mobile and p.customer > :after"
    " order by p.customer limit :limit",
    Customer,
)
CUSTOMERS_AFTER = Select(
    f"{_CUSTOMER} from customer c"
    " where c.organization = :organization and c.number > :after and c.forgotten_at is null"
    " order by c.number limit :limit",
    Customer,
)
PHONES = Select("select digits, mobile from phone where customer = :customer", PhoneRow)
TAGS = Select("select name, count, expires_at from tag where customer = :customer", Tag)
ACTIVITY_COUNTERS = Select("select name, count, last_at from behaviour where customer = :customer", ActivityCounter)
USER_EVENTS = Select(
    "select id, lookup, occurred_at from user_event where customer = :customer and id > :after order by id"
    " limit :limit",
    UserEvent,
)
