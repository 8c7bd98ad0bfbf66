"""Ids of the demonstration that the page at /docs fills in, so that a call can be tried at once. None is a secret."""

from tessera.app.context import Context
from tessera.app.demo.demo import ORGANIZATION, SHOWN, external_id


async def examples(context: Context) -> dict[str, str]:
    """Ids that exist, by the name of the parameter or member; empty where there is no demonstration."""
    owner = next((each for each in await context.store.organizations() if each.name == ORGANIZATION), None)
    if owner is None:
        return {}
    found = {"retailer_id": owner.retailer_id}
    shop = next((each for each in await context.store.properties() if each.organization == owner.name), None)
    if shop is not None:
        found["api_key"] = shop.api_key
    customer = await context.store.customer_with_external_id(owner.number, external_id(SHOWN))
    if customer is not None:
        found |= {"user_id": customer.id, "external_id": external_id(SHOWN)}
    program = await context.store.program(owner.number)
    if program is not None:
        ids = {
            "point_account_id": [each.id for each in program.accounts if not each.retired],
            "point_source_id": [each.id for each in program.sources if not each.retired],
            "tier_system_id": [each.id for each in program.systems if not each.retired],
        }
        found |= {name: several[0] for name, several in ids.items() if several}
    return found
