"""Every operation, with its commit failing in both forms: nothing is swallowed, half done, or done twice."""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import Raw

from tessera.app.clients import applications, properties
from tessera.app.customers import activity, erasure, updates
from tessera.app.customers.customers import CustomerRef
from tessera.app.loyalty import points, tiers, user_events
from tessera.app.loyalty.settlement import settle_due
from tessera.app.loyalty.user_events import Subject
from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations
from tessera.app.tokens import resource_servers, revocation, verification
from tessera.core.customers.customers import Include, PhoneNumber
from tessera.core.customers.profiles import CustomerUpdate
from tessera.core.errors import InvalidClient, UserNotFound, Validation
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import UNITS
from tessera.core.loyalty.standing import Standing
from tessera.directory import feed
from tests.app import token_operations
from tests.app.token_operations import STOCK
from tests.loyalty import furniture
from tests.support import engines, invariants
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play, status


class AuditedChange(NamedTuple):
    """`prepare` answers what `run` and `done` need; `done` says whether the end state is the one that was wanted.

    `again` is what trying again after an unknown outcome may raise, when the operation can tell that it is done.
    """

    prepare: Callable[[Scene], Awaitable[str]]
    run: Callable[[Scene, str], Awaitable[object]]
    done: Callable[[Scene, str], Awaitable[bool]]
    again: type[Exception] | None


async def _nothing(_scene: Scene) -> str:
    return ""


async def _partner(scene: Scene) -> str:
    return scene.partner.client_id


async def _partner_with_two_secrets(scene: Scene) -> str:
    await applications.add_secret(scene.context, scene.partner.client_id, "second")
    return scene.partner.client_id


async def _token(scene: Scene) -> str:
    return (await scene.token()).access_token


async def _customer(scene: Scene) -> str:
    customer_id = await scene.customer("card-1")
    await scene.deposit(customer_id, status(100, "earlier"))
    return customer_id


async def _has_application(scene: Scene, _: str) -> bool:
    record = await applications.find(scene.context, "new")
    return len(await scene.context.store.secrets(record.client_id)) == 1


async def _has_secrets(scene: Scene, client_id: str) -> bool:
    return [each.name for each in await scene.context.store.secrets(client_id)] == ["first", "second"]


async def _first_ended(scene: Scene, _: str) -> bool:
    return not await _lets_in(scene)


async def _lets_in(scene: Scene) -> bool:
    try:
        await scene.token()
    except InvalidClient:
        return False
    return True


async def _gone(scene: Scene, client_id: str) -> bool:
    return not await _lets_in(scene) and await scene.context.store.application(client_id) is None


async def _shut(scene: Scene, client_id: str) -> bool:
    return not await _lets_in(scene) and not (await applications.find(scene.context, client_id)).enabled


async def _inactive(scene: Scene, token: str) -> bool:
    return await verification.check(scene.context, token) is None


async def _customer_is_there(scene: Scene, _: str) -> bool:
    return await scene.context.store.customer_with_external_id(1, "card-2") is not None


async def _standing(scene: Scene, customer_id: str) -> Standing:
    known = await scene.context.store.customer(1, customer_id)
    assert known is not None
    return known.stands()


async def _deposited(scene: Scene, customer_id: str) -> bool:
    standing = await _standing(scene, customer_id)
    return [each.available for each in standing.balances] == [31_000_000] and standing.memberships[0].tier_level == 3


async def _spend(scene: Scene, customer_id: str) -> object:
    orders = [Spend(("account-spend", "account-tier"), 300_000, "away", is_return=True)]
    return await points.order(scene.context, scene.caller, scene.retailer_id, customer_id, orders)


async def _spent(scene: Scene, customer_id: str) -> bool:
    return [(each.available, each.life_time) for each in (await _standing(scene, customer_id)).balances] == [
        (700_000, 700_000)
    ]


async def _move(scene: Scene, customer_id: str) -> object:
    return await tiers.move(
        scene.context, scene.caller, scene.retailer_id, customer_id, tiers.Place("club", "level-2")
    )  # fmt: skip


async def _moved(scene: Scene, customer_id: str) -> bool:
    return (await _standing(scene, customer_id)).memberships[0].tier_level == 3


async def _visitor(scene: Scene) -> str:
    furniture.furnish(scene)
    return await scene.customer("card-1")


async def _visit(scene: Scene, customer_id: str) -> object:
    return await user_events.trigger(scene.context, scene.caller, scene.retailer_id, Subject(customer_id), "visit")


async def _one_with_much_due(scene: Scene) -> str:
    furniture.furnish(scene)
    customer_id = await scene.customer("card-1")
    await scene.deposit(customer_id, Deposit("month", 150 * UNITS), Deposit("credit", UNITS))
    scene.clock.step(100 * 86_400)
    return customer_id


async def _settle(scene: Scene, _: str) -> object:
    return await settle_due(scene.context)


async def _settled(scene: Scene, customer_id: str) -> bool:
    standing = await _standing(scene, customer_id)
    kept = [each for each in standing.memberships if each.next_maintenance_eval_at is not None]
    return standing.entries == 4 and min(each.next_maintenance_eval_at or 0 for each in kept) > scene.clock.now()


async def _property_is_there(scene: Scene, _: str) -> bool:
    return [each.name for each in await scene.context.store.properties()] == ["shop", "new"]


async def _new_property(scene: Scene, _: str) -> object:
    organization = await organizations.find(scene.context, "Org")
    return await properties.create(scene.context, organization, "new")


async def _update(scene: Scene, customer_id: str) -> object:
    sent = CustomerUpdate(email="new@b.example", external_id="card-2", phone_numbers=[PhoneNumber("+1 555")])
    named = CustomerRef(customer_id)
    return await updates.update(scene.context, scene.caller, scene.shop.api_key, named, sent, Include())


async def _updated(scene: Scene, customer_id: str) -> bool:
    known = await scene.context.store.customer_with_external_id(1, "card-2")
    assert known is not None
    by_phone = await scene.context.store.customers_with_phone(1, "1555", mobile=True, after=0, limit=9)
    by_email = await scene.context.store.customer_id_with_email(1, "new@b.example")
    return by_phone == [known] and known.id == customer_id == by_email


async def _customize(scene: Scene, customer_id: str) -> object:
    sent = {"roast": Raw(b'"dark"')}
    named = CustomerRef(customer_id)
    return await updates.customize(scene.context, scene.caller, scene.shop.api_key, named, sent, whole=False)


async def _customized(scene: Scene, customer_id: str) -> bool:
    known = await scene.context.store.customer(1, customer_id)
    return known is not None and known.user_profile == '{"roast":"dark","_version":1}'


async def _forget(scene: Scene, customer_id: str) -> object:
    return await erasure.erase(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), Include())


async def _forgotten(scene: Scene, customer_id: str) -> bool:
    return await scene.context.store.customer(1, customer_id) is None


AUDITED_CHANGES = {
    "create-application": AuditedChange(
        _nothing, lambda scene, _: applications.create(scene.context, "new", 1), _has_application, OperatorError
    ),
    "add-secret": AuditedChange(
        _partner, lambda scene, it: applications.add_secret(scene.context, it, "second"), _has_secrets, OperatorError
    ),
    "expire-secret": AuditedChange(
        _partner_with_two_secrets,
        lambda scene, it: applications.expire_secret(scene.context, it, "first"),
        _first_ended,
        OperatorError,
    ),
    "disable": AuditedChange(_partner, lambda scene, it: applications.disable(scene.context, it), _shut, OperatorError),
    "delete": AuditedChange(_partner, lambda scene, it: applications.delete(scene.context, it), _gone, OperatorError),
    "revoke-token": AuditedChange(_token, lambda scene, it: revocation.revoke(scene.context, it), _inactive, None),
    "revoke-own": AuditedChange(_token, token_operations.revoke_own, _inactive, None),
    "revoke-application": AuditedChange(
        _token, lambda scene, _: applications.revoke_tokens(scene.context, scene.partner.client_id), _inactive, None
    ),
    "revoke-organization": AuditedChange(_token, token_operations.revoke_organization, _inactive, None),
    "add-resource": AuditedChange(
        _nothing,
        lambda scene, _: resource_servers.create(scene.context, STOCK, "Stock", "read"),
        token_operations.has_resource,
        OperatorError,
    ),
    "remove-resource": AuditedChange(
        token_operations.token_for_stock,
        lambda scene, _: resource_servers.delete(scene.context, STOCK),
        _inactive,
        OperatorError,
    ),
    "take-access-back": AuditedChange(token_operations.token_for_stock, token_operations.take_back, _inactive, None),
    "create-customer": AuditedChange(
        _nothing, lambda scene, _: scene.customer("card-2", email="a@b.example"), _customer_is_there, Validation
    ),
    "deposit": AuditedChange(
        _customer, lambda scene, it: scene.deposit(it, status(1_000, "a"), status(2_000, "b")), _deposited, None
    ),
    "spend": AuditedChange(_customer, _spend, _spent, None),
    "move": AuditedChange(_customer, _move, _moved, None),
    "settle": AuditedChange(_one_with_much_due, _settle, _settled, None),
    "update-customer": AuditedChange(_customer, _update, _updated, None),
    "custom-profile": AuditedChange(_customer, _customize, _customized, None),
    "forget-customer": AuditedChange(_customer, _forget, _forgotten, UserNotFound),
    "create-property": AuditedChange(_nothing, _new_property, _property_is_there, OperatorError),
}


def rows_after(folder: Path, operation: AuditedChange) -> Counter[str]:
    """The number of rows in each table after an operation that nothing went wrong with."""

    async def scenario(scene: Scene) -> Counter[str]:
        subject = await operation.prepare(scene)
        await operation.run(scene, subject)
        assert await operation.done(scene, subject)
        return invariants.row_counts(scene.folder)

    return play(folder, scenario)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("name", AUDITED_CHANGES)
def test_a_deed_whose_commit_fails(tmp_path: Path, name: str, fault: Fault) -> None:
    """The failure reaches the caller, the database is whole, and trying again brings the end state exactly once."""
    operation = AUDITED_CHANGES[name]
    (tmp_path / "good").mkdir()
    expected = rows_after(tmp_path / "good", operation)

    async def scenario(scene: Scene) -> None:
        subject = await operation.prepare(scene)
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        before = invariants.contents(scene.folder)
        store.faults = [fault]
        with pytest.raises(fault.value, match="planned"):
            await operation.run(scene, subject)
        assert store.faults == []
        invariants.check(scene.folder)
        assert (invariants.contents(scene.folder) == before) is (fault is Fault.BEFORE)
        await feed.catch_up(scene.context.directory, store.as_store())
        if fault is Fault.AFTER:
            assert await operation.done(scene, subject)
        if fault is Fault.AFTER and operation.again is not None:
            with pytest.raises(operation.again):
                await operation.run(scene, subject)
        else:
            await operation.run(scene, subject)
        assert await operation.done(scene, subject)
        invariants.check(scene.folder)
        counted = invariants.row_counts(scene.folder)
        if fault is Fault.AFTER and operation.again is None:  # done twice, and so told twice
            assert counted.pop("audit_entry") >= expected.pop("audit_entry")
        assert counted == expected

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_an_event_whose_commit_fails(tmp_path: Path, fault: Fault) -> None:
    """The failure reaches the caller, and the event is whole or not there: it has no id to be known by again."""

    async def scenario(scene: Scene) -> None:
        customer_id = await _visitor(scene)
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        before = invariants.contents(scene.folder)
        store.faults = [fault]
        with pytest.raises(fault.value, match="planned"):
            await _visit(scene, customer_id)
        assert (invariants.contents(scene.folder) == before) is (fault is Fault.BEFORE)
        if fault is Fault.BEFORE:
            await _visit(scene, customer_id)
        counts = invariants.row_counts(scene.folder)
        assert [counts[name] for name in ("user_event", "ledger_entry")] == [1, 2]
        assert [each.available for each in (await _standing(scene, customer_id)).balances] == [50_000, 205_000]
        invariants.check(scene.folder)

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", Fault)
def test_counting_whose_commit_fails(tmp_path: Path, fault: Fault) -> None:
    """The failure reaches the caller; what was counted stands whole or not at all, told of likewise."""

    async def scenario(scene: Scene) -> None:
        customer_id = await _customer(scene)
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        named, key = CustomerRef(customer_id), scene.shop.api_key
        for operation in (
            lambda: activity.tag(scene.context, scene.caller, key, named, ["a", "b"], None),
            lambda: activity.count(scene.context, scene.caller, key, named, {"a": 2, "b": 1}),
        ):
            store.faults = [fault]
            before = len(await store.as_store().events_about(customer_id, 0, 100))
            with pytest.raises(fault.value, match="planned"):
                await operation()
            written = len(await store.as_store().events_about(customer_id, 0, 100)) - before
            assert written == (fault is Fault.AFTER)
        known = await scene.context.store.customer(1, customer_id)
        assert known is not None
        counts = {each.name: each.count for each in await scene.context.store.behaviours(known.number)}
        tags = {each.name: each.count for each in await scene.context.store.tags(known.number)}
        assert (counts, tags) == (({"a": 2, "b": 1}, {"a": 1, "b": 1}) if fault is Fault.AFTER else ({}, {}))
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_the_invariants_can_fail(tmp_path: Path) -> None:
    """The invariants that the table rests on see a ledger, a history and a secret that are not as they should be."""
    harms = (
        "update ledger_entry set amount = amount + 1",
        "delete from ledger_entry",
        "update membership set left_at = 1",
        "delete from credential",
        "delete from identifier",
        "insert into phone (organization, digits, customer, mobile) values (1, '1', 1, 1)",
        "update customer set forgotten_at = 1",
        "delete from change where sequence = 2",
    )

    async def scenario(scene: Scene) -> None:
        await _customer(scene)
        invariants.check(scene.folder)
        for harm in harms:
            with engines.writing(scene.folder) as database:
                invariants.holds(database)
                database.rows("savepoint whole")
                database.rows(harm)
                with pytest.raises(AssertionError):
                    invariants.holds(database)
                database.rows("rollback to whole")

    play(tmp_path, scenario)
