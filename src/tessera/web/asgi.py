"""The only file that knows ASGI: from a connection's events to a handler, and its answer back."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from tessera.core.errors import Refusal
from tessera.core.rails import Quota
from tessera.ops.log import log
from tessera.ports import StoreError
from tessera.web import errors, ratelimit
from tessera.web.messages import ClientGone, Receive, Request, Response, Scope, Send, whole
from tessera.web.routes import Routes

Lifespan = Callable[[], AbstractAsyncContextManager[Routes]]
"""Opens what the routes stand on, gives the routes, and closes it after the last request."""


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
        try:
            found = self._routes.find(scope["method"], scope["raw_path"])
            if found is None:
                return errors.not_found(path)
            handler, values = found
            request = Request(scope, receive, values, quotas)
            response = await handler(request)
        except Refusal as refusal:
            response = errors.respond(refusal, path, self._resource_metadata)
            _log_refusal(scope, refusal, response.status)
            return response
        except StoreError as error:
            log.error("store_unavailable", method=scope["method"], path=path, reason=str(error))
            return errors.unavailable(path)
        except ClientGone:
            raise
        except Exception:  # noqa: BLE001  # the last resort: a defect is answered, and logged whole
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


def _log_refusal(scope: Scope, refusal: Refusal, status: int) -> None:
    """One line a refusal: never the query string, a header, or anything that was presented."""
    log.info(
        "refused",
        method=scope["method"],
        path=scope["path"],
        status=status,
        code=refusal.code,
        public=refusal.public,
        detail=refusal.detail,
    )
