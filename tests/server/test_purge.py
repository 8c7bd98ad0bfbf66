"""A customer is erased and purged beside a server with deposits going on: not a byte is left, and nobody is refused."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.app.customers.test_erasure import MARK, PERSONAL, hits, marked, somebody
from tests.cli.command import spawn
from tests.support import invariants, raw
from tests.support.raw import bearer
from tests.support.scene import Scene, play
from tests.support.server import Server, start_bare
from tests.support.waiting import wait_until

DEPOSITS = 30
"""So many are made between two steps of the test."""


class Place(NamedTuple):
    """A data folder, somebody in it who is to be erased, and what others need to go on."""

    folder: Path
    gone: str
    others: list[str]
    client_id: str
    client_secret: str
    api_key: str
    retailer_id: str


def furnished(tmp_path: Path) -> Place:
    """A data folder with somebody who has something in every field, and with others."""

    async def scenario(scene: Scene) -> Place:
        gone = await somebody(scene)
        others = [await scene.customer(f"other-{number}") for number in range(20)]
        secret = scene.partner.client_secret or ""
        shop = scene.shop.api_key
        return Place(scene.folder, gone, others, scene.partner.client_id, secret, shop, scene.retailer_id)

    return play(tmp_path, scenario)


class Depositor(threading.Thread):
    """Deposits for one customer after the other, until told to stop."""

    def __init__(self, server: Server, place: Place, token: str) -> None:
        super().__init__()
        self._server, self._place, self._token = server, place, token
        self.over = threading.Event()
        self.statuses: list[int] = []

    def run(self) -> None:
        while not self.over.is_set():
            customer = self._place.others[len(self.statuses) % len(self._place.others)]
            detail = {"amount": 1, "point_account_id": "account-spend", "reference_id": f"order {len(self.statuses)}"}
            body = {"retailer_id": self._place.retailer_id, "user_id": customer, "deposit_details": [detail]}
            headers = [bearer(self._token), ("Content-Type", "application/json")]
            answer = raw.ask(
                self._server.port, "POST", "/api/1.0/user_points/deposit", json.dumps(body).encode(), headers
            )
            self.statuses.append(answer.status)

    def some_more(self) -> None:
        """Wait for more deposits."""
        until = len(self.statuses) + DEPOSITS
        wait_until(lambda: len(self.statuses) >= until)


@contextmanager
def depositing(server: Server, place: Place) -> Iterator[Depositor]:
    """Deposits going on for the length of a block."""
    form = f"grant_type=client_credentials&client_id={place.client_id}&client_secret={place.client_secret}".encode()
    token = json.loads(raw.ask(server.port, "POST", "/oauth/token", form, [raw.FORM]).body)["access_token"]
    depositor = Depositor(server, place, token)
    depositor.start()
    try:
        yield depositor
    finally:
        depositor.over.set()
        depositor.join(60)


def test_nothing_is_left_of_a_customer(tmp_path: Path) -> None:
    """The bytes of all files, while the server stands still: nothing that tells who it was; every deposit was taken."""
    place = furnished(tmp_path)
    server = start_bare(place.folder)
    try:
        with depositing(server, place) as depositor:
            depositor.some_more()
            apps = f"/priv/v1/apps/{place.api_key}"
            for path in (f"{apps}/external/users/{marked('card')}", f"{apps}/users/{place.gone}/{MARK}"):
                assert raw.ask(server.port, "GET", path, b"", [bearer("f" * 64)]).status in (401, 404)
            commands = [
                ("export", place.gone, "--output", tmp_path / "record.json"),
                ("delete", place.gone, "--yes"),
                ("purge",),
            ]
            for command in commands:
                done = spawn("customers", *command, "--data-dir", place.folder)
                assert done.code == 0, done
                depositor.some_more()
            server.process.send_signal(signal.SIGSTOP)
            found = hits(place.folder, *PERSONAL, marked("card"))
            server.process.send_signal(signal.SIGCONT)
            depositor.some_more()
        assert {text: where for text, where in found.items() if where} == {}
        assert set(depositor.statuses) == {200}
    finally:
        server.stop()
    assert MARK not in server.output
    invariants.check(place.folder)
