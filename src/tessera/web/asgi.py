"""The application: from a request to a handler, and its answer back; and its life, which is all we use of ASGI."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter_ns
from typing import NamedTuple

from tessera.core.errors import Refusal, Unavailable
from tessera.core.quotas import Quotas
from tessera.ops.log import log
from tessera.ops.request_record import RequestRecord
from tessera.ports import StoreError
from tessera.web import errors, rate_limit_headers
from tessera.web.challenges import NO_METADATA, Challenge
from tessera.web.messages import ClientGone, Incoming, Receive, Request, Response, Scope, Send
from tessera.web.observation import Observer
from tessera.web.refusal_records import REQUEST_ID, Outcome, RefusalRecorder, Unread, new_id
from tessera.web.routes import Route, Routes
from tessera.web.surfaces import Surface


class Served(NamedTuple):
    """What an application answers, and who is told of its answers."""

    routes: Routes
    watch: Observer | None = None
    refusal_recorder: RefusalRecorder | None = None


Lifespan = Callable[["App"], AbstractAsyncContextManager[Served]]
"""Opens what the routes stand on, gives the routes, and closes it after the last request."""

NOWHERE = Outcome("not_found", "address.unknown", "Nothing answers at this address.")
NOT_GIVEN = Outcome("", "answer.refused", "The request was read and could not be answered.")
UNAVAILABLE = Outcome("temporarily_unavailable", "store.unavailable", "The service cannot store anything just now.")
DEFECT = Outcome("internal_server_error", "server.defect", "Something went wrong on our side.")


class App:
    """What answers requests. `going_down` is set when it is to end and no new connections are taken.

    `challenge` is what its challenges tell.
    """

    def __init__(self, lifespan: Lifespan, served: Served | None = None, challenge: Challenge = NO_METADATA) -> None:
        self._lifespan = lifespan
        self._challenge = challenge
        self._routes, self.watch, self.refusal_recorder = served or Served(Routes([]))
        self.going_down = False

    async def answer(self, scope: Scope, incoming: Incoming) -> Response | None:
        """The answer to a request; None when its client went away before it was whole."""
        began = perf_counter_ns()
        try:
            response, record = await self._answer(Request(scope, incoming))
        except ClientGone:
            return None
        if self.watch is not None:
            self.watch.answered(scope, record, response.status, len(response.body), began)
        return response

    async def _answer(self, request: Request) -> tuple[Response, RequestRecord]:
        """The response, and what is known of the request now that it is over."""
        scope = request.scope
        route: Route | None = None
        try:
            found = self._routes.find(scope["method"], scope["raw_path"])
            if found is None:
                surface = self._surface(route, scope)
                return self._refused(request, errors.not_found(surface, request), surface, NOWHERE)
            route, request.path_values = found
            request.route = route.path
            response = await route.handler(request)
        except Refusal as refusal:
            surface = self._surface(route, scope)
            told = Outcome(surface.code(type(refusal)), refusal.check, refusal.public, refusal.detail)
            response = errors.respond(refusal, surface, request, self._challenge)
            return self._refused(request, response, surface, told, refusal)
        except StoreError as error:
            surface = self._surface(route, scope)
            told = UNAVAILABLE._replace(code=surface.code(Unavailable), detail=str(error))
            response, record = self._refused(request, errors.unavailable(surface, request), surface, told, error)
            log.error("store_unavailable", **self._logged(request, record), reason=str(error))
            return response, record
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001  # the last resort: a defect is answered, and logged whole
            surface = self._surface(route, scope)
            told = DEFECT._replace(code=surface.defect_code, detail=type(error).__name__)
            response, record = self._refused(request, errors.defect(surface, request), surface, told)
            log.exception("defect", **self._logged(request, record))
            return response, record
        if request.also_answer:
            response.varying = (*response.varying, *request.also_answer)
        if response.status >= 400:
            return self._refused(request, response, self._surface(route, scope), NOT_GIVEN)
        _tell(response, request.quotas)
        return response, RequestRecord(request.route, request.source, request.client)

    def _surface(self, route: Route | None, scope: Scope) -> Surface:
        """The surface of the route; of the address when no route answers there, or none by this method."""
        if route is not None:
            return route.surface
        return self._routes.surface(scope["path"], scope["raw_path"])

    def _refused(
        self,
        request: Request,
        response: Response,
        surface: Surface,
        told: Outcome,
        problem: Refusal | StoreError | None = None,
    ) -> tuple[Response, RequestRecord]:
        """The response, with an id by which it can be asked why, and the record of it.

        The problem says who was refused when that was before anybody had authenticated.
        """
        request_id = new_id()
        response.varying = (*response.varying, (REQUEST_ID, request_id))
        address = self._address(request)
        path = "" if request.route else address
        if self.refusal_recorder is not None:
            path = self.refusal_recorder.path(request.scope) or path
        client = (problem.client if problem else "") or request.client
        record = RequestRecord(
            route=request.route,
            source=request.source,
            client=client,
            code=told.code,
            check=told.check,
            public=told.public,
            detail=told.detail,
            request_id=request_id.decode(),
            path=path,
        )
        if self.refusal_recorder is not None:
            self.refusal_recorder.refused(request, record, address, response.status, surface)
        _tell(response, (*request.quotas, *(problem.quotas if problem else ())))
        return response, record

    def _address(self, request: Request) -> str:
        """The route of a request, or what can be shown of an address that nothing answers at."""
        return request.route or self._routes.shown(request.scope["raw_path"])

    def _logged(self, request: Request, record: RequestRecord) -> dict[str, str]:
        """What other events of the log say of a request."""
        return {
            "method": request.scope["method"],
            "route": self._address(request),
            "request_id": record.request_id,
        }

    def connection_rejected(self, reason: Unread, request_id: bytes, source: str) -> None:
        """The protocol has refused a connection by itself, and closes it."""
        if self.watch is not None:
            self.watch.connection_rejected(reason.status)
        if self.refusal_recorder is not None:
            self.refusal_recorder.unread(request_id, reason, source)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's lifespan, by which the server says when to start and when to end; requests do not come this way."""
        if scope["type"] != "lifespan":
            raise ValueError("requests are answered by App.answer")
        await receive()
        try:
            opened = self._lifespan(self)
            self._routes, self.watch, self.refusal_recorder = await opened.__aenter__()
        except Exception as error:  # noqa: BLE001  # whatever it is, the server is told and stops
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.going_down = True
        await opened.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


def _tell(response: Response, quotas: Quotas) -> None:
    """Say in the response how much of its limits the caller has left."""
    if quotas:
        response.varying = (*response.varying, *rate_limit_headers.headers(quotas))


@asynccontextmanager
async def opens_nothing(_app: App) -> AsyncIterator[Served]:
    """The life of an application that is made with what it serves."""
    yield Served(Routes([]))
