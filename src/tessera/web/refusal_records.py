"""From a request that was refused to what can be told of it; and the id by which it is asked for."""

import os
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from tessera.app.state.refusals import Refusals
from tessera.core.administration import explanations
from tessera.core.administration.explanations import Explanation
from tessera.core.clients import credentials
from tessera.core.wire import Params
from tessera.ops.request_record import RequestRecord
from tessera.ports import Clock
from tessera.web import client_address
from tessera.web.messages import Request, Scope
from tessera.web.routes import names
from tessera.web.surfaces import Surface

ID_BYTES = 16
REQUEST_ID = b"x-request-id"


def new_id() -> bytes:
    """The id of a refused request: 128 bits of chance in hex. One that came with the request is not looked at."""
    return os.urandom(ID_BYTES).hex().encode()


class Outcome(NamedTuple):
    """Why a request was refused: what the caller is told, and what only the operator is."""

    code: str
    check: str
    public: str
    detail: str = ""


class Unread(Enum):
    """Why the protocol refuses by itself (see `web/server/protocol.py`): the status, and what is told of it."""

    MALFORMED = (
        400,
        Outcome(
            "", "http.malformed", "The connection was closed: this is not well-formed HTTP, or can be read in two ways."
        ),
    )
    UPGRADE = (
        400,
        Outcome("", "http.upgrade", "The connection was closed: a request with a body cannot offer another protocol."),
    )
    VERSION = 505, Outcome("", "http.version", "The connection was closed: only HTTP/1.0 and HTTP/1.1 are spoken here.")
    HOST = (
        400,
        Outcome(
            "", "http.host", "The connection was closed: the header Host is sent once, with a name or address in it."
        ),
    )
    EXPECTATION = (
        417,
        Outcome("", "http.expectation", "The connection was closed: Expect can be 100-continue and nothing else."),
    )
    SLOW = 408, Outcome("", "http.slow", "The connection was closed: the request did not arrive whole in time.")
    CUT_OFF = 400, Outcome("", "http.cut_off", "The connection was closed: it ended before the request was whole.")
    HEAD = 431, Outcome("", "http.head", "The connection was closed: the request line and headers are over a limit.")
    CONNECTIONS = 503, Outcome("", "http.connections", "The connection was closed: there are too many.")

    def __init__(self, status: int, told: Outcome) -> None:
        self.status = status
        self.told = told


class RefusalRecorder:
    """Hands what was refused to the upkeep, which keeps it.

    `pseudonym` is what is kept of an id that stood in an address; `paths` is whether the log has addresses as they were
    sent.
    """

    def __init__(
        self,
        refusals: Refusals,
        clock: Clock,
        proxies: tuple[str, ...],
        pseudonym: Callable[[str], str],
        *,
        paths: bool = False,
    ) -> None:
        self._refusals = refusals
        self._clock = clock
        self._proxies = proxies
        self._pseudonym = pseudonym
        self._paths = paths

    def unread(self, request_id: bytes, reason: Unread, source: str) -> None:
        """A request that was refused before it was read."""
        if self._refusals.has_room(known=False):
            self._refusals.add(
                Explanation(
                    request_id=request_id.decode(),
                    at=self._clock.now(),
                    method="",
                    route="",
                    source=source,
                    status=reason.status,
                    code=reason.told.code,
                    check=reason.told.check,
                    public=reason.told.public,
                    detail=reason.told.detail,
                )
            )

    def refused(self, request: Request, record: RequestRecord, address: str, status: int, surface: Surface) -> None:
        """A request that was read and refused. Nothing is made of it when there is no room."""
        scope = request.scope
        authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        client = record.client or _client(request.params, authorization)
        known = bool(client) and self._refusals.knows(client)
        source = record.source or client_address.of(scope, self._proxies)
        if known and (status in (401, 403, 429) or surface.counts_every_refusal):
            self._refusals.count(client, record.check, source)
        if not self._refusals.has_room(known=known):
            return
        ids = zip(names(address), request.path_values, strict=False)
        token = credentials.bearer(authorization) or (request.params and request.params.get("token")) or ""
        self._refusals.add(
            Explanation(
                request_id=record.request_id,
                at=self._clock.now(),
                method=scope["method"],
                route=address,
                source=source,
                status=status,
                code=record.code,
                check=record.check,
                public=record.public,
                detail=record.detail,
                client=explanations.shown_client(client, known=known) if client else "",
                known=known,
                scheme=explanations.scheme(authorization) if authorization else "",
                token=explanations.fingerprint(token),
                query=tuple(sorted(request.params.in_query)) if request.params else (),
                body=tuple(sorted(request.params.in_body)) if request.params else (),
                headers=explanations.shown_headers(scope["headers"]),
                ids={name: self._pseudonym(value) for name, value in ids},
            )
        )

    def path(self, scope: Scope) -> str:
        """The address of a request for the log, without what may be secret in it; "" when the log has none."""
        if not self._paths:
            return ""
        return explanations.shown_path(scope["raw_path"].decode("latin-1"), self._refusals.knows)


def _client(params: Params | None, authorization: bytes) -> str:
    """The client id or API key that was presented, "" when there was none."""
    named = params.get("client_id") if params else None
    if named is None and authorization:
        pair = credentials.basic_pair(authorization)
        named = pair[0] if pair else None
    return named or ""
