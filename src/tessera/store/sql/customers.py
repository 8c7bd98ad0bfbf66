"""Customers."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

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
            " where number = :customer and profile = :was_profile and not exists (select 1 from customer other"
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
}

CUSTOMER_COLUMNS = "select c.number, c.id, c.profile, c.standing, c.version, c.identifiers, c.user_profile"
CUSTOMER = f"{CUSTOMER_COLUMNS} from customer c where c.id = :id and c.organization = :organization"
CUSTOMER_EXTERNAL = (
    f"{CUSTOMER_COLUMNS} from identifier x join customer c on c.number = x.customer"
    " where x.organization = :organization and x.external_id = :external_id"
)
CUSTOMER_ID_WITH_EMAIL = "select id from customer where organization = :organization and folded_email = :folded_email"
