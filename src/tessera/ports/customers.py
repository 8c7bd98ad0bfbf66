"""Reading customers."""

from typing import Protocol

from tessera.core.customers import Customer


class CustomerReader(Protocol):
    """Customers of an organization (its number)."""

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        """A customer of this organization, with its balances and current memberships, all of one moment."""

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        """The same, found by any of its external ids."""

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        """The id of the customer with this email address, in its folded form."""
