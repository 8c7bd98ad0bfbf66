"""A partner who calls the routes of a scene in process: the real router, guards and handlers, without a socket."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from tessera import wiring
from tessera.app.clients import applications
from tessera.app.customers import export
from tessera.app.customers.files import bulk_import, reading
from tessera.app.customers.files.bulk_import import Tally
from tessera.app.customers.files.columns import Layout
from tessera.app.customers.files.reading import Format
from tessera.app.loyalty import programs
from tessera.core.loyalty.declaration import Declaration
from tessera.web.asgi import App, Served, opens_nothing
from tessera.web.routes import Route, Routes
from tests.support import raw
from tests.support.players import answer_of
from tests.support.raw import Answer
from tests.support.scene import Scene

SCOPE = "openid loyalty:admin"

PROGRAM: dict[str, Any] = {
    "point_accounts": [
        {"name": "Beans", "group": "Spend"},
        {"name": "Status", "group": "Tier"},
        {"name": "Charity", "group": "Other"},
    ],
    "point_sources": [{"name": "Till"}],
    "events": [{"lookup": "visit", "name": "Visit", "awards": [{"account": "Beans", "points": 5, "source": "Till"}]}],
    "purchases": [
        {"name": "Beans", "account": "Beans", "points": 2},
        {"name": "Status", "account": "Status", "points": 10},
    ],
}
"""The program of the scene with more in it, so that everything can happen to a customer."""

_PLACE = re.compile(r"\{(\w+)\}")


class Partner:
    """A caller with a token for everything, in the organization of a scene. `values` are names for `BODIES`."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.routes: list[Route] = wiring.routes(scene.context)
        self.users = f"/priv/v1/apps/{scene.shop.api_key}/users"
        self.external = f"/priv/v1/apps/{scene.shop.api_key}/external/users"
        self.values: dict[str, str] = {}
        self._app = App(opens_nothing, Served(Routes(self.routes)))
        self._token = ""

    async def settle_in(self) -> None:
        """Declare the program, and get a token."""
        context = self.scene.context
        wanted = msgspec.convert(PROGRAM, Declaration)
        await programs.carry_out(context, await programs.propose(context, 1, wanted))
        made = await applications.create(context, "administrator", 1, scope=SCOPE)
        self._token = (await self.scene.token(made)).access_token
        program = await context.store.program(1)
        assert program is not None
        accounts = {account.name: account.id for account in program.accounts}
        self.values = {
            "api_key": self.scene.shop.api_key,
            "retailer_id": self.scene.retailer_id,
            "beans": accounts["Beans"],
            "status": accounts["Status"],
            "charity": accounts["Charity"],
            "source": program.sources[0].id,
            "tier_system": program.systems[0].id,
            "tier_level": program.systems[0].levels[1].id,
            "event": "visit",
        }

    async def ask(self, method: str, target: str, body: object = None) -> Answer:
        """The answer to one request; the body goes out as JSON, bytes as they are."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [raw.bearer(self._token), ("Content-Type", "application/json")]
        return await answer_of(self._app, method, target, headers, data)

    async def done(self, method: str, target: str, body: object = None) -> dict[str, Any]:
        """The members of an answer, which is a success. Raises AssertionError."""
        answer = await self.ask(method, target, body)
        assert answer.status == 200, (method, target, body, answer.status, answer.body)
        members: dict[str, Any] = json.loads(answer.body)
        return members

    async def create(self, **members: object) -> dict[str, Any]:
        """A new customer, as the answer shows it."""
        user: dict[str, Any] = (await self.done("POST", self.users, {"user": members}))["user"]
        return user

    async def bring_in(self, form: Format, content: str) -> Tally:
        """Import a file; the tally of its rows."""
        file = reading.read(io.BytesIO(content.encode()), form, Layout(), self.scene.clock.now())
        return await bulk_import.load(self.scene.context, 1, file.rows, lambda _tally: None)

    async def record(self, customer_id: str) -> dict[str, Any]:
        """Everything that is stored of a customer."""
        customer = await self.scene.context.store.customer(1, customer_id)
        assert customer is not None
        pieces = [each async for each in export.pieces(self.scene.context, 1, customer)]
        whole: dict[str, Any] = json.loads(b"".join(pieces))
        return whole


def address(path: str, values: Mapping[str, str]) -> str:
    """The address of a route with these values in it, percent-encoded."""
    return _PLACE.sub(lambda place: quote(values[place[1]], safe=""), path)
