"""The only file that knows ASGI: from a connection's events to a handler, and its answer back."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter_ns
from typing import NamedTuple

from tessera.core.errors import NotFound, Refusal, Unavailable
from tessera.core.evidence import Seen
from tessera.core.rails import Quota
from tessera.ops.log import log
from tessera.ports import StoreError
from tessera.web import errors, ratelimit
from tessera.web.messages import ClientGone, Receive, Request, Response, Scope, Send, whole
from tessera.web.routes import Routes
from tessera.web.watch import Watch


class Served(NamedTuple):
    """What an application answers, and who is told of its answers."""

    routes: Routes
    watch: Watch | None = None


Lifespan = Callable[["App"], AbstractAsyncContextManager[Served]]
"""Opens what the routes stand on, gives the routes, and closes it after the last request."""


class App:
    """The ASGI application. `going_down` is set when it is to end and no new connections are taken.

    `resource_metadata` is where the platform's metadata is, for its challenges.
    """

    def __init__(self, lifespan: Lifespan, served: Served | None = None, resource_metadata: str = "") -> None:
        self._lifespan = lifespan
        self._resource_metadata = resource_metadata
        self._routes, self.watch = served or Served(Routes([]))
        self.going_down = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        began = perf_counter_ns()
        seen = Seen()
        quotas: list[Quota] = []
        try:
            response = await self._answer(scope, receive, seen, quotas)
        except ClientGone:
            return
        if quotas:
            response.varying = (*response.varying, *ratelimit.headers(quotas))
        body = response.body
        if self.watch is not None:
            self.watch.answered(scope, seen, response.status, len(body), began)
        connection = whole(scope)
        if connection is not None and response.status != 304 and connection.respond(scope, response):
            return
        length = () if response.status == 304 else ((b"content-length", b"%d" % len(body)),)  # RFC 9110 section 8.6
        headers = [*response.headers, *response.varying, *length]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive, seen: Seen, quotas: list[Quota]) -> Response:
        path = scope["path"]
        try:
            found = self._routes.find(scope["method"], scope["raw_path"])
            if found is None:
                seen.code = errors.code(NotFound, path)
                return errors.not_found(path)
            route, values = found
            seen.route = route.path
            request = Request(scope, receive, values, seen, quotas)
            response = await route.handler(request)
        except Refusal as refusal:
            _note(seen, refusal, path)
            return errors.respond(refusal, path, self._resource_metadata)
        except StoreError as error:
            seen.code = errors.code(Unavailable, path)
            log.error("store_unavailable", method=scope["method"], path=path, reason=str(error))
            return errors.unavailable(path)
        except ClientGone:
            raise
        except Exception:  # noqa: BLE001  # the last resort: a defect is answered, and logged whole
            seen.code = errors.defect_code(path)
            log.exception("defect", method=scope["method"], path=path)
            return errors.defect(path)
        if request.also_answer:
            response.varying = (*response.varying, *request.also_answer)
        return response

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        await receive()
        try:
            opened = self._lifespan(self)
            self._routes, self.watch = await opened.__aenter__()
        except Exception as error:  # noqa: BLE001  # whatever it is, the server is told and stops
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.going_down = True
        await opened.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


def _note(seen: Seen, refusal: Refusal, path: str) -> None:
    """What is logged of a refusal: never a query string, a header, or anything that was presented."""
    seen.code = errors.code(type(refusal), path)
    seen.public = refusal.public
    seen.detail = refusal.detail
    seen.check = refusal.check
