"""The only file that knows ASGI: from a connection's events to a handler, and its answer back."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tessera.core.errors import Refusal
from tessera.core.rails import Quota
from tessera.ops.log import log
from tessera.ports import StoreError
from tessera.web import errors, ratelimit
from tessera.web.explaining import REQUEST_ID, Told, new_id
from tessera.web.messages import ClientGone, Receive, Request, Response, Scope, Send, whole
from tessera.web.routes import Routes

Lifespan = Callable[[], AbstractAsyncContextManager[Routes]]
"""Opens what the routes stand on, gives the routes, and closes it after the last request."""

NOWHERE = Told("not_found", "address.unknown", "Nothing answers at this address.")
NOT_GIVEN = Told("", "answer.refused", "The request was read and could not be answered.")
UNAVAILABLE = Told("temporarily_unavailable", "store.unavailable", "The service cannot store anything just now.")
DEFECT = Told("internal_server_error", "server.defect", "Something went wrong on our side.")


class App:
    """The ASGI application; `resource_metadata` is where the platform's metadata is, for its challenges."""

    def __init__(self, lifespan: Lifespan, resource_metadata: str = "") -> None:
        self._lifespan = lifespan
        self._resource_metadata = resource_metadata
        self._routes = Routes([])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        quotas: list[Quota] = []
        try:
            response = await self._answer(scope, receive, quotas)
        except ClientGone:
            return
        if quotas:
            response.varying = (*response.varying, *ratelimit.headers(quotas))
        body = response.body
        connection = whole(scope)
        if connection is not None and response.status != 304 and connection.respond(scope, response):
            return
        length = () if response.status == 304 else ((b"content-length", b"%d" % len(body)),)  # RFC 9110 section 8.6
        headers = [*response.headers, *response.varying, *length]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive, quotas: list[Quota]) -> Response:
        path = scope["path"]
        request = Request(scope, receive, (), quotas)
        try:
            found = self._routes.find(scope["method"], scope["raw_path"])
            if found is None:
                return self._refused(request, errors.not_found(path), NOWHERE)
            handler, request.path_values = found
            response = await handler(request)
        except Refusal as refusal:
            told = Told(errors.code(type(refusal), path), refusal.check, refusal.public, refusal.detail)
            response = errors.respond(refusal, path, self._resource_metadata)
            self._refused(request, response, told, logged=True)
            return response
        except StoreError as error:
            log.error("store_unavailable", method=scope["method"], path=path, reason=str(error))
            return self._refused(request, errors.unavailable(path), UNAVAILABLE._replace(detail=str(error)))
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001  # the last resort: a defect is answered, and logged whole
            response = self._refused(request, errors.defect(path), DEFECT._replace(detail=type(error).__name__))
            log.exception("defect", method=scope["method"], path=path, request_id=_id_of(response))
            return response
        if request.also_answer:
            response.varying = (*response.varying, *request.also_answer)
        return response if response.status < 400 else self._refused(request, response, NOT_GIVEN)

    def _refused(self, request: Request, response: Response, told: Told, *, logged: bool = False) -> Response:
        """The response with an id by which it can be asked why."""
        request_id = new_id()
        response.varying = (*response.varying, (REQUEST_ID, request_id))
        explainer = self._routes.explainer
        if explainer is not None:
            explainer.refused(request, request_id, response.status, told)
        if logged:
            path = explainer.path(request.scope) if explainer is not None else ""
            _log_refusal(request.scope["method"], path, told, response)
        return response

    def refused_unread(self, request_id: bytes, status: int, source: str) -> None:
        """The protocol has refused a request by itself."""
        if self._routes.explainer is not None:
            self._routes.explainer.unread(request_id, status, source)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return
        await receive()
        try:
            opened = self._lifespan()
            self._routes = await opened.__aenter__()
        except Exception as error:  # noqa: BLE001  # whatever it is, the server is told and stops
            log.exception("start_failed")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await opened.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})


def _log_refusal(method: str, path: str, told: Told, response: Response) -> None:
    """One line a refusal: never the query string, a header, or anything that was presented."""
    log.info(
        "refused",
        method=method,
        path=path,
        status=response.status,
        code=told.code,
        public=told.public,
        detail=told.detail,
        check=told.check,
        request_id=_id_of(response),
    )


def _id_of(response: Response) -> str:
    """The id by which it can be asked why."""
    return dict(response.varying)[REQUEST_ID].decode()
