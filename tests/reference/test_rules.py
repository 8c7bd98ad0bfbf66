"""Rules that hold for every part of the document, so that every generator makes a client of it that works.

Each walks the whole document, whatever routes there are. How to mend what one finds is in
docs/decisions/0036-what-generators-read.md.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from openapi_schema_validator import OAS31Validator, oas31_format_checker

from tessera.core.event_types import DATA, EventType
from tessera.core.text import Id
from tessera.core.webhooks.webhooks import TEST
from tessera.web.reference.schemas import schemas

Part = dict[str, Any]

SCHEMA_PLACES = {"schema", "items", "additionalProperties", "propertyNames"}
SCHEMA_LISTS = {"anyOf", "allOf", "oneOf"}
FORMATS = {"uuid", "date", "date-time", "email", "idn-email", "uri", "int32", "int64", "double"}


def walk(value: object, place: str = "") -> Iterator[tuple[str, Part]]:
    """Every object of a value with its place, examples left out, which are data."""
    if isinstance(value, dict):
        yield place, value
        for name, each in value.items():
            if name not in ("example", "examples", "default"):
                yield from walk(each, f"{place}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from walk(each, f"{place}/{index}")


def schemas_in(value: object, place: str = "") -> Iterator[tuple[str, Part]]:
    """Every schema of a document with its place."""
    for found, part in walk(value, place):
        words = found.split("/")
        last = words[-1]
        before = words[-2] if len(words) > 1 else ""
        named = before in ("schemas", "properties") and words[-3:-2] != ["x-also-accepted"]
        if (last in SCHEMA_PLACES and before != "properties") or before in SCHEMA_LISTS or named:
            yield found, part


def operations(made: Part) -> Iterator[Part]:
    """Every operation, those of webhooks with them."""
    for section in ("paths", "webhooks"):
        for item in made[section].values():
            yield from item.values()


def kinds(schema: Part) -> list[str]:
    """The types of a schema."""
    found = schema.get("type", [])
    return found if isinstance(found, list) else [found]


def test_the_walk_finds_schemas(made: Part) -> None:
    """Schemas of headers, parameters, bodies, members, elements and webhooks are all walked."""
    places = [place for place, _ in schemas_in(made)]

    for words in ("/headers/", "/parameters/", "/requestBody/", "/properties/", "/items", "/webhooks/", "/anyOf/"):
        assert [place for place in places if words in place], words


def test_every_schema_has_a_type(made: Part) -> None:
    """A schema has a type, points at one that has, or is a choice; `{}` says that anything goes."""
    known = {"type", "$ref", "anyOf", "allOf"}

    assert [place for place, each in schemas_in(made) if each and not known & set(each)] == []


def test_headers_have_a_type(made: Part) -> None:
    """Every header of every answer has a type: a client in Go fails every call otherwise."""
    headers = [
        (f"{place}/{name}", header)
        for place, part in walk(made)
        if place.endswith("/headers")
        for name, header in part.items()
    ]

    assert len(headers) > 50
    assert [place for place, header in headers if not isinstance(header["schema"].get("type"), str)] == []


def test_null_is_one_of_several_types(made: Part) -> None:
    """What may be null has the types `[x, null]`: no choice with null, and nothing that is null alone."""
    alone = [place for place, each in schemas_in(made) if each.get("type") in ("null", ["null"])]
    chosen = [place for place, each in schemas_in(made) if {"type": "null"} in each.get("anyOf", [])]

    assert alone == []
    assert chosen == []
    assert any(kinds(each) == ["string", "null"] for _, each in schemas_in(made))


def test_a_choice_has_no_default(made: Part) -> None:
    """A choice between types has no default, and a default of null is left out."""
    assert [place for place, each in schemas_in(made) if "anyOf" in each and "default" in each] == []
    assert [place for place, each in schemas_in(made) if each.get("default", 0) is None] == []


def test_a_reference_stands_alone(made: Part) -> None:
    """A `$ref` has no siblings: what is to be said of it stands beside an `allOf` of that one."""
    assert [place for place, each in walk(made) if "$ref" in each and len(each) > 1] == []
    assert [place for place, each in schemas_in(made) if len(each.get("allOf", [1])) != 1] == []


def test_nothing_stands_in_the_query_and_in_the_body(made: Part) -> None:
    """A parameter is in one place; the other ways in which clients of old send it are an extension of ours."""
    for said in operations(made):
        content = said.get("requestBody", {}).get("content", {})
        assert len(content) <= 1, said["operationId"]
        query = {each["name"] for each in said.get("parameters", []) if each["in"] == "query"}
        for media in content.values():
            target = (
                made["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
                if ("$ref" in media["schema"])
                else media["schema"]
            )
            assert not query & set(target["properties"]), said["operationId"]


def test_the_token_endpoint_takes_a_form_with_basic(made: Part) -> None:
    """Documented is the form with HTTP Basic; JSON and the query string are told in words, and for our page."""
    said = made["paths"]["/oauth/token"]["post"]

    assert set(said["requestBody"]["content"]) == {"application/x-www-form-urlencoded"}
    assert said["security"][0] == {"client": []}
    assert made["components"]["securitySchemes"]["client"]["scheme"] == "basic"
    assert said["x-also-accepted"]["content"] == ["application/json"]
    assert {"grant_type", "scope", "client_id"} <= {each["name"] for each in said["x-also-accepted"]["query"]}
    assert "JSON" in said["description"]
    assert "query string" in said["description"]


def test_everything_named_is_used(made: Part) -> None:
    """No schema and no answer is left over."""
    pointed_at = {each["$ref"] for _, each in walk(made) if "$ref" in each}

    for section in ("schemas", "responses"):
        assert [n for n in made["components"][section] if f"#/components/{section}/{n}" not in pointed_at] == []


def test_every_member_is_described(made: Part) -> None:
    """Every type and every member has a sentence; a member that only points at a type has that type's.

    One that fails has no description where it is declared, and its name has none in `web/reference/texts.py`.
    """
    types = made["components"]["schemas"]
    silent = [
        f"{place}/{name}"
        for place, part in schemas_in(made)
        for name, member in part.get("properties", {}).items()
        if "$ref" not in member and not member.get("description")
    ]

    assert silent == []
    assert [name for name, each in types.items() if not each.get("description")] == []
    assert [
        each["name"] for said in operations(made) for each in said.get("parameters", []) if not each["description"]
    ] == []


def test_values_have_their_formats(made: Part) -> None:
    """Ids, times, addresses and wide numbers have their formats, and no other format is used."""
    types = made["components"]["schemas"]
    used = {each["format"] for _, each in schemas_in(made) if "format" in each}

    assert used == FORMATS
    for place, form in {
        "Customer.id": "uuid", "DepositRequest.user_id": "uuid", "Customer.dob": "date",
        "TierMembership.join_date": "date-time", "CustomerCreation.email": "email",
        "AuthorizationServer.jwks_uri": "uri", "TokenReply.created_at": "int64", "Balance.available_balance": "double",
    }.items():  # fmt: skip
        owner, _, name = place.partition(".")
        assert types[owner]["properties"][name].get("format") == form, place
    assert [
        place for place, each in schemas_in(made) if "number" in kinds(each) and each.get("format") != "double"
    ] == []
    assert [
        place
        for place, each in schemas_in(made)
        if "integer" in kinds(each) and "format" not in each and each.get("maximum", 2**31) >= 2**31
    ] == []


def test_examples_are_what_they_are_examples_of(made: Part) -> None:
    """The example of a body, and those of a member, are valid for its schema, with their formats."""
    found = [
        (place, example, part["schema"] if "example" in part else part)
        for place, part in walk(made)
        for example in ([part["example"]] if "schema" in part and "example" in part else part.get("examples", []))
    ]
    wrong = []
    for place, example, schema in found:
        whole = {"allOf": [schema], "components": made["components"]}
        checker = OAS31Validator(whole, format_checker=oas31_format_checker)
        wrong += [f"{place}: {error.message}" for error in checker.iter_errors(example)]

    assert len(found) > 20
    assert wrong == []


def test_aliases_are_deprecated(made: Part) -> None:
    """Other addresses of an operation are deprecated, and so is what repeats a member or has no effect."""
    types = made["components"]["schemas"]

    for said in operations(made):
        assert said.get("deprecated", False) is ("x-same-as" in said), said["operationId"]
    assert types["ListedCustomer"]["properties"]["user_id"]["deprecated"] is True
    assert types["TierStatusRequest"]["properties"]["culture"]["deprecated"] is True
    searched = made["paths"]["/priv/v1/apps/{api_key}/users/search_users"]["get"]["parameters"]
    marked = {each["name"] for each in searched if each.get("deprecated")}
    assert marked == {"advanced_search_params[user_profile]"}
    assert "user[user_profile]" in {each["name"] for each in searched} - marked


def test_every_kind_of_event_is_a_webhook(made: Part) -> None:
    """`webhooks` has each kind of event, whole where it stands, with its headers and the type of its data."""
    assert set(DATA) == set(EventType)
    assert set(made["webhooks"]) == {*map(str, EventType), TEST}
    for kind, item in made["webhooks"].items():
        schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"]["type"]["enum"] == [kind]
        assert schema["properties"]["timestamp"]["format"] == "date-time"
        assert set(schema["required"]) == {"type", "timestamp", "data"}
        if kind != TEST:
            names = DATA[EventType(kind)].__struct_fields__
            assert tuple(schema["properties"]["data"]["properties"]) == names
        assert "$ref" not in json.dumps(item), "generators leave out what only a webhook points at"
        assert [each["name"] for each in item["post"]["parameters"]] == [
            "webhook-id", "webhook-timestamp", "webhook-signature",
        ]  # fmt: skip


def test_the_document_says_whose_it_is(made: Part) -> None:
    """Licence, contact, and where to read more."""
    assert made["info"]["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    assert made["info"]["contact"]["name"]
    assert made["externalDocs"]["url"] == "/docs"


class Odd(msgspec.Struct):
    """A thing with everything that msgspec says in words of its own."""

    id: Id
    nothing: None
    number: int | float
    flag: bool | None = None
    word: str | None = None
    other: "Odd | None" = None
    several: int | str | None = 3


def test_what_is_new_follows_the_rules() -> None:
    """A struct nobody thought of comes out by the same rules, with nothing said about it."""
    _, _, named = schemas([Odd], [])
    members = named["Odd"]["properties"]

    assert members["id"] == {"type": "string", "format": "uuid", "description": "The id."}
    assert members["nothing"]["type"] == ["string", "null"]
    assert (members["number"]["type"], members["number"]["format"]) == ("number", "double")
    assert (members["flag"]["type"], members["word"]["type"]) == (["boolean", "null"], ["string", "null"])
    assert members["other"] == {"$ref": "#/components/schemas/OddOrNull"}
    assert named["OddOrNull"]["type"] == ["object", "null"]
    assert named["OddOrNull"]["properties"] == members
    assert [kinds(each) for each in members["several"]["anyOf"]] == [["integer", "null"], ["string"]]
    assert "default" not in members["several"]
    assert "`3`" in members["several"]["description"]
