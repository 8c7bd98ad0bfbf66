"""Every endpoint and every object of an answer, with a statement: which writes take it back, or why none does.

Endpoints are named by their operation ids and objects by their schemas, so both lists are those of the OpenAPI
document. An object without a schema of its own is named by the member that it stands in.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tessera.web.reference.document import document
from tessera.web.routes import Route

Statement = tuple[str, ...] | str
"""The operations that take it, or the reason why it is read only."""

LEDGER = "read only: the ledger is append-only, points move by depositPoints, spendPoints and sendTransaction"
PROGRAM = "read only: the program is declared by applyProgram, in the form of ProgramDeclaration"
LEVELS = "read only: a level is described by the program, and held by its rules or by moveCustomer"
ISSUED = "read only: tokens are issued by requestToken and ended by revokeToken"
SERVER = "read only: it describes this server"
NONE = "read only: campaigns are not offered"
REPORT = "read only: it reports what an operation did"

PROFILE = ("createCustomer", "updateCustomer")
OWN = ("replaceCustomProfile", "updateCustomProfile")

OBJECTS: dict[str, Statement] = {
    "Customer": PROFILE,
    "ListedCustomer": PROFILE,
    "Identifier": PROFILE,
    "StoredPhoneNumber": PROFILE,
    "Referral": PROFILE,
    "Customer.user_profile": OWN,
    "ListedCustomer.user_profile": OWN,
    "CustomProfileReply.user_profile": OWN,
    "Tag": ("addTags",),
    "EventsReply.events": ("countEvents",),
    "TierMembership": ("moveCustomer",),
    "UserEvent": ("triggerEvent",),
    "DepositResult": ("depositPoints",),
    "SpendResult": ("spendPoints",),
    "Recorded": ("sendTransaction",),
    **dict.fromkeys(
        (
            "DeclaredProgram", "ProgramDeclaration", "PointAccountDeclaration", "PointSourceDeclaration",
            "TierSystemDeclaration", "TierLevelDeclaration", "EventDeclaration", "AwardDeclaration",
            "PurchaseDeclaration",
        ),
        ("applyProgram",),
    ),
    **dict.fromkeys(
        ("Balance", "BalanceSummary", "Balances", "AwardedPoints", "AuditLog", "AuditLogEntry", "TimelineEvent",
         "DepositAnswer", "SpendAnswer", "SpendSummary"),
        LEDGER,
    ),
    **dict.fromkeys(
        ("TierDetails", "TierStatus", "TierOverview", "TierProgress", "Progress", "TierRule", "TierRuleResult",
         "TierRuleConstraint", "TierRuleConstraint.point_accounts"),
        LEVELS,
    ),
    **dict.fromkeys(
        ("PointAccount", "PointAccountPage", "PointSource", "PointSourcePage", "ExpirationPolicy", "TierSystem",
         "TierSystems", "OneTierSystem", "TierLevel"),
        PROGRAM,
    ),
    **dict.fromkeys(("ProgramChange", "ProgramStep", "UserEventResult", "Outcome"), REPORT),
    **dict.fromkeys(("Campaigns", "Campaigns.tiles[]", "Campaigns.promotions[]"), NONE),
    **dict.fromkeys(
        ("TokenReply", "RevokeReply", "ActiveToken", "InactiveToken", "Confirmation", "TokenInfo", "TokenApplication"),
        ISSUED,
    ),
    **dict.fromkeys(("AuthorizationServer", "EndpointAliases", "ProtectedResource", "JWKSet", "JWKSet.keys[]"), SERVER),
}  # fmt: skip

ENDPOINTS: dict[str, Statement] = {
    **dict.fromkeys(
        ("createCustomer", "getCustomer", "getCustomers", "findCustomer", "searchCustomers", "updateCustomer",
         "deleteCustomer", "mergeAccounts"),
        (*PROFILE, "moveCustomer", *OWN),
    ),
    "replaceCustomProfile": OWN,
    "updateCustomProfile": OWN,
    "getTags": ("addTags",),
    "addTags": ("addTags",),
    "countEvents": ("countEvents",),
    "getTierStatus": ("moveCustomer",),
    "moveCustomer": ("moveCustomer",),
    "triggerEvent": ("triggerEvent",),
    "depositPoints": ("depositPoints",),
    "spendPoints": ("spendPoints",),
    "sendTransaction": ("sendTransaction",),
    "getProgram": ("applyProgram",),
    "applyProgram": REPORT,
    "getBalances": LEDGER,
    "getPointAuditLog": LEDGER,
    "getUsersTimelines": LEDGER,
    "listPointAccounts": PROGRAM,
    "listPointSources": PROGRAM,
    "listTierSystems": PROGRAM,
    "getCampaigns": NONE,
    "getUsersCampaigns": NONE,
    **dict.fromkeys(("requestToken", "revokeToken", "introspectToken", "getTokenInfo"), ISSUED),
    **dict.fromkeys(
        ("getAuthorizationServer", "getOpenIDConfiguration", "getProtectedResource", "getSigningKeys"), SERVER
    ),
}  # fmt: skip

ENVELOPE = "status"
"""The member by which the schema of a whole answer is its envelope, and not an object."""


class Endpoint(NamedTuple):
    """One address of an operation, with the schema of its answer."""

    name: str
    method: str
    path: str
    reply: dict[str, Any]


class Found(NamedTuple):
    """An object of an answer, by its name; `owner` is the id of the customer that it is part of, if there is one."""

    name: str
    value: dict[str, Any]
    owner: str | None


class Document:
    """The OpenAPI document of some routes, and the objects in it."""

    def __init__(self, routes: list[Route]) -> None:
        made = document(routes)
        self._schemas: dict[str, dict[str, Any]] = made["components"]["schemas"]
        self.endpoints = [
            Endpoint(
                said.get("x-same-as", said["operationId"]).removesuffix("ByExternalId"),
                method.upper(),
                path,
                said["responses"]["200"]["content"]["application/json"]["schema"],
            )
            for path, item in made["paths"].items()
            for method, said in item.items()
        ]

    def names(self, endpoint: Endpoint) -> set[str]:
        """The names of all objects that an answer may hold, whatever the values."""
        found: set[str] = set()
        self._collect(endpoint.reply, "", found)
        return found

    def _collect(self, schema: dict[str, Any], place: str, found: set[str]) -> None:
        named, target = self._target(schema)
        name = named or place
        if name in found:
            return
        for each in target.get("anyOf", ()):
            self._collect(each, place, found)
        if _may_be_object(target) and (place or ENVELOPE not in target.get("properties", {})):
            found.add(name)
        for member, each in target.get("properties", {}).items():
            self._collect(each, f"{name}.{member}", found)
        for each in (target.get("items"), target.get("additionalProperties")):
            if isinstance(each, dict):
                self._collect(each, f"{name}[]", found)

    def objects(self, endpoint: Endpoint, answer: Any) -> list[Found]:
        """Every object of an answer with its name."""
        return list(self._walk(endpoint.reply, answer, "", None))

    def _walk(self, schema: dict[str, Any], value: Any, place: str, owner: str | None) -> Iterator[Found]:
        named, target = self._target(schema)
        name = named or place
        if isinstance(value, list):
            for each in value:
                yield from self._walk(target.get("items", {}), each, f"{name}[]", owner)
        elif isinstance(value, dict):
            for each in target.get("anyOf", ()):
                if _has(self._target(each)[1], value):
                    yield from self._walk(each, value, place, owner)
                    return
            if name in {"Customer", "ListedCustomer"}:
                owner = value["id"]
            if place or ENVELOPE not in target.get("properties", {}):
                yield Found(name, value, owner)
            for member, each in value.items():
                inner = target.get("properties", {}).get(member) or target.get("additionalProperties")
                if isinstance(inner, dict) and inner:  # `{}` is free JSON of a partner
                    yield from self._walk(inner, each, f"{name}.{member}", owner)

    def _target(self, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The name of a schema, empty for one without, and what it says."""
        for each in schema.get("allOf", ()):
            return self._target(each)
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return name, self._schemas[name]
        return "", schema


def _may_be_object(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", ())
    return "object" in (kinds if isinstance(kinds, list) else [kinds])


def _has(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    """Whether an object has the members that a schema requires."""
    return _may_be_object(schema) and set(schema.get("required", ())) <= value.keys()
