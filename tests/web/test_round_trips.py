"""Read, change one member, write: every object of every answer is accepted back, and nothing is lost by it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tessera.core.customers.profiles import CustomerUpdate
from tests.adversarial.stand import name_of
from tests.adversarial.valid_requests import BODIES, QUERIES
from tests.app.customers.test_sent_back import MEMBERS
from tests.support import invariants
from tests.support.partner import Partner, address
from tests.support.scene import Scene, play
from tests.web.answers import ENDPOINTS, OBJECTS, Document, Endpoint, Found

pytestmark = pytest.mark.usefixtures("lent")

FLAGS = "user[user_profile]=true&show_identifiers=true&expand_incentives=true"

CHANGES: dict[str, tuple[Any, Any]] = {
    name: (value, value)
    for name, value in {
        "external_id": "changed",
        "email": "changed@customers.example",
        "dob": "1980-01-31",
        "address": "2 Street",
        "address2": "Fourth floor",
        "city": "Oslo",
        "zip": "0150",
        "dma": "502",
        "last_name": "Changed",
        "first_name": "Changed",
        "profile_photo_url": "/changed.png",
        "suspended": True,
        "test_account": True,
        "opted_in": False,
        "referrer_code": "CHANGED",
        "locale": "nb-no",
        "referral": {"referral_code": "CHANGED"},
    }.items()
} | {
    "gender": ("Male", "m"),
    "state": ("Texas", "TX"),
    "country": ("no", "NOR"),
    "identifiers": ([{"external_id": "card", "external_id_type": "changed"}], None),
    "phone_numbers": (
        [{"phone_number": "+47 1", "phone_type": "home", "preference_flags": [], "verified_ownership": False}],
    ) * 2,
    "user_profile": ({"cups": 2}, None),
}  # fmt: skip
"""Another value for each member, and how a read shows it then; None where it has more than was sent."""

TIMES = {"updated_at", "_version"}
"""Members that may differ after a write that changes nothing else."""


@pytest.mark.engines("sqlite")
def test_every_endpoint_and_every_object_has_a_statement(tmp_path: Path) -> None:
    """A new one needs a write that takes it, or a reason; what an endpoint answers agrees with its objects."""

    async def scenario(scene: Scene) -> None:
        described = Document(Partner(scene).routes)
        answered = {each.name: described.names(each) for each in described.endpoints}
        assert answered.keys() == ENDPOINTS.keys(), "state in tests/web/answers.py what takes the answer back"
        assert set().union(*answered.values()) == OBJECTS.keys(), "state which write takes the object, or why none does"
        for name, objects in answered.items():
            writes = {each for found in objects for each in OBJECTS[found] if isinstance(OBJECTS[found], tuple)}
            stated = ENDPOINTS[name]
            assert writes == (set(stated) if isinstance(stated, tuple) else set()), name
            assert writes <= ENDPOINTS.keys()
            assert writes or str(stated).startswith("read only: "), name

    play(tmp_path, scenario)


class Round:
    """One customer to whom everything has happened, and what sends back the objects that are answered about it."""

    def __init__(self, partner: Partner, changed: str) -> None:
        self.partner = partner
        self.given: set[str] = set()
        self.sent: Any = None
        self.email = "nobody@customers.example"
        self.changed = changed
        self._fresh = self._writes = 0
        self._by: dict[str, Callable[[str, Found], Awaitable[None]]] = {
            "updateCustomer": self._update,
            "updateCustomProfile": self._customize,
            "addTags": self._tag,
            "countEvents": self._count,
            "moveCustomer": self._move,
            "triggerEvent": self._trigger,
            "depositPoints": self._deposit,
            "spendPoints": self._spend,
            "sendTransaction": self._buy,
            "applyProgram": self._apply,
        }

    @property
    def values(self) -> dict[str, str]:
        """Names for addresses and bodies."""
        return self.partner.values

    async def begin(self, members: dict[str, Any]) -> None:
        """Create the customer."""
        await self.partner.settle_in()
        user = await self.partner.create(external_id="card", **members)
        self.values.update(customer_id=user["id"], user_id=user["id"], external_id="card", view="ALL")
        await self.partner.done("POST", f"{self.partner.users}/{user['id']}/tags", {"tags": ["old"], "ttl": 60})

    async def read(self) -> dict[str, Any]:
        """The customer as it is."""
        user: dict[str, Any] = (
            await self.partner.done("GET", f"{self.partner.users}/{self.values['customer_id']}?{FLAGS}")
        )["user"]
        return user

    async def call(self, endpoint: Endpoint) -> dict[str, Any]:
        """The answer of an endpoint to a valid request."""
        self._fresh += 1
        where = address(endpoint.path, self.values)
        name = next(
            name_of(each)
            for each in self.partner.routes
            if (each.method, each.path) == (endpoint.method, endpoint.path)
        )
        if endpoint.name == "mergeAccounts":
            spare = await self.partner.create(external_id=f"spare {self._fresh}", email="spare@customers.example")
            self.values.update(spare=f"spare {self._fresh}", **{f"spare {self._fresh}_id": spare["id"]})
        query = {
            "getCustomers": f"user_ids[]={self.values['customer_id']}",
            "findCustomer": f"external_id={self.values['external_id']}",
            "searchCustomers": f"email={quote(self.email)}",
        }.get(endpoint.name)
        assert (query is None) == (name not in QUERIES)
        if endpoint.name == "applyProgram":
            body = {"retailer_id": self.values["retailer_id"]}
            self.sent = (await self.partner.done("POST", "/api/1.0/programs/fetch", body))["payload"]
        else:
            self.sent = BODIES[name](self.values, f"fresh-{self._fresh}") if name in BODIES else None
        target = "&".join(each for each in (query, FLAGS) if each)
        return await self.partner.done(endpoint.method, f"{where}?{target}", self.sent)

    async def give_back(self, endpoint: Endpoint, found: Found) -> None:
        """Send one object back by every write that takes it."""
        writes = OBJECTS[found.name]
        if isinstance(writes, str):
            return
        self.given.add(found.name)
        owner = found.owner or self.values["customer_id"]
        if endpoint.name == "deleteCustomer":
            if found.name == "Customer":
                await self._create(found.value)
            return
        before = await self.partner.record(owner)
        await self._by[writes[-1]](owner, found)
        after = await self.partner.record(owner)
        if writes[-1] in ADDING:
            assert len(after["events"]) + len(after["behaviours"]) >= len(before["events"]) + len(before["behaviours"])
        else:
            assert _still(after) == _still(before), (endpoint, found)

    async def _create(self, gone: dict[str, Any]) -> None:
        """Create a customer that was deleted: everything that is not counted or issued is as it was."""
        made = (await self.partner.done("POST", f"{self.partner.users}?{FLAGS}", {"user": gone}))["user"]
        self.values.update(customer_id=made["id"], user_id=made["id"])
        for name in MEMBERS.keys() | {"external_id", "identifiers", "user_profile"}:
            assert _still(made.get(name)) == _still(gone.get(name)), name

    async def _update(self, owner: str, found: Found) -> None:
        member = {"Identifier": "identifiers", "Referral": "referral"}.get(found.name)
        if member is not None:
            value: Any = [found.value] if member == "identifiers" else found.value
            await self._put(owner, {member: value})
        elif found.name != "StoredPhoneNumber":  # a list of them is replaced as a whole
            await self._put(owner, found.value)

    async def _put(self, owner: str, user: dict[str, Any]) -> dict[str, Any]:
        """Write a customer, once; every second time by its id in upper case."""
        self._writes += 1
        place = f"{self.partner.users}/{owner.upper() if self._writes % 2 else owner}"
        done: dict[str, Any] = (await self.partner.done("PUT", place, {"user": user}))["user"]
        return done

    async def _customize(self, owner: str, found: Found) -> None:
        place = f"{self.partner.users}/{owner}/models/user_profile"
        for method in ("PUT", "POST"):
            done = await self.partner.done(method, place, {"user_profile": found.value})
            assert _still(done["user_profile"]) == _still(found.value)

    async def _tag(self, owner: str, found: Found) -> None:
        done = await self.partner.done("POST", f"{self.partner.users}/{owner}/tags", {"tags": [found.value]})
        assert found.value["name"] in {each["name"] for each in done["tags"]}

    async def _count(self, owner: str, found: Found) -> None:
        done = await self.partner.done("POST", f"{self.partner.users}/{owner}/events", {"events": found.value})
        assert done["events"] == {name: 2 * count for name, count in found.value.items()}

    async def _move(self, _owner: str, found: Found) -> None:
        body = {**found.value, "retailer_id": self.values["retailer_id"]}
        done = await self.partner.done("POST", "/api/1.0/movement/move_user", body)
        assert done["payload"]["tier_level_id"] == found.value["tier_level_id"]

    async def _trigger(self, _owner: str, found: Found) -> None:
        done = await self.partner.done("POST", "/api/1.0/user_events/trigger_user_event", found.value)
        assert done["payload"]["user_event"]["customer_id"] == found.value["customer_id"]

    async def _deposit(self, _owner: str, found: Found) -> None:
        await self._again("/api/1.0/user_points/deposit", "deposit_details", found)

    async def _spend(self, _owner: str, found: Found) -> None:
        await self._again("/api/1.0/user_points/spend_multiple", "spend_details", found)

    async def _again(self, path: str, member: str, found: Found) -> None:
        details = [
            {**each, **found.value} if each["idempotency_id"] == found.value.get("idempotency_id") else each
            for each in self.sent[member]
        ]
        await self.partner.done("POST", path, {**self.sent, member: details})

    async def _buy(self, _owner: str, found: Found) -> None:
        body = {**self.sent, **found.value}
        assert (await self.partner.done("POST", "/api/2.0/send_transaction", body))["payload"] == found.value

    async def _apply(self, _owner: str, found: Found) -> None:
        retailer = {"retailer_id": self.values["retailer_id"]}
        body = {"DeclaredProgram": found.value, "ProgramDeclaration": {**retailer, "program": found.value}}
        if found.name in body:
            done = await self.partner.done("POST", "/api/1.0/programs/apply", body[found.name])
            assert done["payload"]["plan"] == []

    async def change_one(self, user: dict[str, Any]) -> None:
        """Change one member of a customer that was read, write, read: that one is changed and no other."""
        value, shown = CHANGES[self.changed]
        done = await self._put(user["id"], {**user, self.changed: value})
        assert await self.read() == done
        expected = {**user, self.changed: done[self.changed]}
        assert shown is None or done[self.changed] == shown
        assert _still(_others(done, self.changed)) == _still(_others(expected, self.changed))

    async def put_back(self, user: dict[str, Any], changed: str) -> None:
        """Write a customer as it was read before: it is so again, but for ids, which are only added."""
        done = await self._put(user["id"], user)
        assert _still(_others(done, changed)) == _still(_others(user, changed)), changed


def _others(user: dict[str, Any], changed: str) -> dict[str, Any]:
    """A customer but for what shows an external id, when that is what was changed."""
    names = {"external_id", "identifiers"} if changed in {"external_id", "identifiers"} else set()
    return {name: value for name, value in user.items() if name not in names}


def _still(value: Any) -> Any:
    """A value without what changes at every write."""
    if isinstance(value, dict):
        return {name: _still(each) for name, each in value.items() if name not in TIMES}
    return [_still(each) for each in value] if isinstance(value, list) else value


ADDING = {"countEvents", "triggerEvent"}
"""Writes that add what they are sent, each time."""


@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@example(set(MEMBERS), "city")
@given(st.sets(st.sampled_from(sorted(MEMBERS))), st.sampled_from(sorted(CHANGES)))
def test_every_object_of_every_answer_is_accepted_back(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], changed: str
) -> None:
    """Each endpoint is called, and each object of its answer sent by each write that takes it."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        described = Document(partner.routes)
        here = Round(partner, changed)
        await here.begin({name: MEMBERS[name] for name in names})
        for endpoint in sorted(described.endpoints, key=lambda each: each.name == "deleteCustomer"):
            if isinstance(ENDPOINTS[endpoint.name], str) and endpoint.name != "applyProgram":
                continue
            answer = await here.call(endpoint)
            scene.clock.step(1)
            if endpoint.name == "updateCustomer":
                here.email = answer["user"]["email"]
            for found in described.objects(endpoint, answer):
                await here.give_back(endpoint, found)
        await here.change_one(await here.read())
        taken = {name for name, writes in OBJECTS.items() if not isinstance(writes, str)}
        assert here.given == taken, "never answered, so never sent back"
        invariants.check(scene.folder)

    play(tmp_path_factory.mktemp("round"), scenario)


NOT_SHOWN = {"external_id_type", "clear_identifiers", "auth_token"}
"""Members of an update that no answer has."""


def test_each_member_is_changed_alone(tmp_path: Path) -> None:
    """A customer with everything, read and written with one other value: that member is changed, and no other."""
    assert CHANGES.keys() == set(CustomerUpdate.__struct_fields__) - NOT_SHOWN

    async def scenario(scene: Scene) -> None:
        here = Round(Partner(scene), "")
        await here.begin(MEMBERS)
        for name in CHANGES:
            here.changed = name
            before = await here.read()
            await here.change_one(before)
            scene.clock.step(1)
            await here.put_back(before, name)
        invariants.check(scene.folder)

    play(tmp_path, scenario)
