"""What bad requests need beyond the world: a program with everything in it, and a second organization that has one."""

from pathlib import Path

from msgspec.structs import replace

from tessera.app.context import Context
from tessera.app.customers import customers
from tessera.app.loyalty import programs
from tessera.app.organizations import organizations
from tessera.core.customers.customers import NewCustomer
from tessera.core.loyalty.declaration import (
    AwardForm,
    Declaration,
    EventForm,
    PointAccountForm,
    PointSourceForm,
    PurchaseForm,
    TierLevelForm,
    TierSystemForm,
)
from tessera.core.loyalty.points import SPEND
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.purchase_rules import Rounding
from tessera.core.organizations import OrganizationRecord
from tests.support import operator_session, world

EVENT = "visited-shop"
THEIR_EVENT = "baked-bread"
THEIR_EXTERNAL_ID = "their card"
SOURCE = "Kiosk"
SPARES = 40
"""Customers who can be merged into another one, each once."""

LIFETIME_DAYS = 400


def furnish(folder: Path) -> dict[str, str]:
    """Add it to a demonstration; the values of the world and of the neighbours."""
    values = world.furnish(folder)
    operator_session.do(folder, lambda context: _furnish(context, values))
    return values


async def _furnish(context: Context, values: dict[str, str]) -> None:
    known = {each.retailer_id: each for each in await organizations.every(context)}
    await _own(context, known[values["retailer_id"]], values)
    await _neighbour(context, known[values["their_retailer_id"]], values)


async def _own(context: Context, organization: OrganizationRecord, values: dict[str, str]) -> None:
    admin = await operator_session.partner(context, "admin", scope="openid loyalty:admin")
    assert admin.client_secret is not None
    before = await programs.export(context, organization)
    assert isinstance(before.point_accounts, list)
    assert isinstance(before.point_sources, list)
    assert isinstance(before.tier_systems, list)
    assert isinstance(before.events, list)
    assert isinstance(before.purchases, list)
    (system,) = before.tier_systems
    top = replace(system.levels[-1], keep=4_000)
    wanted = replace(
        before,
        point_accounts=[
            *before.point_accounts,
            PointAccountForm(name="Stamps", group=SPEND, lifetime_days=LIFETIME_DAYS, overdraw=True),
        ],
        point_sources=[*before.point_sources, PointSourceForm(name=SOURCE)],
        tier_systems=[replace(system, levels=[*system.levels[:-1], top])],
        events=[
            *before.events,
            EventForm(lookup=EVENT, name="An event", awards=[AwardForm(account="Beans", points=1, source=SOURCE)]),
        ],
        purchases=[
            *before.purchases,
            PurchaseForm(
                name="A rule",
                account="Stamps",
                points=1,
                per=2,
                rounding=Rounding.NONE,
                minimum=1_000_000,
                channels=["kiosk"],
                excluded_items=["none"],
                source=SOURCE,
            ),
        ],
    )
    program = await _declare(context, organization, wanted)
    values |= {
        "admin_id": admin.client_id,
        "admin_secret": admin.client_secret,
        "organization": organization.name,
        "source": _source(program),
        "event": EVENT,
        "event_id": next(rule.id for rule in program.event_rules if rule.lookup == EVENT),
        "purchase_rule": next(rule.id for rule in program.purchase_rules if rule.name == "A rule"),
        "stamps": next(account.id for account in program.accounts if account.name == "Stamps"),
        "tier_level": values["level_1"],
        "spare": "spare 0",
    }
    for place in range(SPARES):
        spare = context.new_uuid()
        new = NewCustomer(external_id=f"spare {place}")
        await context.commit(*customers.creation(context, organization.number, program, spare, new))
        values[f"spare {place}_id"] = spare


async def _neighbour(context: Context, organization: OrganizationRecord, values: dict[str, str]) -> None:
    wanted = Declaration(
        point_sources=[PointSourceForm(name=SOURCE)],
        tier_systems=[TierSystemForm(name="Bakers", levels=[TierLevelForm(name="Apprentice")])],
        events=[EventForm(lookup=THEIR_EVENT, awards=[AwardForm(account="Crumbs", points=1, source=SOURCE)])],
    )
    program = await _declare(context, organization, wanted)
    (system,) = program.systems
    customer_id = context.new_uuid()
    person = NewCustomer(external_id=THEIR_EXTERNAL_ID, email="baker@bakery.example")
    await context.commit(*customers.creation(context, organization.number, program, customer_id, person))
    values |= {
        "their_organization": organization.name,
        "their_source": _source(program),
        "their_event": THEIR_EVENT,
        "their_event_id": program.event_rules[0].id,
        "their_tier_system": system.id,
        "their_tier_level": system.levels[0].id,
        "their_customer_id": customer_id,
        "their_external_id": THEIR_EXTERNAL_ID,
    }


async def _declare(context: Context, organization: OrganizationRecord, wanted: Declaration) -> Program:
    """Make the program of an organization what is wanted; how it is then."""
    await programs.carry_out(context, await programs.propose(context, organization.number, wanted))
    program = await context.store.program(organization.number)
    assert program is not None
    return program


def _source(program: Program) -> str:
    return next(source.id for source in program.sources if source.name == SOURCE)
