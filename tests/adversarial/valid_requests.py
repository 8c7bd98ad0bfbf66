"""A valid request for every address, its body with every field in it: what bad requests are made from."""

from collections.abc import Callable
from typing import Any

from tessera.app.demo.demo import LEVELS, MAINTENANCE_DAYS

Values = dict[str, str]
"""The values of the world, as `tests/support/world.py` and `neighbours.py` name them."""


def _user(_values: Values, fresh: str) -> dict[str, Any]:
    phone = {
        "phone_number": "+12025550100",
        "phone_type": "mobile",
        "preference_flags": ["sms", "call"],
        "verified_ownership": False,
    }
    return {
        "external_id": f"card {fresh}",
        "external_id_type": "loyalty_card",
        "identifiers": [{"external_id": f"till {fresh}", "external_id_type": "till"}],
        "email": f"{fresh}@customers.example",
        "opted_in": True,
        "gender": "f",
        "dob": "1990-02-28",
        "address": "1 Harbour Street",
        "address2": "Second floor",
        "city": "Springfield",
        "zip": "10007",
        "dma": "501",
        "state": "Illinois",
        "country": "USA",
        "locale": "en-us",
        "last_name": "Alfieri",
        "first_name": "Ada",
        "suspended": False,
        "profile_photo_url": "https://customers.example/ada.png",
        "referrer_code": f"friend {fresh}",
        "referral": {"referral_code": "friend"},
        "phone_numbers": [phone, {**phone, "preference_flags": ["sms", "call"]}],
        "test_account": False,
        "user_profile": {"favourite": {"roast": ["dark", None, 1.5]}},
        "auth_token": False,
    }


def _create(values: Values, fresh: str) -> dict[str, Any]:
    return {"user": _user(values, fresh), "auth_token": False}


def _update(values: Values, fresh: str) -> dict[str, Any]:
    external_id = values["external_id"]
    known = {"external_id": external_id, "identifiers": [{"external_id": external_id, "external_id_type": "card"}]}
    return {"user": {**_user(values, fresh), **known, "clear_identifiers": False}, "auth_token": False}


def _custom_profile(_values: Values, _fresh: str) -> dict[str, Any]:
    return {"user_profile": {"favourite": {"roast": ["dark", None, 1.5]}}}


def _merge(values: Values, _fresh: str) -> dict[str, Any]:
    spare = values["spare"]
    return {"user": {"id": values[f"{spare}_id"], "external_id": spare}}


def _tags(_values: Values, _fresh: str) -> dict[str, Any]:
    return {"tags": ["regular", {"name": "early bird", "count": 1, "expires_at": "2100-01-01 00:00:00"}], "ttl": 3600}


def _events(_values: Values, _fresh: str) -> dict[str, Any]:
    return {"events": {"visit": 2}}


def _customer(values: Values) -> dict[str, Any]:
    return {"retailer_id": values["retailer_id"], "user_id": values["customer_id"]}


def _tier_status(values: Values, _fresh: str) -> dict[str, Any]:
    return {**_customer(values), "tier_system_id": values["tier_system"], "culture": "en-us"}


def _move(values: Values, _fresh: str) -> dict[str, Any]:
    return {
        **_customer(values),
        "tier_system_id": values["tier_system"],
        "tier_level_id": values["tier_level"],
    }


def _deposit(values: Values, fresh: str) -> dict[str, Any]:
    details = [
        {
            "amount": 12.5,
            "point_account_id": values["beans"],
            "point_source_id": values["source"],
            "reference_id": "receipt-1",
            "reference_type": "receipt",
            "idempotency_id": f"{fresh} {place}",
        }
        for place in range(2)
    ]
    return {**_customer(values), "deposit_details": details, "allow_partial_success": False}


def _spend(values: Values, fresh: str) -> dict[str, Any]:
    details = [
        {
            "amount": 0.25,
            "point_account_ids": [values["beans"], values["charity"]],
            "reference_id": "order-1",
            "reference_type": "order",
            "idempotency_id": f"{fresh} {place}",
            "force_spend": False,
            "is_return": False,
        }
        for place in range(2)
    ]
    return {**_customer(values), "spend_details": details, "allow_partial_success": False}


def _balances(values: Values, _fresh: str) -> dict[str, Any]:
    return {**_customer(values), "point_account_ids": [values["beans"], values["charity"]], "culture": "en-us"}


def _audit_log(values: Values, _fresh: str) -> dict[str, Any]:
    return {**_customer(values), "skip": 0, "take": 5}


def _event(values: Values, _fresh: str) -> dict[str, Any]:
    return {**_customer(values), "event_lookup": values["event"], "is_session_m": True}


def _transaction(values: Values, fresh: str) -> dict[str, Any]:
    payment = {
        "payment_id": "p1",
        "amount": 12.5,
        "type": "CASH",
        "user_id": values["customer_id"],
        "user_id_type": "SessionM_ID",
    }
    item = {"item_id": "i1", "line_id": "1", "name": "Beans", "quantity": 2, "unit_price": 6.25, "subtotal": 12.5}
    return {
        "store_id": "riverton-1",
        "client_id": values["retailer_id"],
        "request_id": f"request {fresh}",
        "user_id": values["customer_id"],
        "user_id_type": "SessionM_ID",
        "request_payload": {
            "transaction_id": fresh,
            "subtotal": 12.5,
            "channel": "store",
            "type": "purchase",
            "original_transaction_id": None,
            "open_time": "2026-01-31 12:30:00.000",
            "modified_time": "2026-01-31T12:30:00.2727288Z",
            "items": [item, {**item, "line_id": "2"}],
            "payments": [payment],
            "discounts": [{"discount_id": "d1", "name": "Early bird", "amount": 0.5}],
        },
    }


def _page(values: Values, _fresh: str) -> dict[str, Any]:
    return {
        "retailer_id": values["retailer_id"],
        "skip": 0,
        "take": 5,
        "sort_column": "name",
        "sort_direction": "desc",
    }


def _accounts(values: Values, fresh: str) -> dict[str, Any]:
    return {
        **_page(values, fresh),
        "include_point_sources": True,
        "include_expiration_policy": True,
        "include_restrictions": True,
    }


def _tier_systems(values: Values, fresh: str) -> dict[str, Any]:
    return {**_page(values, fresh), "tier_system_id": values["tier_system"]}


def _program(values: Values, _fresh: str) -> dict[str, Any]:
    return {"retailer_id": values["retailer_id"]}


def _apply(values: Values, _fresh: str) -> dict[str, Any]:
    levels = [{"name": name, "points": points, "accounts": ["Status points"]} for name, points in LEVELS[1:]]
    program = {
        "organization": values["organization"],
        "retailer_id": values["retailer_id"],
        "point_accounts": [
            {"name": "Beans", "group": "Spend"},
            {"name": "Status points", "group": "Tier"},
            {"name": "Charity", "group": "Other"},
            {"name": "Stamps", "id": values["stamps"], "group": "Spend", "lifetime_days": 400, "overdraw": True},
        ],
        "point_sources": [{"name": "Till"}, {"name": "Web shop"}, {"name": "Kiosk", "id": values["source"]}],
        "tier_systems": [
            {
                "name": "Aurora Club",
                "id": values["tier_system"],
                "maintenance_days": MAINTENANCE_DAYS,
                "levels": [
                    {"name": LEVELS[0][0]},
                    *levels[:-1],
                    {**levels[-1], "id": values[f"level_{len(levels)}"], "keep": 4000},
                ],
            }
        ],
        "events": [
            {
                "lookup": "survey_completed",
                "name": "Survey completed",
                "awards": [{"account": "Beans", "points": 25}],
            },
            {
                "lookup": values["event"],
                "id": values["event_id"],
                "name": "An event",
                "awards": [{"account": "Beans", "points": 1, "source": "Kiosk"}],
            },
        ],
        "purchases": [
            {"name": "Beans for purchases", "account": "Beans", "points": 1, "excluded_items": ["gift-card"]},
            {"name": "Status for purchases", "account": "Status points", "points": 1, "excluded_items": ["gift-card"]},
            {
                "name": "A rule",
                "id": values["purchase_rule"],
                "account": "Stamps",
                "points": 1,
                "per": 2,
                "rounding": "none",
                "minimum": 1_000_000,
                "channels": ["kiosk"],
                "excluded_items": ["none"],
                "source": "Kiosk",
            },
        ],
    }
    return {"retailer_id": values["retailer_id"], "program": program, "dry_run": False}


_USER = "/priv/v1/apps/{api_key}/users/{user_id}"
_EXTERNAL = "/priv/v1/apps/{api_key}/external/users/{external_id}"

BODIES: dict[str, Callable[[Values, str], Any]] = {
    "POST /api/1.0/movement/move_user": _move,
    "POST /api/1.0/point_accounts/fetch": _accounts,
    "POST /api/1.0/point_audit_logs/fetch_point_audit_logs": _audit_log,
    "POST /api/1.0/point_sources/fetch": _page,
    "POST /api/1.0/programs/apply": _apply,
    "POST /api/1.0/programs/fetch": _program,
    "POST /api/1.0/tier_systems/fetch": _tier_systems,
    "POST /api/1.0/user_events/trigger_user_event": _event,
    "POST /api/1.0/user_points/all_balances": _balances,
    "POST /api/1.0/user_points/balance": _balances,
    "POST /api/1.0/user_points/deposit": _deposit,
    "POST /api/1.0/user_points/spend_multiple": _spend,
    "POST /api/1.0/user_tiers/tier_status": _tier_status,
    "POST /api/2.0/send_transaction": _transaction,
    "POST /api/2.0/user_points/deposit": _deposit,
    "POST /api/2.0/user_points/fetch_point_audit_logs": _audit_log,
    "POST /priv/v1/apps/{api_key}/users": _create,
    **{
        f"{method} {address}{tail}": body
        for address in (_USER, _EXTERNAL)
        for method, tail, body in (
            ("PUT", "", _update),
            ("POST", "/models/user_profile", _custom_profile),
            ("PUT", "/models/user_profile", _custom_profile),
            ("POST", "/merge_accounts", _merge),
            ("POST", "/tags", _tags),
            ("POST", "/events", _events),
        )
    },
}
"""A body by method and address (without the prefixes), given the values of the world and a text never used before."""

QUERIES: dict[str, str] = {
    "GET /priv/v1/apps/{api_key}/users": "user_ids[]=nobody",
    "GET /priv/v1/apps/{api_key}/users/search": "external_id=card-000001",
    "GET /priv/v1/apps/{api_key}/users/search_users": "email=nobody%40customers.example",
}
"""A query string for each address that cannot do without one, by method and address as they are in `BODIES`."""

FOREIGN = {
    "client_id": ("their_retailer_id", "not_found"),
    "event_lookup": ("their_event", "not_found"),
    "point_account_id": ("their_account", "not_found"),
    "point_account_ids": ("their_account", "not_found"),
    "point_source_id": ("their_source", "not_found"),
    "program.organization": ("their_organization", "validation"),
    "program.retailer_id": ("their_retailer_id", "validation"),
    "retailer_id": ("their_retailer_id", "not_found"),
    "tier_level_id": ("their_tier_level", "not_found"),
    "tier_system_id": ("their_tier_system", "not_found"),
    "user.id": ("their_customer_id", "user_not_found"),
    "user_id": ("their_customer_id", "user_not_found"),
}
"""For each field that names something of an organization: another one's value of the world, and how it is refused.

Fields are known by their path where that stands here, and otherwise by their own name.
"""
