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
from tessera.web.explaining import REQUEST_ID, Explainer, Told, new_id
from tessera.web.messages import ClientGone, Receive, Request, Response, Scope, Send, whole
from tessera.web.routes import Routes
from tessera.web.watch import Watch


class Served(NamedTuple):
    """What an application answers, and who is told of its answers."""

    routes: Routes
    watch: Watch | None = None
    explainer: Explainer | None = None


Lifespan = Callable[["App"], AbstractAsyncContextManager[Served]]
"""Opens what the routes stand on, gives the routes, and closes it after the last request."""

NOWHERE = Told("not_found", "address.unknown", "Nothing answers at this address.")
NOT_GIVEN = Told("", "answer.refused", "The request was read and could not be answered.")
UNAVAILABLE = Told("temporarily_unavailable", "store.unavailable", "The service cannot store anything just now.")
DEFECT = Told("internal_server_error", "server.defect", "Something went wrong on our side.")


class App:
    """The ASGI application. `going_down` is set when it is to end and no new connections are taken.

    `challenge` is what its challenges tell.
    """

    def __init__(
        self, lifespan: Lifespan, served: Served | None = None, challenge: errors.Challenge = errors.NO_METADATA
    ) -> None:
        self._lifespan = lifespan
        self._challenge = challenge
        self._routes, self.watch, self.explainer = served or Served(Routes([]))
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
        request = Request(scope, receive, (), seen, quotas)
        try:
            found = self._routes.find(scope["method"], scope["raw_path"])
            if found is None:
                return self._refused(
                    request, errors.not_found(path), NOWHERE._replace(code=errors.code(NotFound, path))
                )
            route, request.path_values = found
            seen.route = route.path
            response = await route.handler(request)
        except Refusal as refusal:
            told = Told(errors.code(type(refusal), path), refusal.check, refusal.public, refusal.detail)
            return self._refused(request, errors.respond(refusal, path, self._challenge), told)
        except StoreError as error:
            told = UNAVAILABLE._replace(code=errors.code(Unavailable, path), detail=str(error))
            response = self._refused(request, errors.unavailable(path), told)
            log.error(
                "store_unavailable", method=scope["method"], path=path, reason=str(error), request_id=seen.request_id
            )
            return response
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001  # the last resort: a defect is answered, and logged whole
            told = DEFECT._replace(code=errors.defect_code(path), detail=type(error).__name__)
            response = self._refused(request, errors.defect(path), told)
            log.exception("defect", method=scope["method"], path=path, request_id=seen.request_id)
            return response
        if request.also_answer:
            response.varying = (*response.varying, *request.also_answer)
        return response if response.status < 400 else self._refused(request, response, NOT_GIVEN)

    def _refused(self, request: Request, response: Response, told: Told) -> Response:
        """The response with an id by which it can be asked why; what is told of it is noted."""
        request_id = new_id()
        response.varying = (*response.varying, (REQUEST_ID, request_id))
        seen = request.seen
        seen.code, seen.check, seen.public, seen.detail = told
        seen.request_id = request_id.decode()
        if self.explainer is not None:
            seen.path = self.explainer.path(request.scope)
            self.explainer.refused(request, response.status, told)
        return response

    def turned_away(self, status: int, request_id: bytes, source: str) -> None:
        """The protocol has refused a connection by itself, and closes it."""
        if self.watch is not None:
            self.watch.turned_away(status)
        if self.explainer is not None:
            self.explainer.unread(request_id, status, source)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        await receive()
        try:
            opened = self._lifespan(self)
            self._routes, self.watch, self.explainer = await opened.__aenter__()
        except Exception as error:  # noqa: BLE001  # whatever it is, the server is told and stops
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.going_down = True
        await opened.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})
