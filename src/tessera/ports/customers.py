"""Reading customers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.tags import Tag


class UserEvent(NamedTuple):
    """Something that a customer did, as a partner told it."""

    id: str
    lookup: str
    occurred_at: int


class CustomerReader(Protocol):
    """Customers of an organization (its number). One that was forgotten is not found by any of these."""

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        """A customer of this organization, with its balances and current memberships, all of one moment.

        Here and in `customers` an id that is a UUID may be in any case.
        """

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        """The same, found by any of its external ids."""

    async def customer_with_email(self, organization: int, folded_email: str) -> Customer | None:
        """The customer with this email address, in its folded form."""

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        """The id of the customer with this email address, in its folded form."""

    async def customer_id_with_referrer_code(self, organization: int, code: str) -> str | None:
        """The id of the customer who has this referrer code."""

    async def merged(self, customer: int) -> dict[str, int]:
        """The ids of those who were merged into a customer, with when that was, in the order of their ids."""

    async def was_merged(self, organization: int, customer_id: str) -> bool:
        """Tell whether the customer with this id was merged into another one, who is still there."""

    async def customers(self, organization: int, customer_ids: Sequence[str]) -> dict[str, Customer]:
        """The customers with these ids, by id."""

    async def customers_with_external_ids(self, organization: int, external_ids: Sequence[str]) -> dict[str, Customer]:
        """The customers with these external ids, by them."""

    async def customers_with_emails(self, organization: int, folded_emails: Sequence[str]) -> dict[str, Customer]:
        """The customers with these email addresses in their folded form, by them."""

    async def customers_with_phone(
        self, organization: int, digits: str, *, mobile: bool, after: int, limit: int
    ) -> list[Customer]:
        """Customers with a phone number of these digits, a mobile one if so said, in pages by their number."""

    async def customers_after(self, organization: int, after: int, limit: int) -> list[Customer]:
        """All customers, in pages by their number."""

    async def phones(self, customer: int) -> dict[str, bool]:
        """The digits by which a customer is found, each with whether it is a mobile number."""

    async def tags(self, customer: int) -> list[Tag]:
        """The tags of a customer in no order, also those that have ended."""

    async def behaviours(self, customer: int) -> list[ActivityCounter]:
        """What is counted of a customer, in no order."""

    async def user_events(self, customer: int, after: str, limit: int) -> list[UserEvent]:
        """The events of a customer in pages by their id (empty to begin)."""
