"""Organizations, to which customers, applications and digital properties belong."""

import msgspec


class OrganizationRecord(msgspec.Struct, frozen=True):
    """An organization as its operator sees it. `retailer_id` names it to the incentives API."""

    number: int
    name: str
    retailer_id: str
    created_at: int
    enabled: bool = True


class OrganizationCounts(msgspec.Struct, frozen=True):
    """How much an organization has of each, counted up to a limit."""

    applications: int
    properties: int
    webhooks: int
    customers: int
    events: int
