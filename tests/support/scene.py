"""A context with one organization in it: a loyalty program, a digital property and an application."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from tessera import wiring
from tessera.app.callers import Caller
from tessera.app.clients import applications, properties
from tessera.app.clients.applications import Issued
from tessera.app.clients.properties import IssuedProperty
from tessera.app.context import Context
from tessera.app.customers import customers
from tessera.app.grants.token_endpoint import Granted
from tessera.app.loyalty import points
from tessera.app.management import housekeeping, purges
from tessera.app.organizations import organizations
from tessera.app.runtime import purge_clock
from tessera.app.tokens import verification
from tessera.core.changes import (
    AddPointAccount,
    AddTierLevel,
    AddTierRule,
    AddTierRuleAccount,
    AddTierSystem,
    Change,
    NoteTime,
)
from tessera.core.customers.customers import NewCustomer
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import SPEND, TIER, UNITS
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.tokens.access_tokens import TokenReply
from tests.support import asking, engines, forms, prepared
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.settings import settings_for, settings_of
from tests.support.stepped_store import SteppedStore

T = TypeVar("T")

LEVELS = (0, 500, 2_000, 5_000)
"""Points at which each level is reached."""

FORM = b"application/x-www-form-urlencoded"


class Scene:
    """A context and what is in it."""

    def __init__(self, context: Context, clock: StepClock, folder: Path) -> None:
        self.context = context
        self.clock = clock
        self.folder = folder
        self.caller = Caller(1, ("openid",))
        self.partner: Issued
        self.shop: IssuedProperty
        self.retailer_id = ""

    async def furnish(self) -> None:
        """Create the organization and one of each; a server has run until now, whose time was noted."""
        await self.context.store.commit(NoteTime(self.clock.now()))
        await purge_clock.look(self.context)
        organization = await organizations.create(self.context, "Org")
        self.retailer_id = organization.retailer_id
        await self.context.commit(*_program(organization.number))
        self.shop = await properties.create(self.context, organization, "shop")
        self.partner = await applications.create(self.context, "partner", organization.number)

    async def token(
        self,
        issued: Issued | None = None,
        secret: str | None = None,
        *,
        in_query: bool = False,
        request_credentials: RequestCredentials = NOTHING,
        source: str = "",
    ) -> TokenReply:
        """A token for an application (the scene's own when None) by its secret. Raises as the operation does."""
        return (
            await self.granted(
                issued, secret, in_query=in_query, request_credentials=request_credentials, source=source
            )
        ).reply

    async def granted(
        self,
        issued: Issued | None = None,
        secret: str | None = None,
        *,
        in_query: bool = False,
        request_credentials: RequestCredentials = NOTHING,
        source: str = "",
    ) -> Granted:
        """A token for an application (the scene's own if None) by its secret, and its quotas. Raises as operations do.

        `source` is the address from which it is asked for.
        """
        known = issued or self.partner
        text = urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": known.client_id,
                "client_secret": secret or known.client_secret or "",
            }
        ).encode()
        params = forms.form(text, b"", b"") if in_query else forms.form(b"", text, FORM)
        return await asking.grant(
            self.context,
            params,
            msgspec.structs.replace(request_credentials, source=source or request_credentials.source),
        )

    async def alive(self, reply: TokenReply) -> bool:
        """Whether a token is live now."""
        return await verification.check(self.context, reply.access_token) is not None

    async def purge(self) -> None:
        """Have every purge done that is due, in memory and in the database."""
        await purges.purge_all(self.context)
        await housekeeping.drop_revocations(self.context)

    async def customer(self, external_id: str, **members: object) -> str:
        """Create a customer; its id."""
        new = msgspec.convert({"external_id": external_id, **members}, NewCustomer)
        view = await customers.create(self.context, self.caller, self.shop.api_key, new)
        customer_id: str = msgspec.json.decode(msgspec.json.encode(view))["id"]
        return customer_id

    async def deposit(self, customer_id: str, *deposits: Deposit) -> None:
        """Make deposits for a customer."""
        await points.order(self.context, self.caller, self.retailer_id, customer_id, deposits)


def status(amount_points: int, idempotency_id: str | None = None) -> Deposit:
    """A deposit of points that count for tiers."""
    return Deposit("account-tier", amount_points * UNITS, idempotency_id)


def _program(organization: int) -> list[Change]:
    changes: list[Change] = [
        AddPointAccount(organization, "account-spend", "Beans", SPEND),
        AddPointAccount(organization, "account-tier", "Status", TIER),
        AddTierSystem(organization, "club", "Club", None),
    ]
    for rank, target in enumerate(LEVELS):
        changes.append(AddTierLevel(organization, f"level-{rank}", "club", rank, f"L{rank}"))
        if target:
            ids = (f"tree-{rank}", f"root-{rank}", f"constraint-{rank}")
            changes.append(AddTierRule(organization, f"rule-{rank}", f"level-{rank}", *ids, target * UNITS))
            changes.append(AddTierRuleAccount(organization, f"rule-{rank}", "account-tier"))
    return changes


def play(folder: Path, scenario: Callable[[Scene], Awaitable[T]]) -> T:
    """Play a scenario in a furnished context of its own, in a data folder below this one."""
    data = folder / "data"
    clock = StepClock()

    async def whole() -> T:
        async with wiring.open_context(settings_of(data), clock=clock, entropy=CountedEntropy()) as context:
            context.store = SteppedStore(context.store, clock).as_store()
            scene = Scene(context, clock, data)
            await scene.furnish()
            return await scenario(scene)

    with engines.returning():
        prepared.copied(data, settings_for)
        return asyncio.run(whole())
