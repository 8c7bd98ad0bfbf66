"""Kill -9 at a commit of a purchase, a return or a merge: before it nothing is left, after it everything, once."""

import secrets
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.faults.callers import JSON
from tests.faults.conftest import Scenes
from tests.faults.points import ARMED, POINTS
from tests.faults.stage import ENGINES, Stage
from tests.support import invariants, raw
from tests.support.raw import Answer, Wire, bearer

pytestmark = pytest.mark.alone


class AuditedChange(NamedTuple):
    """A request that is sent once to a server that dies of it, and once more to the next one."""

    path: str
    body: dict[str, Any]


class Shopper:
    """A customer with two cards who buys with one, returns some of it, and has that card merged into the other."""

    def __init__(self, stage: Stage, port: int) -> None:
        self.stage = stage
        self.name = secrets.token_hex(4)
        self.token = ""
        self._connect(port)
        self.users = f"/priv/v1/apps/{stage.demo['api_key']}/users"
        for card in (self.name, f"{self.name} other"):
            assert self.send(port, AuditedChange(self.users, {"user": {"external_id": card}})).status == 200

    def _connect(self, port: int) -> None:
        form = self.stage.client.form(grant_type="client_credentials")
        answer = raw.ask(port, "POST", "/oauth/token", form, [raw.FORM])
        self.token = msgspec.json.decode(answer.body)["access_token"]

    def send(self, port: int, operation: AuditedChange) -> Answer:
        """The answer of a server that lives."""
        answer = self.ask(port, operation)
        assert answer is not None
        return answer

    def ask(self, port: int, operation: AuditedChange) -> Answer | None:
        """The answer, or None of a server that died."""
        with Wire(port, timeout=30) as wire:
            wire.send(
                raw.request("POST", operation.path, msgspec.json.encode(operation.body), [bearer(self.token), JSON])
            )
            return wire.answer()

    def transaction(self, name: str, subtotal: float, card: str, **members: object) -> AuditedChange:
        """A transaction with a card."""
        payload = {"transaction_id": f"{self.name} {name}", "subtotal": subtotal, **members}
        retailer = self.stage.retailer_id
        body = {"store_id": "s", "client_id": retailer, "request_id": f"{self.name} {name}", "user_id": card}
        return AuditedChange("/api/2.0/send_transaction", {**body, "request_payload": payload})

    def operations(self) -> list[AuditedChange]:
        """The requests of the shopper, in order."""
        other = f"{self.name} other"
        merge = self.users.replace("/users", f"/external/users/{self.name}/merge_accounts")
        return [
            self.transaction("bought", 30, other),
            self.transaction("given back", -10, other, original_transaction_id=f"{self.name} bought"),
            AuditedChange(merge, {"user": {"external_id": other}}),
        ]

    def there(self) -> tuple[int, int, int]:
        """Count the transactions, awards and merges of this shopper in the database."""
        mine = f"from purchase p where p.transaction_id like '{self.name} %'"
        awards = f"select count(*) from purchase_award a where a.purchase_id in (select p.id {mine})"
        merged = "select count(*) from merged_customer"
        counts = [self.stage.rows(each)[0][0] for each in (f"select count(*) {mine}", awards, merged)]
        return counts[0], counts[1], counts[2]


@pytest.mark.parametrize("on", ENGINES)
@pytest.mark.parametrize("point", POINTS)
def test_a_deed_is_whole_or_not_there(scenes: Scenes, on: str, point: str) -> None:
    """Each operation is sent to a server that dies at its commit, and again: it is done once, and all adds up."""
    stage = scenes(on, False).stage
    node = stage.start()
    shopper = Shopper(stage, node.port)
    operations, expected = shopper.operations(), [(1, 2, 0), (1, 2, 0), (0, 0, 1)]
    for operation, added in zip(operations, expected, strict=True):
        node.kill()
        node = stage.start(port=node.port, module=ARMED, FAULTS_ARMED=f"{point}:1")
        before = shopper.there()
        assert shopper.ask(node.port, operation) is None, operation
        node.wait_killed()
        after = tuple(have + more for have, more in zip(before, added, strict=True))
        assert shopper.there() == (after if point == "after-commit" else before), operation
        node = stage.start(port=node.port)
        again = shopper.send(node.port, operation)
        known = point == "after-commit" and "merge" in operation.path
        assert again.status == (400 if known else 200), again
        assert shopper.there() == after, operation
    stage.close()
    with_card = "select c.standing from identifier i join customer c on c.number = i.customer where i.external_id"
    standings = {stage.rows(f"{with_card} = '{card}'")[0][0] for card in (shopper.name, f"{shopper.name} other")}
    assert [[balance[2] for balance in msgspec.json.decode(each)[0]] for each in standings] == [[200_000, 200_000]]
    invariants.proven(stage.settings)
