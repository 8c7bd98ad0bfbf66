"""The demonstration: one organization with customers in all tiers, and everything a partner needs to try the API."""

import asyncio

import msgspec

from tessera.app.clients import applications, properties
from tessera.app.context import Context
from tessera.app.customers import customers
from tessera.app.loyalty import programs, standing_updates
from tessera.app.organizations import organizations
from tessera.core.customers.customers import NewCustomer, PhoneNumber
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
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import SPEND, TIER, UNITS
from tessera.core.loyalty.program import Program
from tessera.core.times import DAY

ORGANIZATION = "Aurora Coffee (demo)"
APPLICATION = "Demo partner"
CUSTOMERS = 200
LEVELS = (("Bronze", 0), ("Silver", 500), ("Gold", 2_000), ("Platinum", 5_000))
MAINTENANCE_DAYS = 365

_FIRST_NAMES = ("Ada", "Bruno", "Chiara", "Dario", "Elena", "Fabio", "Giada", "Hugo", "Irene", "Jacopo")
_LAST_NAMES = ("Alfieri", "Bassi", "Corsini", "Donati", "Esposti", "Ferri", "Galli", "Longo", "Marini", "Neri")
_CITIES = (("Springfield", "Illinois"), ("Fairview", "Oregon"), ("Riverton", "Utah"), ("Lakeside", "California"))


class Demo(msgspec.Struct, frozen=True):
    """What `demo.json` holds: all that the printed curl lines need."""

    client_id: str
    client_secret: str
    api_key: str
    property_secret: str
    customer_id: str
    external_id: str
    retailer_id: str


async def create(context: Context) -> Demo:
    """Create the demonstration. Raises OperatorError when it is there already."""
    organization = await organizations.create(context, ORGANIZATION)
    await programs.carry_out(context, await programs.propose(context, organization.number, first_program()))
    program = await context.directory.programs.get(organization.number)
    if program is None:
        raise LookupError(f"organization {organization.number} was just created and is not there")
    ids = await asyncio.gather(*(_customer(context, program, index) for index in range(1, CUSTOMERS + 1)))
    web_shop = await properties.create(context, organization, "Web shop")
    partner = await applications.create(context, APPLICATION, organization.number)
    return Demo(
        client_id=partner.client_id,
        client_secret=partner.client_secret or "",
        api_key=web_shop.api_key,
        property_secret=web_shop.property_secret,
        customer_id=ids[SHOWN - 1],
        external_id=external_id(SHOWN),
        retailer_id=organization.retailer_id,
    )


SHOWN = 57
"""The customer that the panel shows: in the middle of the ladder, so that there is progress to see."""


def external_id(index: int) -> str:
    """The external id of a customer."""
    return f"card-{index:06d}"


def first_program() -> Declaration:
    """What the demonstration's customers can earn."""
    lowest, *others = LEVELS
    return Declaration(
        point_accounts=[
            PointAccountForm(name="Beans", group=SPEND),
            PointAccountForm(name="Status points", group=TIER),
            PointAccountForm(name="Charity", group="Other"),
        ],
        point_sources=[PointSourceForm(name="Till"), PointSourceForm(name="Web shop")],
        tier_systems=[
            TierSystemForm(
                name="Aurora Club",
                maintenance_days=MAINTENANCE_DAYS,
                levels=[
                    TierLevelForm(name=lowest[0]),
                    *(TierLevelForm(name=name, points=points, accounts=["Status points"]) for name, points in others),
                ],
            )
        ],
        events=[
            EventForm(
                lookup="survey_completed", name="Survey completed", awards=[AwardForm(account="Beans", points=25)]
            )
        ],
        purchases=[
            PurchaseForm(name="Beans for purchases", account="Beans", points=1, excluded_items=["gift-card"]),
            PurchaseForm(name="Status for purchases", account="Status points", points=1, excluded_items=["gift-card"]),
        ],
    )


async def _customer(context: Context, program: Program, index: int) -> str:
    """One customer with a history of deposits: none to eight, so that some stay low and some reach the top."""
    customer_id = context.new_uuid()
    joined_at = context.clock.now() - (CUSTOMERS - index + 30) * DAY
    person = _person(index)
    await context.commit(*customers.creation(context, program.organization, program, customer_id, person, joined_at))
    spend, tier = program.accounts[0], program.accounts[1]
    step = 20 + index * 41 % 900
    for month in range(index % 9):
        customer = await context.store.customer(program.organization, customer_id)
        if customer is None:
            raise LookupError("a customer of the demonstration vanished while it was made")
        at = joined_at + (month + 1) * 3 * DAY
        session = standing_updates.open_session(context, customer, program)
        session.deposit(Deposit(spend.id, step * UNITS // 2), 0, at)
        session.deposit(Deposit(tier.id, step * UNITS), 1, at)
        session.promote(at)
        await context.commit(*session.close())
    return customer_id


def _person(index: int) -> NewCustomer:
    first = _FIRST_NAMES[index % len(_FIRST_NAMES)]
    last = _LAST_NAMES[index // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    city, state = _CITIES[index % len(_CITIES)]
    return NewCustomer(
        external_id=external_id(index),
        external_id_type="loyalty_card",
        email=f"{first}.{last}.{index}@customers.example".lower(),
        opted_in=index % 3 > 0,
        gender="f" if index % 2 else "m",
        dob=f"{1960 + index % 40}-{index % 12 + 1:02d}-{index % 28 + 1:02d}",
        address=f"{index} Harbour Street",
        city=city,
        zip=f"{10_000 + index * 7}",
        state=state,
        country="USA",
        locale="en-us",
        first_name=first,
        last_name=last,
        phone_numbers=[PhoneNumber(f"+1202555{index:04d}", preference_flags=["sms"])],
        user_profile={"favourite_roast": msgspec.Raw(b'"dark"' if index % 2 else b'"light"')},
    )
