"""Every route of the API, from the file of each topic."""

from tessera.api.oauth import discovery, introspection, token
from tessera.api.platform import (
    activity,
    campaigns,
    custom_profiles,
    customer_search,
    customers,
    merging,
    points,
    points_history,
    programs,
    purchases,
    tiers,
    timelines,
    user_events,
)
from tessera.app.context import Context
from tessera.web.routes import Route

_PROFILES = (customers, customer_search, custom_profiles, activity, merging, campaigns, timelines)
_MODULES = (
    token,
    introspection,
    discovery,
    *_PROFILES,
    points,
    purchases,
    points_history,
    tiers,
    programs,
    user_events,
)


def routes(context: Context) -> list[Route]:
    """All of them, in the order in which the document of the API shows them."""
    return [route for room in _MODULES for route in room.routes(context)]
