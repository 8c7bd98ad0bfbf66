"""A customer made in any way is found, changed and deleted at every address that names it, in any spelling."""

import json
import unicodedata
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tessera.app.customers.files.reading import Format
from tessera.core import external_ids
from tests.adversarial.stand import name_of
from tests.adversarial.valid_requests import BODIES
from tests.support import invariants, raw
from tests.support.partner import Partner
from tests.support.raw import Wire
from tests.support.scene import Scene, play
from tests.support.server import Server
from tests.web.test_not_given import csv_of

pytestmark = pytest.mark.usefixtures("lent")

UNESCAPED = "!$&'()*+,;=:@-._~"
"""Characters that an address may have as they are (RFC 3986 section 3.3)."""

LETTERS = st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(
    "\u00a0\u00ad\u200c\u200d\u3000\ufeff e\u0301%+/?#&=.:;@\\\"'<>{}|^`"
)
IDS = st.text(LETTERS, min_size=1, max_size=12)

EMAIL = "Ann.Example@B\u00fccher.example"
PHONE = {"phone_number": "+1 (555) 0100", "phone_type": "mobile"}


async def by_request(partner: Partner, sent: str) -> None:
    """Create a customer by its external id."""
    await partner.create(external_id=sent)


async def by_identifiers(partner: Partner, sent: str) -> None:
    """Create a customer by identifiers alone."""
    await partner.create(identifiers=[{"external_id": sent, "external_id_type": "till"}])


async def with_everything(partner: Partner, sent: str) -> None:
    """Create a customer with an email address, a phone number, and ids of other systems beside this one."""
    others = [{"external_id": "other till"}, {"external_id": sent}]
    await partner.create(email=EMAIL, identifiers=others, phone_numbers=[PHONE], proxy_ids=["proxy"])


async def by_update(partner: Partner, sent: str) -> None:
    """Create a customer by an email address, and add the id later."""
    user = await partner.create(email=EMAIL)
    await partner.done("PUT", f"{partner.users}/{user['id']}", {"user": {"external_id": sent}})


async def by_merge(partner: Partner, sent: str) -> None:
    """Create two customers, of whom the one with the id is merged into the other."""
    user = await partner.create(external_id="survivor")
    await partner.create(external_id=sent)
    await partner.done("POST", f"{partner.users}/{user['id']}/merge_accounts", {"user": {"external_id": sent}})


async def by_csv(partner: Partner, sent: str) -> None:
    """Import a customer from CSV."""
    tally = await partner.bring_in(Format.CSV, csv_of({"external_id": sent, "email": EMAIL}))
    assert (tally.created, tally.refused) == (1, 0), tally


async def by_json_lines(partner: Partner, sent: str) -> None:
    """Import a customer from JSON lines."""
    line = json.dumps({"identifiers": [{"external_id": sent}], "phone_numbers": [PHONE]})
    tally = await partner.bring_in(Format.JSONL, line)
    assert (tally.created, tally.refused) == (1, 0), tally


WAYS: tuple[Callable[[Partner, str], Awaitable[None]], ...] = (
    by_request, by_identifiers, with_everything, by_update, by_merge, by_csv, by_json_lines,
)  # fmt: skip


def spellings(form: str) -> list[str]:
    """Other ways to write an external id."""
    return [form, unicodedata.normalize("NFD", form), f" \u3000{form}\u00a0"]


def written(spelling: str) -> Iterator[str]:
    """The ways in which a text stands in an address: as little as may be is encoded, everything is, in any case."""
    encoded = quote(spelling, safe="")
    yield encoded
    yield quote(spelling, safe=UNESCAPED)
    yield "".join(f"%{byte:02x}" for byte in spelling.encode())


async def user_at(partner: Partner, target: str) -> str | None:
    """The id of the customer at an address, or None where there is nobody."""
    answer = await partner.ask("GET", target)
    if answer.status == 404:
        assert json.loads(answer.body)["errors"]["code"] == "user_not_found", (target, answer)
        return None
    assert answer.status == 200, (target, answer)
    found: str = json.loads(answer.body)["user"]["id"]
    return found


async def everywhere(partner: Partner, form: str) -> set[str | None]:
    """The ids that all addresses of an external id lead to, in each spelling."""
    found = set()
    for spelling in spellings(form):
        for text in written(spelling):
            found.add(await user_at(partner, f"{partner.external}/{text}"))
            value = text.replace("+", "%2B").replace("&", "%26")
            found.add(await user_at(partner, f"{partner.users}/search?external_id={value}"))
        found.add(await user_at(partner, f"{partner.users}/search?external_id={quote_plus(spelling)}"))
    return found


async def use_everywhere(partner: Partner, customer: str, form: str, spelling: str, text: str) -> None:
    """Call everything that names the customer, by this spelling and as it is written in an address; nothing deletes."""
    values = {**partner.values, "customer_id": customer, "external_id": form, "spare": "spare", "view": "ALL"}
    for route in partner.routes:
        if "{external_id}" not in route.path or route.method == "DELETE":
            continue
        if route.path.endswith("/merge_accounts"):
            values["spare_id"] = (await partner.create(external_id="spare"))["id"]
        body = BODIES[name_of(route)](values, "fresh") if name_of(route) in BODIES else None
        if route.method == "PUT" and route.path.endswith("{external_id}"):
            body = {"user": {"city": spelling, "external_id": spelling}}
        place = route.path.replace("{api_key}", values["api_key"]).replace("{view}", "ALL")
        done = await partner.done(route.method, place.replace("{external_id}", text), body)
        if "user" in done:
            assert done["user"]["id"] == customer
    retailer = values["retailer_id"]
    event = {"retailer_id": retailer, "user_id": spelling, "is_session_m": False, "event_lookup": "visit"}
    told = await partner.done("POST", "/api/1.0/user_events/trigger_user_event", event)
    assert told["payload"]["user_event"]["customer_id"] == customer
    payments = [{"user_id": spelling, "user_id_type": "External_ID"}]
    bought = {"transaction_id": "fresh", "subtotal": 1, "payments": payments}
    body = {"store_id": "s", "client_id": retailer, "request_id": "fresh", "request_payload": bought}
    assert (await partner.done("POST", "/api/2.0/send_transaction", body))["payload"]["user_id"] == customer


async def found_by_all(partner: Partner, customer: str) -> None:
    """See that the id, in any case, and whatever else the customer has find it."""
    user = (await partner.done("GET", f"{partner.users}/{customer.upper()}?show_identifiers=true"))["user"]
    assert await user_at(partner, f"{partner.users}/{customer}") == user["id"] == customer
    listed = await partner.done("GET", f"{partner.users}?user_ids[]={customer.upper()}")
    assert [each["id"] for each in listed["users"]] == [customer]
    for each in user["identifiers"]:
        assert await user_at(partner, f"{partner.external}/{quote(each['external_id'], safe='')}") == customer
    if "email" in user:
        for email in (EMAIL, EMAIL.upper(), unicodedata.normalize("NFD", EMAIL)):
            assert await user_at(partner, f"{partner.users}/search?email={quote(email)}") == customer
    for kind in ("phone", "mobile_number") if "phone_numbers" in user else ():
        for number in (PHONE["phone_number"], "15550100"):
            assert await user_at(partner, f"{partner.users}/search?{kind}={quote(number)}") == customer


async def refused(partner: Partner, sent: str) -> None:
    """See that an id that cannot be one is refused by every way, writes nothing, and leads nowhere."""
    before = invariants.contents(partner.scene.folder)
    for member in ({"external_id": sent}, {"identifiers": [{"external_id": sent}]}):
        assert (await partner.ask("POST", partner.users, {"user": member})).status == 400
    for form, content in (
        (Format.CSV, csv_of({"external_id": sent, "city": "Rome"})),
        (Format.JSONL, json.dumps({"external_id": sent})),
    ):
        tally = await partner.bring_in(form, content)
        assert (tally.created, tally.refused) == (0, 1), (form, tally)
    assert await user_at(partner, f"{partner.external}/{quote(sent, safe='')}") is None
    assert invariants.contents(partner.scene.folder) == before


async def live_and_die(partner: Partner, sent: str, way: int, deleted_by: int) -> None:
    """Create a customer, find it, use it and delete it, by each of its names."""
    form = external_ids.normal(sent)
    if form is None:
        await refused(partner, sent)
        return
    await WAYS[way](partner, sent)
    found = await everywhere(partner, form)
    assert len(found) == 1, found
    customer = found.pop()
    assert customer is not None
    await found_by_all(partner, customer)
    spelling = [sent, *spellings(form)][deleted_by % 4]
    text = list(written(spelling))[deleted_by % 3]
    await use_everywhere(partner, customer, form, spelling, text)
    assert await everywhere(partner, form) == {customer}
    target = f"{partner.users}/{customer.upper()}" if deleted_by == 12 else f"{partner.external}/{text}"
    gone = (await partner.done("DELETE", target))["user"]
    assert gone["id"] == customer
    assert await everywhere(partner, form) == {None}
    assert await user_at(partner, f"{partner.users}/{customer}") is None
    assert (await partner.ask("DELETE", target)).status == 404


def everyone(folder: Path, ids: Sequence[str], way: int, deleted_by: int) -> None:
    """Play the lives of customers with these ids, each created by another way, on the engine of the moment."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        for place, sent in enumerate(ids):
            await live_and_die(partner, sent, (way + place) % len(WAYS), (deleted_by + place) % 13)
        invariants.check(scene.folder)

    play(folder, scenario)


@pytest.mark.engines("sqlite")
@settings(
    max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(IDS, min_size=7, max_size=7, unique=True), st.integers(0, 6), st.integers(0, 12))
def test_a_customer_is_one_at_every_address(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], way: int, deleted_by: int
) -> None:
    """Ids of any characters: all addresses lead to the one customer, and to nobody once it is deleted."""
    everyone(tmp_path_factory.mktemp("addresses"), ids, way, deleted_by)


AWKWARD = (
    (".", "..", "a/b", "%2F", "a%", "search", "\u00a0a+b c\u3000"),
    ("caf\u00e9", "\u1100\u1161", "\u0627\u200c\u0628", "\U0001f469\u200d\U0001f33e", "?#", "\u212b", "\ufb01"),
)


@pytest.mark.parametrize("deleted_by", [0, 5])
def test_so_is_one_whose_id_is_awkward(tmp_path: Path, deleted_by: int) -> None:
    """Ids that mean something else in an address, and those of other scripts, on both engines."""
    everyone(tmp_path, AWKWARD[deleted_by > 0], deleted_by, deleted_by)


OVER_A_SOCKET = ("a+b c", "caf\u00e9", "..", "a/b?c#d%2F", "\u0627\u200c\u0628", UNESCAPED)


@pytest.mark.parametrize("sent", OVER_A_SOCKET)
def test_so_it_is_over_a_socket(server: Server, sent: str) -> None:
    """As far as bytes of an address go; those that are not ASCII are no HTTP, and reach nobody."""
    users = f"/priv/v1/apps/{server.demo['api_key']}"
    token = raw.bearer(server.token())

    def ask(method: str, target: str, body: bytes = b"") -> raw.Answer:
        return raw.ask(server.port, method, f"{users}{target}", body, [token])

    made = ask("POST", "/users/", json.dumps({"user": {"identifiers": [{"external_id": f" {sent}\u3000"}]}}).encode())
    customer = json.loads(made.body)["user"]["id"]
    targets = [
        f"/users/{customer.upper()}",
        f"/users/search?external_id={quote_plus(sent)}",
        *(f"/external/users/{text}" for spelling in spellings(sent) for text in written(spelling)),
    ]
    for target in targets:
        answer = ask("GET", target)
        assert (answer.status, json.loads(answer.body)["user"]["id"]) == (200, customer), (target, answer)
    with Wire(server.port) as wire:
        wire.send(f"GET {users}/external/users/{sent}\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        refusal = wire.answer()
        assert refusal is not None
        assert refusal.status == 400
    assert ask("DELETE", targets[-1]).status == 200
    assert {ask("GET", target).status for target in targets} == {404}
