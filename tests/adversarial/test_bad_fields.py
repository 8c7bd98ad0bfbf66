"""Every field of every body, with every value that is bad in it: refused by the name of the field, nothing written."""

import json
from typing import Any

import pytest

from tessera.web.routes import Route
from tests.adversarial.bad_values import Field, bad_values, fields
from tests.adversarial.stand import Stand, name_of, names, refused, same
from tests.adversarial.valid_requests import BODIES, FOREIGN
from tests.docs.fences import paper

HERE = '"put the bad value here"'


def test_every_body_has_a_valid_request(stand: Stand) -> None:
    """Each address that takes a body is known to the table, so that its fields are tried."""
    missing = sorted({name_of(route) for route, _ in stand.with_body()} - BODIES.keys())

    assert missing == [], "add a valid body for these to BODIES in tests/adversarial/valid_requests.py"


def test_every_route_tells_what_it_takes(stand: Stand) -> None:
    """A route of the platform has an operation; without one its fields could not be tried."""
    assert [name_of(route) for route in stand.routes if route.operation is None] == []


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_bad_field_is_refused_by_name(stand: Stand, name: str) -> None:
    """Whatever is bad in a field, the answer is a refusal that names it, and the database stays as it is."""
    before = stand.contents()
    complaints = [
        complaint
        for route in stand.named(name)
        for field in fields(body_of(route), stand.valid(route))
        for bad in [None, *bad_values(field, value_at(stand.valid(route), field))]
        if (complaint := complaint_about(stand, route, field, bad)) is not None
    ]

    assert complaints == []
    assert stand.contents() == before
    for route in stand.named(name):
        answer = stand.send(route.method, stand.address(route), json.dumps(stand.valid(route)).encode())
        assert answer.status == 200, answer


def body_of(route: Route) -> object:
    """The type of a route's body."""
    assert route.operation is not None
    return route.operation.body


def value_at(body: Any, field: Field) -> Any:
    """What stands in a field."""
    for key in field.keys:
        body = body[key]
    return body


def replaced(body: Any, field: Field, bad: bytes | None) -> bytes:
    """A body with something else in a field, or without the field."""
    *above, last = field.keys
    inner = body
    for key in above:
        inner = inner[key]
    if bad is None:
        del inner[last]
        return json.dumps(body).encode()
    inner[last] = json.loads(HERE)
    return json.dumps(body).encode().replace(HERE.encode(), bad)


def complaint_about(stand: Stand, route: Route, field: Field, bad: bytes | None) -> str | None:
    """What is wrong with the answer to a bad value; `bad` None leaves a field out that is required."""
    if bad is None and not field.required:
        return None
    answer = stand.send(route.method, stand.address(route), replaced(stand.valid(route), field, bad))
    told = (
        f"{route.path} {field.name} {'left out' if bad is None else bad[:40]!r}: {answer.status} {answer.body[:200]!r}"
    )
    try:
        code, message = refused(answer)
    except (AssertionError, ValueError):
        return told
    if code == "user_not_found" and field.name.endswith("user_id"):
        return None
    right = names(message, field.name) and (code == "missing_data") == (bad is None)
    return None if right else told


@pytest.mark.parametrize("name", sorted(BODIES))
def test_an_id_of_another_organization_is_as_good_as_none(stand: Stand, name: str) -> None:
    """What another organization has and what nobody has are refused in the same words, and nothing is written."""
    before = stand.contents()
    for route in stand.named(name):
        for field in fields(body_of(route), stand.valid(route)):
            own = str(field.keys[-1] if isinstance(field.keys[-1], str) else field.keys[-2])
            known = FOREIGN.get(field.name) or FOREIGN.get(own)
            if known is None or isinstance(value_at(stand.valid(route), field), list):
                continue
            value, code = known
            theirs, nobodys = (
                stand.send(
                    route.method,
                    stand.address(route),
                    replaced(stand.valid(route), field, json.dumps(stand.values[each]).encode()),
                )
                for each in (value, "nowhere")
            )
            assert refused(theirs)[0] == code, (field.name, theirs)
            assert same(theirs, nobodys), (field.name, theirs, nobodys)
    assert stand.contents() == before


NEW: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("point_accounts", {"name": "New", "group": "Spend"}, "their_account"),
    ("point_sources", {"name": "New"}, "their_source"),
    ("tier_systems", {"name": "New", "levels": [{"name": "Lowest"}]}, "their_tier_system"),
    ("tier_systems[0].levels", {"name": "New", "points": 6000, "accounts": ["Beans"]}, "their_tier_level"),
    ("events", {"lookup": "new"}, "their_event_id"),
)
"""For each list of a program: something new in it, and the id that such a thing has in another organization."""


@pytest.mark.parametrize(("place", "new", "theirs"), NEW)
def test_an_id_of_another_organization_is_not_taken_over(
    stand: Stand, place: str, new: dict[str, Any], theirs: str
) -> None:
    """Something new may bring its id along, and not one that something else has: refused by its name."""
    before = stand.contents()
    for route in stand.named("POST /api/1.0/programs/apply"):
        for dry_run in (False, True):
            body = stand.valid(route) | {"dry_run": dry_run}
            among = body["program"]
            among = among["tier_systems"][0]["levels"] if place.endswith("levels") else among[place]
            among.append({**new, "id": stand.values[theirs]})
            answer = refused(stand.send(route.method, stand.address(route), json.dumps(body).encode()))
            assert answer[0] == "argument_error"
            assert answer[1].startswith(f"{place}[{len(among) - 1}].id is the id of something else."), answer
    assert stand.contents() == before


EXAMPLES: dict[str, tuple[tuple[str, bytes | None], ...]] = {
    "POST /priv/v1/apps/{api_key}/users": (
        ("user.phone_numbers[1].phone_number", None),
        ("user.user_profile[...]", b'"\xff"'),
        ("user.dob", b'"2023-02-30"'),
    ),
    "POST /api/1.0/user_tiers/tier_status": (("user_id", b"57"), ("culture", b'"' + b"x" * 256 + b'"')),
    "POST /api/1.0/user_points/deposit": (
        ("deposit_details[1].reference_id", b'"\\u0000"'),
        ("deposit_details[1].amount", b"NaN"),
        ("deposit_details[1].amount", b"0.00001"),
        ("deposit_details[1].point_account_id", b'"nothing"'),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_in_the_manual_are_what_is_answered(stand: Stand, name: str) -> None:
    """docs/errors.md shows messages that name the field; these are they, letter by letter."""
    text = paper("docs/errors.md").replace("\\`", "`").replace("[0]", "[1]")
    route = stand.named(name)[0]
    known = {field.name: field for field in fields(body_of(route), stand.valid(route))}
    for field, bad in EXAMPLES[name]:
        answer = stand.send(route.method, stand.address(route), replaced(stand.valid(route), known[field], bad))
        code, _ = refused(answer)
        assert f"| `{code}` | {json.loads(answer.body)['errors']['message']} |" in text
