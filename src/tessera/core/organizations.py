"""Organizations, and the digital properties through which their partners call the platform."""

import hmac

import msgspec

API_KEY_LENGTH = 40
"""Lower-case hex characters of an API key, and of the secret beside it."""


class Property(msgspec.Struct, frozen=True, gc=False):
    """A digital property as every platform request needs it; `digest` is the keyed digest of its S2S secret.

    That of a disabled organization opens nothing.
    """

    number: int
    api_key: str
    organization: int
    digest: bytes
    organization_enabled: bool = True

    def opens_with(self, digest: bytes) -> bool:
        """Whether this is the digest of the property's secret, in force now; constant time."""
        return hmac.compare_digest(self.digest, digest) and self.organization_enabled


NO_PROPERTY = Property(number=0, api_key="", organization=0, digest=bytes(32))
"""Stands in for an unknown API key, so that refusing one takes the same work as refusing a wrong secret."""


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


class PropertyRecord(msgspec.Struct, frozen=True):
    """A digital property as its operator sees it; never its secret."""

    number: int
    name: str
    organization: str
    api_key: str
    last_four: str
    created_at: int
