"""Organizations, to which customers, applications and digital properties belong."""

import msgspec


class OrganizationRecord(msgspec.Struct, frozen=True):
    """An organization as its operator sees it. `retailer_id` names it to the incentives API."""

    number: int
    name: str
    retailer_id: str
    created_at: int
