"""The document: valid, whole, and the same in every process."""

import json
import re
from functools import partial
from typing import Any

import msgspec
import openapi_spec_validator
import pytest

from tessera.api.platform.incentives import Payload
from tessera.api.platform.user_schema import Player, User
from tessera.core import scopes
from tessera.core.customers.customers import Computed
from tessera.core.customers.profiles import Profile
from tessera.core.errors import Validation
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation, Parameter
from tessera.web.reference.document import document
from tessera.web.reference.schemas import schemas
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

PAGES = {"/", "/openapi.json", "/docs", "/docs/{file}", "/docs/examples.json"}
"""What is served beside the API."""


class Found(msgspec.Struct):
    """Something that is found."""

    name: str
    colour: str = "blue"
    note: str | msgspec.UnsetType = msgspec.UNSET


class Wanted(msgspec.Struct):
    """Something that is looked for."""

    name: str
    size: int = 3


async def seek(request: Request) -> Response:
    """Look for something."""
    return Response(200, b"{}", ())


SEEK = Operation(
    "Seek", "Things", Found, Wanted, "profiles:read", (Parameter("deep", "How deep.", int),), (Validation,)
)


def operations(made: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation of a document by method and path."""
    return {(method.upper(), path): said for path, item in made["paths"].items() for method, said in item.items()}


def test_the_document_is_valid(made: dict[str, Any]) -> None:
    """The document is one of OpenAPI 3.1, with every reference leading somewhere."""
    openapi_spec_validator.validate(made)

    assert made["openapi"].startswith("3.1.")
    with pytest.raises(Exception, match="responses"):
        openapi_spec_validator.validate(made | {"paths": {"/": {"get": {"responses": {"never": {}}}}}})


def test_every_route_is_in_the_document(routes: list[Route], made: dict[str, Any]) -> None:
    """Every route that is served has an operation, but the pages of the reference, and the document shows it."""
    silent = {route.path for route in routes if route.operation is None}

    assert silent == PAGES
    assert set(operations(made)) == {(route.method, route.path) for route in routes if route.path not in PAGES}


def test_every_operation_says_what_it_is(made: dict[str, Any]) -> None:
    """An operation has an id of its own, a summary, a description that is a sentence, and a tag that is described."""
    found = operations(made)
    tags = {tag["name"] for tag in made["tags"] if tag["description"]}

    assert len({said["operationId"] for said in found.values()}) == len(found)
    assert [key for key, said in found.items() if not re.fullmatch(r"[a-z][a-zA-Z0-9]+", said["operationId"])] == []
    assert [key for key, said in found.items() if not said["summary"] or not said["description"].endswith(".")] == []
    assert [key for key, said in found.items() if not set(said["tags"]) <= tags] == []


def test_every_value_in_the_address_is_described(made: dict[str, Any]) -> None:
    """The `{names}` of an address are its path parameters, in order."""
    for (_, path), said in operations(made).items():
        named = [each["name"] for each in said["parameters"] if each["in"] == "path"]
        assert named == re.findall(r"{(\w+)}", path)


def test_addresses_of_one_deed_name_the_first(made: dict[str, Any]) -> None:
    """The other addresses of an operation point at the first one by its id."""
    found = operations(made)

    assert "x-same-as" not in found["POST", "/api/1.0/user_points/deposit"]
    assert found["POST", "/incentives/api/2.0/user_points/deposit"]["x-same-as"] == "depositPoints"


def test_every_scope_is_described(made: dict[str, Any]) -> None:
    """The scopes of the document are those that the platform knows, each with its own sentence."""
    assert set(scopes.MEANINGS) == set(scopes.WELL_KNOWN)
    needed = {
        scope for said in operations(made).values() for each in said["security"] for scope in each.get("token", [])
    }
    assert needed <= set(scopes.MEANINGS)


def test_schemas_hold_no_regex_of_python(made: dict[str, Any]) -> None:
    """Patterns are those of ECMA-262, and every member but a partner's own has a type."""
    text = json.dumps(made)

    assert r"\\Z" not in text
    assert '"pattern"' in text


def test_unknown_members_are_forbidden_in_declarations_alone(made: dict[str, Any]) -> None:
    """Members that the service does not know are ignored, so no schema forbids them but that of a declaration."""
    strict = {name for name, each in made["components"]["schemas"].items() if each.get("additionalProperties") is False}

    assert json.dumps(made).count('"additionalProperties": false') == len(strict)
    assert {name for name in strict if not name.endswith("Declaration")} == set()


def test_what_only_a_token_opens_has_no_password(made: dict[str, Any]) -> None:
    """A scope that must be given by name is no digital property's."""
    found = operations(made)

    assert [set(each) for each in found["POST", "/api/1.0/programs/apply"]["security"]] == [{"token"}, {"bearer"}]
    assert {"property": []} in found["POST", "/api/1.0/programs/fetch"]["security"]


def test_the_user_object_is_shown_as_it_is_joined() -> None:
    """The struct that shows a customer has the members that are computed and stored, in their order.

    One that may be left out may be left out of both.
    """
    shown = {each.name: each.default is msgspec.UNSET for each in msgspec.structs.fields(User)}
    joined = {
        each.name: each.default is msgspec.UNSET
        for kind in (Computed, Profile)
        for each in msgspec.structs.fields(kind)
    }
    listed = joined.pop("user_id")

    assert list(shown) == list(joined)
    assert shown == joined
    assert listed
    assert {each.name for each in msgspec.structs.fields(Player)} == {*joined, "user_id"}


def test_a_route_is_told_whole() -> None:
    """A route's body, query, scope, path and refusals, and those that come with what it is, are all in the document."""
    said = document([Route("POST", "/priv/v1/apps/{api_key}/things", seek, PLATFORM, SEEK)])
    operation = said["paths"]["/priv/v1/apps/{api_key}/things"]["post"]
    codes = {
        status: set(said["components"]["responses"][answer["$ref"].rpartition("/")[2]]["x-error-codes"])
        for status, answer in operation["responses"].items()
        if status != "200"
    }

    openapi_spec_validator.validate(said)
    assert operation["description"] == "Look for something."
    assert operation["security"] == [{"token": ["profiles:read"]}, {"bearer": ["profiles:read"]}, {"property": []}]
    assert [each["name"] for each in operation["parameters"]] == ["api_key", "deep"]
    assert codes == {
        "400": {"missing_data", "argument_error", "validation"},
        "401": {"invalid_auth_token", "invalid_api_key"},
        "403": {"access_denied"},
        "404": {"not_found"},
        "413": {"argument_error"},
        "415": {"argument_error"},
        "429": {"not_available"},
        "500": {"internal_server_error"},
        "503": {"not_available"},
    }


def test_what_has_a_default_is_always_answered_and_need_not_be_sent() -> None:
    """A member with a default is required of a reply and not of a body; one that is unset may be left out of both."""
    _, _, named = schemas([Wanted], [Found])

    assert named["Wanted"]["required"] == ["name"]
    assert named["Found"]["required"] == ["name", "colour"]


def test_a_body_may_be_one_of_several() -> None:
    """A union of structs is told as a choice between them, where msgspec itself could not tell them apart."""
    bodies, replies, named = schemas([Wanted | Found], [Found])

    assert [set(each) for each in (*bodies, *replies)] == [{"anyOf"}, {"$ref"}]
    assert set(named) == {"Wanted", "Found"}


def test_a_reply_may_be_one_of_several_envelopes() -> None:
    """A union of generic structs, which is another kind of union, is told as a choice as well."""
    _, replies, named = schemas([], [Payload[Found] | Payload[Wanted]])

    assert [set(each) for each in replies] == [{"anyOf"}]
    assert set(named) == {"FoundReply", "WantedReply", "Found", "Wanted"}


def test_a_handler_with_arguments_is_described_by_its_function() -> None:
    """What a partial handler does is told by the docstring of the function behind it."""
    said = document([Route("GET", "/things", partial(seek), PLATFORM, SEEK)])["paths"]["/things"]["get"]

    assert said["description"] == "Look for something."


def test_other_methods_and_other_names_are_other_operations() -> None:
    """Addresses are of one operation when handler, method and names are the same."""
    said = document(
        [
            Route("POST", "/things/{name}", seek, PLATFORM, SEEK),
            Route("PUT", "/things/{name}", seek, PLATFORM, SEEK),
            Route("POST", "/external/things/{id}", seek, PLATFORM, SEEK),
            Route("POST", "/old/things/{name}", seek, PLATFORM, SEEK),
        ]
    )

    same = {key: each.get("x-same-as") for key, each in operations(said).items()}
    assert [key for key, first in same.items() if first is not None] == [("POST", "/old/things/{name}")]


def test_two_operations_cannot_have_one_id() -> None:
    """Two addresses that would get one id are refused when the document is made."""
    with pytest.raises(ValueError, match="the id createThings"):
        document(
            [Route("POST", "/things/{name}", seek, PLATFORM, SEEK), Route("POST", "/things", seek, PLATFORM, SEEK)]
        )
