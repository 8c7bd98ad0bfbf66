"""The names of types and operations, which become names in everybody's generated code: told apart, and kept."""

import json
import re
from collections import Counter

import pytest

from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.reference.document import document
from tessera.web.reference.naming import operation_id, type_name, type_names
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM
from tests.reference.test_rules import Odd, Part, operations

KEPT = [
    "requestToken",
    "revokeToken",
    "introspectToken",
    "getTokenInfo",
    "getAuthorizationServer",
    "getOpenIDConfiguration",
    "getProtectedResource",
    "getSigningKeys",
    "getCustomer",
    "updateCustomer",
    "deleteCustomer",
    "getCustomerByExternalId",
    "updateCustomerByExternalId",
    "deleteCustomerByExternalId",
    "getCustomers",
    "createCustomer",
    "findCustomer",
    "searchCustomers",
    "replaceCustomProfile",
    "updateCustomProfile",
    "replaceCustomProfileByExternalId",
    "updateCustomProfileByExternalId",
    "getTags",
    "addTags",
    "getTagsByExternalId",
    "addTagsByExternalId",
    "countEvents",
    "countEventsByExternalId",
    "depositPoints",
    "spendPoints",
    "getBalances",
    "getPointAuditLog",
    "getTierStatus",
    "moveCustomer",
    "listPointAccounts",
    "listPointSources",
    "listTierSystems",
    "getProgram",
    "applyProgram",
    "triggerEvent",
    "onPointsEarned",
    "onPointsSpent",
    "onPointsExpired",
    "onTierPromoted",
    "onTierDemoted",
    "onCustomerCreated",
    "onCustomerChanged",
    "onCustomerDeleted",
    "onCustomerReferred",
    "onApplicationSecretEnding",
    "onApplicationTokenPerCall",
    "onWebhookTest",
]
"""Every operation when names were given, but other addresses of one. A name that goes breaks generated clients."""


def test_names_are_those_of_the_domain(made: Part) -> None:
    """Types are in capital words, operations in words that begin small; none names a module or stands twice."""
    types = list(made["components"]["schemas"])
    ids = [said["operationId"] for said in operations(made)]

    assert [name for name in types if not re.fullmatch(r"([A-Z][A-Za-z0-9]*)+", name)] == []
    assert [name for name in types if name.endswith(("View", "Form", "Payload"))] == []
    assert [name for name in ids if not re.fullmatch(r"[a-z]+([A-Z0-9][A-Za-z0-9]*)+", name)] == []
    assert [name for name, times in Counter(ids).items() if times > 1] == []
    assert [name for name, times in Counter(each.lower() for each in types).items() if times > 1] == []
    assert "tessera." not in json.dumps([types, ids])
    assert {"Customer", "CustomerReply", "TierStatusReply", "PlatformError"} <= set(types)
    assert {"requestToken", "getCustomer", "getCustomerByExternalId", "getTierStatus", "onPointsEarned"} <= set(ids)
    assert [name for name, each in made["components"]["schemas"].items() if each["title"] != name] == []


def test_names_of_operations_stay(made: Part) -> None:
    """An operation keeps the name that it once had; new ones may come."""
    assert set(KEPT) - {said["operationId"] for said in operations(made)} == set()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Payload[tessera.api.platform.programs.Page[tessera.core.views.PointAccountView]]", "PointAccountPageReply"),
        ("Payload[DepositAnswer]", "DepositReply"),
        ("tessera.api.platform.user_schema.User", "Customer"),
        ("TierSystemForm", "TierSystemDeclaration"),
    ],
)  # fmt: skip
def test_types_are_named_without_modules(title: str, name: str) -> None:
    """An envelope is the reply that it is, a list of something that something's page."""
    assert type_name(title) == name


def test_two_types_cannot_have_one_name() -> None:
    """Two structs of one name, or one that Go would confuse with the maker of another, are refused."""
    with pytest.raises(ValueError, match="the name Thing"):
        type_names({"a": "one.Thing", "b": "two.Thing"})
    with pytest.raises(ValueError, match="NewThing"):
        type_names({"a": "Thing", "b": "NewThing"})


async def nothing(request: Request) -> Response:
    """Do nothing."""
    return Response(200, b"{}", ())


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/api/2.0/send_transaction", "sendTransaction"),
        ("POST", "/api/1.0/user_points/deposit", "depositUserPoints"),
        ("POST", "/external/users/{external_id}/merge_accounts", "mergeAccountsByExternalId"),
        ("GET", "/priv/v1/apps/{api_key}/users/{user_id}/timelines/{view}", "getUsersTimelines"),
        ("GET", "/priv/v1/apps/{api_key}/external/users/{external_id}/tags", "getUsersTagsByExternalId"),
    ],
)
def test_operations_without_a_name_are_named_by_their_address(method: str, path: str, name: str) -> None:
    """An operation that has no name of its own has one that its address gives, and that stays."""
    assert operation_id(Route(method, path, nothing, PLATFORM, Operation("Do", "Things", Odd))) == name


def test_other_addresses_have_the_name_of_the_first() -> None:
    """The name of the first address, and what is different in the other."""
    does = Operation("Send", "Things", Odd, name="sendThing")
    said = document(
        [Route("POST", f"{prefix}/{word}", nothing, PLATFORM, does) for prefix, word in
         (("/api/1.0", "send"), ("/things/api/1.0", "send"), ("/api/2.0", "send"), ("/api/1.0", "send_all"))]
    )  # fmt: skip

    assert [each["post"]["operationId"] for each in said["paths"].values()] == [
        "sendThing", "sendThingAtThings", "sendThingAtV2", "sendThingAtSendAll",
    ]  # fmt: skip
