"""Every statement, once, in the SQL that SQLite and PostgreSQL share.

`:name` parameters, named columns. No `like`, `lower` or order by text; text is compared exactly.
"""

from typing import NamedTuple

from tessera.core import changes


class Statement(NamedTuple):
    """A write. When `fact` is given, exactly one row must be touched; otherwise that fact did not hold."""

    sql: str
    fact: str = ""


NOTICE = "insert into change (kind, key) values (:kind, :key) returning sequence"

_APPLICATION = "(select number from application where client_id = :client_id)"

_CUT_OFF = "tokens_valid_from = case when tokens_valid_from > :at then tokens_valid_from else :at end"
"""Never back, not even when the clock went back: what was dead stays dead."""

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddOrganization: (
        Statement(
            "insert into organization (name, retailer_id, created_at) values (:name, :retailer_id, :created_at)"
            " on conflict do nothing",
            "the organization's name is free",
        ),
    ),
    changes.AddProperty: (
        Statement(
            "insert into property (organization, name, api_key, digest, last_four, created_at)"
            " values (:organization, :name, :api_key, :digest, :last_four, :created_at) on conflict do nothing",
            "the property's name and API key are free",
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
    changes.AddSecret: (
        Statement(
            "insert into secret (application, name, kind, digest, last_four, created_at, ends_at)"
            " select number, :name, :kind, :digest, :last_four, :created_at, :ends_at"
            " from application where client_id = :client_id on conflict do nothing",
            "the application exists and the secret's name is free",
        ),
    ),
    changes.EndSecret: (
        Statement(
            "update secret set ends_at = :ends_at where number = :number"
            f" and application = {_APPLICATION} and ends_at is not distinct from :was_ends_at",
            "the secret's end is as it was",
        ),
    ),
    changes.DisableApplication: (
        Statement(
            f"update application set enabled = 0, {_CUT_OFF} where client_id = :client_id and enabled = 1",
            "the application is enabled",
        ),
    ),
    changes.EnableApplication: (
        Statement(
            f"update application set enabled = 1, {_CUT_OFF} where client_id = :client_id and enabled = 0",
            "the application is disabled",
        ),
    ),
    changes.SetQueryCredentials: (
        Statement(
            "update application set query_credentials = :query_credentials where client_id = :client_id",
            "the application exists",
        ),
    ),
    changes.DeleteApplication: (
        Statement(f"delete from secret where application = {_APPLICATION}"),
        Statement(f"delete from application_usage where application = {_APPLICATION}"),
        Statement("delete from application where client_id = :client_id", "the application exists"),
    ),
    changes.RevokeToken: (
        Statement(
            "insert into revocation (token_id, expires_at) values (:token_id, :expires_at) on conflict do nothing"
        ),
    ),
    changes.ForgetRevocations: (
        Statement("delete from revocation where expires_at <= :now"),
        Statement("delete from change where sequence < :before_sequence"),
    ),
    changes.AddKey: (
        Statement(
            "insert into wrapped_key (purpose, number, wrapped, created_at, signs_from)"
            " values (:purpose, :number, :wrapped, :created_at, :signs_from) on conflict do nothing",
            "the key's number is free",
        ),
    ),
    changes.AddPointAccount: (
        Statement(
            "insert into point_account (id, organization, name, grouping_label)"
            " values (:id, :organization, :name, :grouping_label) on conflict do nothing",
            "the point account's id and name are free",
        ),
    ),
    changes.AddTierSystem: (
        Statement(
            "insert into tier_system (id, organization, name, maintenance_days)"
            " values (:id, :organization, :name, :maintenance_days) on conflict do nothing",
            "the tier system's id and name are free",
        ),
    ),
    changes.AddTierLevel: (
        Statement(
            "insert into tier_level (id, tier_system, rank, name)"
            " select :id, number, :rank, :name from tier_system"
            " where id = :tier_system_id and organization = :organization on conflict do nothing",
            "the tier system exists and the level's id and rank are free",
        ),
    ),
    changes.AddTierRule: (
        Statement(
            "insert into tier_rule (id, tier_level, tree_id, root_id, constraint_id, target)"
            " select :id, number, :tree_id, :root_id, :constraint_id, :target from tier_level"
            " where id = :tier_level_id on conflict do nothing",
            "the level exists and has no rule yet",
        ),
    ),
    changes.AddTierRuleAccount: (
        Statement(
            "insert into tier_rule_account (tier_rule, point_account)"
            " select r.number, p.number from tier_rule r, point_account p"
            " where r.id = :rule_id and p.id = :point_account_id and p.organization = :organization"
            " on conflict do nothing",
            "the rule and the point account exist",
        ),
    ),
    changes.AddCustomer: (
        Statement(
            "insert into customer (id, organization, folded_email, profile, standing, identifiers, user_profile,"
            " created_at) values (:id, :organization, :folded_email, :profile, :standing, :identifiers,"
            " :user_profile, :created_at)"
            " on conflict do nothing",
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
    changes.SetStanding: (
        Statement(
            "update customer set standing = :standing where id = :customer_id and standing = :was_standing",
            "the customer's standing is as it was",
        ),
    ),
    changes.AddEntry: (
        Statement(
            "insert into ledger_entry (id, customer, point_account, amount, kind, idempotency_id, fingerprint,"
            " reference_id, reference_type, point_source_id, occurred_at)"
            " select :id, number, :point_account, :amount, :kind, :idempotency_id, :fingerprint,"
            " :reference_id, :reference_type, :point_source_id, :occurred_at"
            " from customer where id = :customer_id on conflict do nothing",
            "the idempotency id is free",
        ),
    ),
    changes.JoinTier: (
        Statement(
            "insert into membership (id, customer, tier_system, tier_level, joined_at, next_maintenance_eval_at)"
            " select :id, number, :tier_system, :tier_level, :joined_at, :next_maintenance_eval_at"
            " from customer where id = :customer_id on conflict do nothing",
            "the customer holds no level of the tier system",
        ),
    ),
    changes.LeaveTier: (
        Statement(
            "update membership set left_at = :left_at where id = :id and left_at is null",
            "the membership is current",
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
    changes.MarkSecretUsed: (Statement("update secret set last_used_at = :at where number = :number"),),
}

_APPLICATION_COLUMNS = (
    "select a.number, a.client_id, a.organization, a.enabled, a.scope, a.token_lifetime_seconds,"
    " a.query_credentials, a.tokens_valid_from, s.number, s.kind, s.digest, s.ends_at"
    " from application a left join secret s on s.application = a.number"
)
APPLICATION = f"{_APPLICATION_COLUMNS} where a.client_id = :client_id order by s.number"
APPLICATION_NUMBERED = f"{_APPLICATION_COLUMNS} where a.number = :number order by s.number"

PROPERTY = "select number, api_key, organization, digest from property where api_key = :api_key"

PROGRAM = "select number, retailer_id from organization where number = :organization"
PROGRAM_ACCOUNTS = (
    "select number, id, name, grouping_label from point_account where organization = :organization order by number"
)
PROGRAM_LEVELS = (
    "select t.number, t.id, t.name, t.maintenance_days, l.number, l.id, l.rank, l.name,"
    " r.tree_id, r.root_id, r.id, r.constraint_id, r.target, a.point_account"
    " from tier_system t join tier_level l on l.tier_system = t.number"
    " left join tier_rule r on r.tier_level = l.number left join tier_rule_account a on a.tier_rule = r.number"
    " where t.organization = :organization order by t.number, l.rank, a.point_account"
)


_CUSTOMER_COLUMNS = "select c.number, c.id, c.profile, c.standing, c.identifiers, c.user_profile"
CUSTOMER = f"{_CUSTOMER_COLUMNS} from customer c where c.id = :id and c.organization = :organization"
CUSTOMER_EXTERNAL = (
    f"{_CUSTOMER_COLUMNS} from identifier x join customer c on c.number = x.customer"
    " where x.organization = :organization and x.external_id = :external_id"
)
CUSTOMER_ID_WITH_EMAIL = "select id from customer where organization = :organization and folded_email = :folded_email"

ENTRY = (
    "select id, point_account, amount, fingerprint, occurred_at from ledger_entry"
    " where customer = :customer and idempotency_id = :idempotency_id"
)

KEYS = (
    "select purpose, number, wrapped, created_at, signs_from, verifies_until from wrapped_key order by purpose, number"
)
REVOCATIONS = "select token_id, expires_at from revocation where expires_at > :now"
LAST_SEQUENCE = "select coalesce(max(sequence), 0) from change"
NOTICES_AFTER = "select sequence, kind, key from change where sequence > :sequence order by sequence"

ORGANIZATIONS = "select number, name, retailer_id, created_at from organization order by number"
PROPERTIES = (
    "select p.number, p.name, o.name, p.api_key, p.last_four, p.created_at"
    " from property p join organization o on o.number = p.organization order by p.number"
)
_APPLICATION_RECORD = (
    "select a.number, a.client_id, a.name, o.name, a.enabled, a.scope, a.token_lifetime_seconds,"
    " a.query_credentials, a.created_at, coalesce(u.tokens_issued, 0), coalesce(u.query_credentials_used, 0),"
    " u.last_token_at from application a join organization o on o.number = a.organization"
    " left join application_usage u on u.application = a.number"
)
APPLICATIONS = f"{_APPLICATION_RECORD} where a.number > :after order by a.number limit :limit"
APPLICATION_BY_CLIENT_ID = f"{_APPLICATION_RECORD} where a.client_id = :name"
APPLICATION_BY_NAME = f"{_APPLICATION_RECORD} where a.name = :name"
SECRETS = (
    "select s.number, s.name, s.kind, s.last_four, s.created_at, s.ends_at, s.last_used_at"
    " from secret s join application a on a.number = s.application"
    " where a.client_id = :client_id order by s.number"
)

SCHEMA_VERSION = "select version_num from alembic_version"

NEWEST = (
    "select max(at) from (select max(created_at) as at from organization"
    " union all select max(created_at) from application union all select max(created_at) from secret"
    " union all select max(created_at) from wrapped_key union all select max(created_at) from customer"
    " union all select max(last_token_at) from application_usage)"
)
SECRETS_ENDING = (
    "select a.name, s.name, s.ends_at from secret s join application a on a.number = s.application"
    " where s.ends_at > :now and s.ends_at < :until order by s.ends_at, s.number"
)
WARNED = (
    "select a.name, u.query_credentials_used from application a join application_usage u on u.application = a.number"
    " where a.query_credentials = :warn and u.query_credentials_used > 0 order by a.number"
)
