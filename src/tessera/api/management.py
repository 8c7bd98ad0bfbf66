"""What the management port answers: is it alive, is it ready, and its numbers. Never on the public port.

Nothing here is a secret, and nothing tells of one caller or customer.
"""

from collections.abc import Callable

import msgspec

from tessera.api.platform import fields
from tessera.app.context import Context
from tessera.app.management import housekeeping
from tessera.app.runtime.readiness import Readiness, readiness
from tessera.core.errors import ArgumentError
from tessera.ops.metrics import exposition
from tessera.web.messages import JSON_NO_STORE_HEADERS, Request, Response, encode
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

TEXT = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
EXCLUDE = "exclude"
NAMES = frozenset({"database", "feed", "keys", "workers", "shutdown"})
"""The checks of `/readyz`."""

METRICS = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store"))


def routes(context: Context, going_down: Callable[[], bool]) -> list[Route]:
    """The routes of the management port of this context."""

    async def livez(_request: Request) -> Response:
        """The loop answers: that is all."""
        return Response(200, b"ok\n", TEXT)

    async def readyz(request: Request) -> Response:
        """Every check, and 503 when one of them fails that is not left out by `exclude`."""
        housekeeping.look(context)
        found = _without(await readiness(context, going_down=going_down()), request.query)
        return Response(200 if found.ready else 503, encode(found), JSON_NO_STORE_HEADERS)

    async def metrics(_request: Request) -> Response:
        """The numbers of all workers, in the text format of Prometheus."""
        housekeeping.look(context)
        return Response(200, exposition(context.metrics, context.clock.now()), METRICS)

    return [
        Route("GET", "/livez", livez, PLATFORM),
        Route("GET", "/readyz", readyz, PLATFORM),
        Route("GET", "/metrics", metrics, PLATFORM),
    ]


def _without(found: Readiness, query: bytes) -> Readiness:
    """The same checks, ready when all are well but those left out. Raises ArgumentError for one that there is not."""
    left_out = fields.every(query, (EXCLUDE,)).get(EXCLUDE)
    if not left_out:
        return found
    if not NAMES.issuperset(left_out):
        raise ArgumentError(f"exclude: there is no such check. The checks are {', '.join(sorted(NAMES))}.")
    ready = all(check.ok for check in found.checks if check.name not in left_out)
    return msgspec.structs.replace(found, ready=ready)
