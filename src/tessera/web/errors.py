"""Refusals into responses: the table of statuses, and what is the same on every surface.

The form of a response is that of the surface (`web/surfaces.py`) of the route that refused.
"""

from tessera.core import errors
from tessera.core.errors import Refusal
from tessera.web.challenges import NO_METADATA, Challenge
from tessera.web.messages import CLOSE, DuplicateHeader, Headers, Request, Response
from tessera.web.surfaces import Problem, Surface

STATUSES: dict[type[Refusal], int] = {
    errors.InvalidRequest: 400,
    errors.InvalidClient: 401,
    errors.UnsupportedGrantType: 400,
    errors.InvalidScope: 400,
    errors.InvalidTarget: 400,
    errors.InvalidToken: 401,
    errors.InvalidDPoPProof: 400,
    errors.UseDPoPNonce: 400,
    errors.MissingCredentials: 401,
    errors.InvalidAuthToken: 401,
    errors.DPoPChallenge: 401,
    errors.InsufficientScope: 403,
    errors.InvalidAPIKey: 401,
    errors.UserNotFound: 404,
    errors.NotFound: 404,
    errors.MissingData: 400,
    errors.Validation: 400,
    errors.IdempotencyConflict: 409,
    errors.ChangedMeanwhile: 409,
    errors.NotAvailable: 400,
    errors.ArgumentError: 400,
    errors.TooLarge: 413,
    errors.CompressedBody: 415,
    errors.MethodNotAllowed: 405,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
    DuplicateHeader: 400,
}

RETRY_AFTER_SECONDS = 1


def respond(refusal: Refusal, surface: Surface, request: Request, challenge: Challenge = NO_METADATA) -> Response:
    """The response for a refusal of this request by a route of this surface."""
    problem = Problem(
        status=STATUSES[type(refusal)],
        code=surface.code(type(refusal)),
        text=refusal.message,
        headers=_headers(refusal) + surface.challenges(refusal, challenge),
        refusal=refusal,
    )
    return surface.render(problem, request)


def not_found(surface: Surface, request: Request) -> Response:
    """The response for an address that nothing answers."""
    return respond(errors.NotFound("Nothing answers at this address.", check="address.unknown"), surface, request)


def unavailable(surface: Surface, request: Request) -> Response:
    """The response when the database does not answer: nothing was done, and trying again may work."""
    refusal = errors.Unavailable("The service cannot store anything just now. Try again in a moment.")
    return respond(refusal, surface, request)


def defect(surface: Surface, request: Request) -> Response:
    """The response for a mistake of ours; it tells nothing."""
    return surface.render(Problem(500, surface.defect_code, "Something went wrong on our side."), request)


_FIXED: dict[type[Refusal], Headers] = {
    errors.TooLarge: (CLOSE,),
    errors.CompressedBody: ((b"accept-encoding", b"identity"),),  # RFC 7694 section 3
}
"""Headers that are the same for every refusal of a kind."""


def _headers(refusal: Refusal) -> Headers:
    """The headers of a kind of refusal that every surface sends."""
    match refusal:
        case errors.MethodNotAllowed():
            return ((b"allow", ", ".join(refusal.allowed).encode("ascii")),)
        case errors.TooManyRequests() | errors.Unavailable():
            seconds = refusal.seconds if isinstance(refusal, errors.TooManyRequests) else RETRY_AFTER_SECONDS
            return ((b"retry-after", b"%d" % seconds),)
    return _FIXED.get(type(refusal), ())
