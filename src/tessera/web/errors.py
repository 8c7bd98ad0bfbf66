"""Refusals into responses: the one table.

An OAuth refusal is `{"error","error_description"}` (RFC 6749 section 5.2); a refusal of the platform is the envelope
of the contract. Which of the two a refusal of neither family becomes depends on the address.
"""

from typing import NamedTuple

from tessera.core import errors
from tessera.core.errors import OAuthRefusal, PlatformRefusal, Refusal
from tessera.core.keys.jws import ALGORITHMS
from tessera.core.sent_values import described
from tessera.web.messages import CLOSE, JSON_NO_STORE_HEADERS, DuplicateHeader, Headers, Response, encode

REALM = "tessera"

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

_PLATFORM_CODES = {
    "invalid_request": "argument_error",
    "invalid_token": "invalid_auth_token",
    "temporarily_unavailable": "not_available",
}
"""What the platform calls a refusal that both families know."""

RETRY_AFTER_SECONDS = 1


class Challenge(NamedTuple):
    """Parameters of challenges that no refusal brings.

    `resource_metadata` is where the platform's metadata is (RFC 9728 section 5.1), `algorithms` are those of DPoP
    proofs (RFC 9449 section 7.1).
    """

    resource_metadata: str = ""
    algorithms: tuple[str, ...] = ALGORITHMS


NO_METADATA = Challenge()
"""Challenges where nothing is known of the platform's metadata."""


def respond(refusal: Refusal, path: str, challenge: Challenge = NO_METADATA) -> Response:
    """The response for a refusal at this address."""
    headers = JSON_NO_STORE_HEADERS + _headers(refusal, challenge)
    return Response(STATUSES[type(refusal)], _body(refusal, path), headers)


def not_found(path: str) -> Response:
    """The response for an address that nothing answers."""
    text = "Nothing answers at this address."
    body = _oauth_body("invalid_request", text) if is_oauth(path) else _envelope("not_found", text)
    return Response(404, body, JSON_NO_STORE_HEADERS)


def unavailable(path: str) -> Response:
    """The response when the database does not answer: nothing was done, and trying again may work."""
    return respond(errors.Unavailable("The service cannot store anything just now. Try again in a moment."), path)


def defect(path: str) -> Response:
    """The response for a mistake of ours; it tells nothing."""
    text = "Something went wrong on our side."
    body = (_oauth_body if is_oauth(path) else _envelope)(defect_code(path), text)
    return Response(500, body, JSON_NO_STORE_HEADERS)


def defect_code(path: str) -> str:
    """The code that stands for a mistake of ours at this address."""
    return "server_error" if is_oauth(path) else "internal_server_error"


def is_oauth(path: str) -> bool:
    """Whether an address is of the OAuth endpoints, whose errors have a form of their own."""
    return path.startswith(("/oauth/", "/.well-known/"))


def code(kind: type[Refusal], path: str) -> str:
    """The code that stands for a kind of refusal at this address."""
    if _in_oauth_form(kind, path):
        return kind.code
    return _PLATFORM_CODES.get(kind.code, kind.code)


def _in_oauth_form(kind: type[Refusal], path: str) -> bool:
    return issubclass(kind, OAuthRefusal) or (not issubclass(kind, PlatformRefusal) and is_oauth(path))


def _body(refusal: Refusal, path: str) -> bytes:
    form = _oauth_body if _in_oauth_form(type(refusal), path) else _envelope
    return form(code(type(refusal), path), refusal.message)


def _oauth_body(code: str, text: str) -> bytes:
    return encode({"error": code, "error_description": described(text)})


def _envelope(code: str, message: str) -> bytes:
    return encode({"status": "error", "errors": {"code": code, "message": message}})


_FIXED: dict[type[Refusal], Headers] = {
    errors.TooLarge: (CLOSE,),
    errors.CompressedBody: ((b"accept-encoding", b"identity"),),  # RFC 7694 section 3
}
"""Headers that are the same for every refusal of a kind."""


def _headers(refusal: Refusal, challenge: Challenge) -> Headers:
    where = f'resource_metadata="{challenge.resource_metadata}"' if challenge.resource_metadata else ""
    headers = _FIXED.get(type(refusal), ())
    match refusal:
        case errors.InvalidClient():
            headers = _challenges('error="invalid_client"', f'error_description="{refusal.public}"')
        case errors.InvalidToken():
            headers = _challenges('error="invalid_token"', f'error_description="{refusal.public}"')[1:]
        case errors.InvalidAuthToken():
            headers = _challenges('error="invalid_token"', f'error_description="{refusal.public}"', where)
        case errors.UseDPoPNonce() | errors.DPoPChallenge():
            headers = _dpop(refusal, where, " ".join(challenge.algorithms))
        case errors.MissingCredentials() | errors.InvalidAPIKey():
            headers = _challenges(where)
        case errors.InsufficientScope():
            lacking = f'Bearer realm="{REALM}", error="insufficient_scope", scope="{refusal.scope}"'
            headers = ((b"www-authenticate", lacking.encode("ascii")),)
        case errors.MethodNotAllowed():
            headers = ((b"allow", ", ".join(refusal.allowed).encode("ascii")),)
        case errors.TooManyRequests() | errors.Unavailable():
            seconds = refusal.seconds if isinstance(refusal, errors.TooManyRequests) else RETRY_AFTER_SECONDS
            headers = ((b"retry-after", b"%d" % seconds),)
    return headers


def _dpop(refusal: errors.UseDPoPNonce | errors.DPoPChallenge, where: str, algorithms: str) -> Headers:
    """The nonce, and on the platform the challenge (RFC 9449 sections 7.1, 8 and 9)."""
    nonce: Headers = ((b"dpop-nonce", refusal.nonce.encode("ascii")),) if refusal.nonce else ()
    if isinstance(refusal, errors.UseDPoPNonce):
        return nonce
    challenge = (
        f'DPoP realm="{REALM}", error="{refusal.error}", error_description="{refusal.public}",'
        f' algs="{algorithms}"' + (f", {where}" if where else "")
    )
    return ((b"www-authenticate", challenge.encode("ascii")), *nonce)


def _challenges(*parameters: str) -> Headers:
    """Basic first, for clients that only then send it; Bearer beside it (RFC 6750 section 3)."""
    bearer = ", ".join([f'Bearer realm="{REALM}"', *(each for each in parameters if each)])
    return (
        (b"www-authenticate", f'Basic realm="{REALM}", charset="UTF-8"'.encode("ascii")),
        (b"www-authenticate", bearer.encode("ascii")),
    )
