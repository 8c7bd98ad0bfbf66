"""`RateLimit` headers: what a client is told of its guard rails (draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Sequence

from tessera.core.rails import Quota
from tessera.web.messages import Headers


def headers(quotas: Sequence[Quota]) -> Headers:
    """The two headers, with an item for each quota: `"requests";q=50;w=1`, and `"requests";r=49;t=1`."""
    policies = ", ".join([each.policy for each in quotas])
    left = ", ".join([f'"{each.name}";r={each.left};t={each.reset_seconds}' for each in quotas])
    return (b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())
