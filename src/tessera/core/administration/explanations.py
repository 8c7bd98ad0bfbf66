"""What can be told of a refused request: enough to put it right, and nothing of what it must keep to itself.

Of what was presented stand here the names of what this service knows, a client id that exists, and a token's
fingerprint. No secret, no token, no value of a parameter or a header, and no name that the caller made up.
"""

import hashlib
import re
from collections.abc import Callable

import msgspec

PATH_LENGTH_MAX = 200
SEGMENT_LENGTH_MAX = 36
"""A longer segment of a path, other than an API key that exists, may be a token or a secret in the wrong place."""

TOKEN_LENGTH_MIN = 32
"""A shorter text is no token of ours: it may be a password, of which even a fingerprint would tell something."""

HEADERS = frozenset(
    {
        b"accept",
        b"authorization",
        b"client-cert",
        b"client-cert-chain",
        b"content-type",
        b"dpop",
        b"forwarded",
        b"transfer-encoding",
        b"x-forwarded-for",
    }
)
"""Headers whose presence is told."""

_SENT_AFTER = re.compile(r"[=&;,?\s].*", re.DOTALL)


class Explanation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One refusal. `check` names the check that failed, `detail` is the operator's reason beside the `public` one.

    `route` is the address as it is declared, or of an unknown one what can be shown (`web/routes.Routes.shown`). `ids`
    are pseudonyms of what stood in the places that have a name in it. `client` is the client id or API key that was
    presented, whole only when it is `known`. `query`, `body` and `headers` are names; `scheme` is that of the
    `Authorization` header; `token` is a fingerprint: the first eight hex digits of the token's SHA-256.
    """

    request_id: str
    at: int
    method: str
    route: str
    source: str
    status: int
    code: str
    check: str
    public: str
    detail: str = ""
    client: str = ""
    known: bool = False
    scheme: str = ""
    token: str = ""
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    ids: dict[str, str] = {}


def shown_path(path: str, known: Callable[[str], bool]) -> str:
    """An address without what may be secret in it: long segments, and whatever follows a sign that is none of ours.

    `known` tells whether a segment is an API key or a client id.
    """
    if len(path) <= SEGMENT_LENGTH_MAX and not _SENT_AFTER.search(path):
        return path
    shown = "/".join(_shown_segment(each, known) for each in path[: 2 * PATH_LENGTH_MAX].split("/"))
    return shown if len(shown) <= PATH_LENGTH_MAX else f"{shown[:PATH_LENGTH_MAX]}..."


def _shown_segment(segment: str, known: Callable[[str], bool]) -> str:
    if len(segment) > SEGMENT_LENGTH_MAX and known(segment):
        return segment
    cut = _SENT_AFTER.sub("...", segment)
    return cut if len(cut) <= SEGMENT_LENGTH_MAX else f"{cut[:8]}..."


def shown_client(client_id: str, *, known: bool) -> str:
    """A client id that exists, whole; of another, which may be a secret in the wrong place, hardly anything."""
    return client_id if known else f"{client_id[:4] if len(client_id) >= TOKEN_LENGTH_MIN else ''}..."


def fingerprint(token: str) -> str:
    """What tells tokens apart and opens nothing; "" for what is no token."""
    if len(token) < TOKEN_LENGTH_MIN:
        return ""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def shown_headers(headers: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    """The names of the headers that were sent, of those that matter here, each once, in order."""
    return tuple(sorted({name.decode() for name, _ in headers if name in HEADERS}))


def scheme(authorization: bytes) -> str:
    """The scheme of an `Authorization` header, if it is one that is spoken here."""
    word = authorization.partition(b" ")[0].lower()
    known = {b"basic": "Basic", b"bearer": "Bearer", b"dpop": "DPoP"}
    return known.get(word, "another scheme")
