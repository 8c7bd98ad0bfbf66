"""Absent, null and empty are one: an optional member that is null or an empty text is as good as left out.

On an update, null and the empty text clear a member. The members are those of the types of the bodies, at every depth.
"""

import copy
import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from tessera.app.customers.files.columns import MEMBERS, PHONE_NUMBER
from tessera.app.customers.files.reading import Format
from tessera.core import leniency
from tessera.core.customers import referrer_codes
from tessera.core.customers.profiles import PHOTO
from tessera.web.routes import Route
from tests.adversarial.bad_values import Field, fields
from tests.adversarial.stand import name_of
from tests.adversarial.test_bad_fields import body_of
from tests.adversarial.valid_requests import BODIES
from tests.support import invariants
from tests.support.partner import Partner, address
from tests.support.scene import Scene, play

pytestmark = [pytest.mark.usefixtures("lent"), pytest.mark.engines("sqlite")]  # what is read is told by no engine

ABSENT = object()
NOT_GIVEN: tuple[object, ...] = (ABSENT, None, "")

CREATE = "POST /priv/v1/apps/{api_key}/users"
BUY = "POST /api/2.0/send_transaction"
DEPOSIT = "POST /api/1.0/user_points/deposit"
UPDATE = "PUT /priv/v1/apps/{api_key}/users/{user_id}"

NAMES = {"user.external_id", "user.identifiers", "user.email", "user_id"}
"""Members of which one at least has to be given."""

_VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[A-Z2-9]{6}-[A-Z2-9]{6}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"
    r"|fresh-\d+"
)
"""Ids, codes and moments of the server, and the text that makes each request unlike the others."""


def same(value: object) -> str:
    """A value as text, without what is of one request alone."""
    return _VARYING.sub("*", json.dumps(value, sort_keys=True))


class Sender:
    """Sends bodies, each about a customer of its own."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.count = 0

    async def values(self, route: Route) -> dict[str, str]:
        """Values with a new customer, who has points; and another one, who can be merged."""
        self.count += 1
        kinds = ("card", "spare") if route.path.endswith("/merge_accounts") else ("card",)
        values = dict(self.partner.values)
        for kind in kinds:
            name = f"fresh-{self.count} {kind}"
            values |= {kind: name, f"{name}_id": (await self.partner.create(external_id=name))["id"]}
        customer = values[f"{values['card']}_id"]
        values |= {"customer_id": customer, "user_id": customer, "external_id": values["card"]}
        if route.path.endswith("/spend_multiple"):
            detail = {"amount": 50, "point_account_id": values["beans"]}
            body = {"retailer_id": values["retailer_id"], "user_id": customer, "deposit_details": [detail]}
            await self.partner.done("POST", "/api/1.0/user_points/deposit", body)
        return values

    async def valid(self, route: Route, values: dict[str, str]) -> Any:
        """A body with every member in it."""
        if route.path.endswith("/programs/apply"):
            body = {"retailer_id": values["retailer_id"]}
            program: dict[str, Any] = await self.partner.done("POST", "/api/1.0/programs/fetch", body)
            return {**program["payload"], "dry_run": False}
        return BODIES[name_of(route)](values, f"fresh-{self.count}")

    async def outcome(self, route: Route, values: dict[str, str], body: Any) -> str:
        """Send a body; the answer, and everything that is stored of the customer then."""
        members = await self.partner.done(route.method, address(route.path, values), body)
        customer = members["user"]["id"] if "user" in members else values["customer_id"]
        return same([members, await self.partner.record(customer)])


class _Anything(dict[str, str]):
    """Some value for every name."""

    def __missing__(self, name: str) -> str:
        return name


def optional_members(route: Route) -> list[Field]:
    """The optional members of a body, at every depth."""
    valid = BODIES[name_of(route)](_Anything(), "fresh-0")
    return [each for each in fields(body_of(route), valid) if each.optional]


def put(body: Any, field: Field, value: object) -> Any:
    """A body with another value in a member, or without it."""
    changed = copy.deepcopy(body)
    inner = changed
    for key in field.keys[:-1]:
        inner = inner[key]
    if value is ABSENT:
        del inner[field.keys[-1]]
    else:
        inner[field.keys[-1]] = value
    if field.keys[-1] == "external_id" and not field.required:
        inner.pop("external_id_type", None)  # a type of nothing would be refused
    return changed


def with_body(partner: Partner) -> dict[str, Route]:
    """Each operation of the platform that takes a body, at its first address, by that."""
    first: dict[int, Route] = {}
    for route in partner.routes:
        if route.operation is not None and route.operation.body is not None and route.operation.access == "platform":
            first.setdefault(id(route.operation), route)
    return {name_of(route): route for route in first.values()}


async def one(sender: Sender, route: Route, field: Field) -> list[str]:
    """Send a member as null and empty; the two outcomes if either differs from its absence."""
    outcomes = []
    for value in NOT_GIVEN:
        values = await sender.values(route)
        body = put(await sender.valid(route, values), field, value)
        try:
            outcomes.append(await sender.outcome(route, values, body))
        except AssertionError as refused:
            outcomes.append(f"{value!r} is refused: {refused}")
    return outcomes[1:] if outcomes[1:] != outcomes[:1] * 2 or "refused" in outcomes[0] else []


def test_a_member_that_is_null_or_empty_is_as_good_as_absent(tmp_path: Path) -> None:
    """Each optional member of each body, one by one: the answer and everything that is stored is the same."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        sender, complaints = Sender(partner), {}
        routes = with_body(partner)
        assert len(routes) >= 20
        for name in routes.keys() - {UPDATE}:
            for field in optional_members(routes[name]):
                wrong = await one(sender, routes[name], field)
                if wrong:
                    complaints[field.name] = wrong
        assert complaints == {}
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def csv_of(row: dict[str, object]) -> str:
    """A CSV file of one customer; lists and objects stand in a cell as JSON."""
    file = io.StringIO()
    cells = [each if isinstance(each, str) else json.dumps(each) for each in row.values()]
    csv.writer(file).writerows([list(row), cells])
    return file.getvalue()


@pytest.mark.parametrize("form", Format)
def test_so_is_one_in_a_file(tmp_path: Path, form: Format) -> None:
    """An empty cell is as good as no column; in JSON lines it is as in a request."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        sender, members = Sender(partner), [each for each in MEMBERS if each != PHONE_NUMBER]
        routes = with_body(partner)
        for name in members:
            outcomes = []
            for value in NOT_GIVEN if form is Format.JSONL else (ABSENT, ""):
                values = await sender.values(routes[CREATE])
                user = {each: BODIES[CREATE](values, f"fresh-{sender.count}")["user"][each] for each in members}
                row = put(user, Field(name, (name,), inspect.AnyType(), required=False), value)
                tally = await partner.bring_in(form, csv_of(row) if form is Format.CSV else json.dumps(row))
                assert (tally.created, tally.refused) == (1, 0), (name, value, tally)
                known = "email" if name in ("external_id", "identifiers") else "external_id"
                found = await partner.done("GET", f"{partner.users}/search?{known}={quote(str(row[known]))}")
                outcomes.append(same(await partner.record(found["user"]["id"])))
            assert len(set(outcomes)) == 1, (name, outcomes)

    play(tmp_path, scenario)


SUBSETS = st.lists(st.tuples(st.integers(0, 99), st.sampled_from(NOT_GIVEN)), min_size=1, max_size=40)


@settings(
    max_examples=10, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(SUBSETS, min_size=6, max_size=6))
def test_so_are_many_at_once(tmp_path_factory: pytest.TempPathFactory, many: list[list[tuple[int, object]]]) -> None:
    """Whichever members of a new customer and a transaction are not given, and however each is said."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        sender, routes = Sender(partner), with_body(partner)
        for place, chosen in enumerate(many):
            route = routes[(CREATE, BUY, DEPOSIT)[place % 3]]
            members = [each for each in optional_members(route) if each.name not in NAMES]
            said = {members[number % len(members)].keys: value for number, value in chosen}
            said = {
                keys: each for keys, each in said.items() if not any(keys[:end] in said for end in range(len(keys)))
            }
            outcomes = set()
            for absent in (False, True):
                values = await sender.values(route)
                body = await sender.valid(route, values)
                for field in members:
                    if field.keys in said:
                        body = put(body, field, ABSENT if absent else said[field.keys])
                outcomes.add(await sender.outcome(route, values, body))
            assert len(outcomes) == 1, (said, outcomes)

    play(tmp_path_factory.mktemp("many"), scenario)


CLEARED: tuple[object, ...] = (None, False, PHOTO, {})
"""Values of a cleared member in an answer, beside a new referrer code; `None` stands for one that is left out."""


def test_null_and_empty_clear_a_member_on_update(tmp_path: Path) -> None:
    """Both do the same; what cannot be cleared stays, and so does every other member."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        sender, routes = Sender(partner), with_body(partner)
        route = routes[UPDATE]
        for field in optional_members(route):
            top = str(field.keys[1]) if len(field.keys) > 1 else ""
            outcomes, views = [], []
            for value in NOT_GIVEN:
                values = await sender.values(routes[CREATE])
                created = await partner.create(**BODIES[CREATE](values, f"fresh-{sender.count}")["user"])
                values |= {"user_id": created["id"], "external_id": created["external_id"]}
                valid = BODIES[UPDATE](values, f"fresh-{sender.count}")
                body = {"user": {top: valid["user"][top]} if top else {}, "auth_token": False}
                done = await partner.done("PUT", address(route.path, values), put(body, field, value))
                outcomes.append(same([done, await partner.record(created["id"])]))
                views.append((created, done["user"]))
            assert outcomes[1] == outcomes[2], field.name
            if leniency.clearable(field.kind) and field.keys[:-1] == ("user",):
                before, after = views[1]
                shown = {name: each for name, each in after.get("user_profile", {}).items() if name != "_version"}
                value = shown if top == "user_profile" else after.get(top)
                assert value in CLEARED or (referrer_codes.ours(str(value)) and value != before[top]), field.name
                assert all(after[name] == before[name] for name in before.keys() - MOVES - {top}), field.name
            elif not leniency.clearable(field.kind):
                assert outcomes[0] == outcomes[1], field.name

    play(tmp_path, scenario)


MOVES = {"updated_at", "user_profile", "identifiers"}
"""Members that show every write, or are shown by an update only."""


def test_a_parameter_that_is_empty_is_as_good_as_absent(tmp_path: Path) -> None:
    """Each optional parameter of each query string, one by one and all at once."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        user = await partner.create(external_id="card", email="a@b.example", phone_numbers=[{"phone_number": "1555"}])
        values = {**partner.values, "user_id": user["id"], "external_id": "card", "view": "ALL"}
        tried = set()
        for route in partner.routes:
            operation = route.operation
            if operation is None or not operation.query or operation.access != "platform" or route.method != "GET":
                continue
            needed = NEEDED.get(name_of(route).rpartition("/")[2], "").format(**values)
            where = f"{address(route.path, values)}?{needed}"
            expected = await partner.done("GET", where)
            optional = [each.name for each in operation.query if f"{each.name}=" not in needed]
            for names in (*([each] for each in optional), optional):
                empty = "&".join(f"{each}=" for each in names)
                assert await partner.done("GET", f"{where}&{empty}") == expected, (route.path, empty)
            tried.update(optional)
        assert tried >= {"limit", "cursor", "phone", "since", "count", "event_types", "show_identifiers"}

    play(tmp_path, scenario)


NEEDED = {"users": "user_ids[]={user_id}", "search": "external_id=card", "search_users": "email=a@b.example"}
"""Query parameters that an address requires, by its last segment."""
