"""Surfaces: the form in which each family of routes answers a refusal.

Every route names its surface (`web/routes.Route`). Those of programs are here, since addresses that nothing answers
need one too.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import msgspec

from tessera.core.errors import Refusal
from tessera.core.sent_values import described
from tessera.web.challenges import Challenge, challenges
from tessera.web.messages import JSON_NO_STORE_HEADERS, Headers, Request, Response, encode


class Problem(NamedTuple):
    """A refusal or a defect of ours, ready to be answered: `text` is for the caller.

    `headers` are those that its kind needs whatever the form is: challenges, `Allow`, `Retry-After`. `refusal` is None
    for a defect.
    """

    status: int
    code: str
    text: str
    headers: Headers = ()
    refusal: Refusal | None = None


class Surface(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """How a family of routes answers a refusal.

    `name` begins the names of its answers in the OpenAPI document, and `content` has the types of its error bodies
    there by media type. `render` makes the response. `codes` has the surface's own code for each code of
    `core/errors.py` that it calls otherwise, and `defect_code` is its code for a mistake of ours. `challenges` gives
    the headers by which a refusal asks a program to authenticate: a page has none, or browsers ask for a password.
    `counts_every_refusal` says whether the audit counts every refusal of a known client here, and not only those that
    deny it access.
    """

    name: str
    render: Callable[[Problem, Request], Response]
    defect_code: str
    challenges: Callable[[Refusal, Challenge], Headers]
    codes: Mapping[str, str]
    content: Mapping[str, type]
    counts_every_refusal: bool = False

    def code(self, kind: type[Refusal]) -> str:
        """The code that stands for a kind of refusal on this surface."""
        return self.codes.get(kind.code, kind.code)


class OAuthError(msgspec.Struct):
    """An error of an OAuth endpoint (RFC 6749 section 5.2). Decide by `error`; the text is for people."""

    error: str
    error_description: str


class ErrorDetail(msgspec.Struct):
    """What went wrong. Decide by `code`; the text is for people."""

    code: str
    message: str


class PlatformError(msgspec.Struct):
    """An error of the platform API."""

    status: Literal["error"]
    errors: ErrorDetail


def _oauth(problem: Problem, _request: Request) -> Response:
    body = OAuthError(problem.code, described(problem.text))
    return Response(problem.status, encode(body), JSON_NO_STORE_HEADERS + problem.headers)


def _envelope(problem: Problem, _request: Request) -> Response:
    body = PlatformError("error", ErrorDetail(problem.code, problem.text))
    return Response(problem.status, encode(body), JSON_NO_STORE_HEADERS + problem.headers)


OAUTH = Surface(
    name="OAuth",
    render=_oauth,
    defect_code="server_error",
    challenges=challenges,
    codes={"not_found": "invalid_request"},  # RFC 6749 has no code for an address that nothing answers
    content={"application/json": OAuthError},
    counts_every_refusal=True,
)

PLATFORM = Surface(
    name="Platform",
    render=_envelope,
    defect_code="internal_server_error",
    challenges=challenges,
    codes={
        "invalid_request": "argument_error",
        "invalid_token": "invalid_auth_token",
        "temporarily_unavailable": "not_available",
    },
    content={"application/json": PlatformError},
)
