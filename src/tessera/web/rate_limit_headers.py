"""`RateLimit` headers: what a client is told of its limits (draft-ietf-httpapi-ratelimit-headers-10)."""

from collections.abc import Sequence
from functools import lru_cache

from tessera.core.quotas import Quota
from tessera.web.messages import Headers


def headers(quotas: Sequence[Quota]) -> Headers:
    """The two headers, with an item for each quota: `"requests";q=50;w=1`, and `"requests";r=49;t=1`."""
    left = ", ".join([f'"{each.name}";r={each.left};t={each.reset_seconds}' for each in quotas])
    return _policies(tuple([each.policy for each in quotas])), (b"ratelimit", left.encode())


@lru_cache(maxsize=1024)
def _policies(policies: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The header that is the same in every answer to an application."""
    return b"ratelimit-policy", ", ".join(policies).encode()
