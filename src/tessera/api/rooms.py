"""Every route of the API, from the file of each topic."""

from tessera.api import (
    audit_log,
    campaigns,
    custom_profiles,
    customer_marks,
    customer_search,
    customers,
    discovery,
    introspection,
    merging,
    oauth,
    points,
    programs,
    purchases,
    tiers,
    timelines,
    user_events,
)
from tessera.app.house import House
from tessera.web.routes import Route

_PROFILES = (customers, customer_search, custom_profiles, customer_marks, merging, campaigns, timelines)
_ROOMS = (oauth, introspection, discovery, *_PROFILES, points, purchases, audit_log, tiers, programs, user_events)


def routes(house: House) -> list[Route]:
    """All of them, in the order in which the document of the API shows them."""
    return [route for room in _ROOMS for route in room.routes(house)]
