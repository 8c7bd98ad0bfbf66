"""Finding a customer by an external id, for all that write of one."""

from tessera.app.context import Context
from tessera.core import external_ids
from tessera.core.customers.customers import Customer


async def with_external_id(context: Context, organization: int, sent: str) -> Customer | None:
    """The customer with this external id, in its one form; as it was sent, for ids of before that rule."""
    form = external_ids.normal(sent)
    found = None if form is None else await context.store.customer_with_external_id(organization, form)
    if found is None and form != sent:
        found = await context.store.customer_with_external_id(organization, sent)
    return found
