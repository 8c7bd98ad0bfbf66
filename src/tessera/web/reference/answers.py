"""The answers that an operation may give: its reply, and each refusal under its status."""

import inspect
from collections import defaultdict
from typing import Any, get_args

from tessera.core import errors
from tessera.core.errors import Refusal
from tessera.web.errors import STATUSES
from tessera.web.operations import Operation
from tessera.web.reference.dialect import PREFIX
from tessera.web.reference.schemas import choices
from tessera.web.routes import Route
from tessera.web.surfaces import Surface

JSON = "application/json"

CODES = "x-error-codes"
"""The codes that an answer may have: told here, since a type of its own for each answer helps nobody's client."""

Answer = dict[str, Any]

CACHING: Answer = {"description": "Answers are not to be kept.", "schema": {"type": "string", "const": "no-store"}}

REQUEST_ID: Answer = {
    "description": "The id of this request, by which its refusal can be explained: tell it to the operator.",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}

CACHED: Answer = {
    "description": "How long the answer may be kept.",
    "schema": {"type": "string", "pattern": "^public, max-age=[0-9]+$"},
}

HEADERS: dict[int, dict[str, Answer]] = {
    401: {
        "WWW-Authenticate": {
            "description": "A challenge for each way that is open, in a header of its own: Basic first, then Bearer."
            " DPoP alone for a token that is bound to a key, or that was sent by DPoP.",
            "required": True,
            "schema": {"type": "string"},
        },
        "DPoP-Nonce": {
            "description": "What the next DPoP proof has to contain, with the error `use_dpop_nonce`.",
            "schema": {"type": "string"},
        },
    },
    403: {
        "WWW-Authenticate": {
            "description": "A Bearer challenge with the error `insufficient_scope` and the scope that is needed.",
            "required": True,
            "schema": {"type": "string"},
        }
    },
    429: {
        "Retry-After": {
            "description": "Seconds after which the client may do more.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
        "RateLimit-Policy": {
            "description": 'The limits, as `"requests";q=50;w=1`, where there are any that count.',
            "schema": {"type": "string"},
        },
        "RateLimit": {
            "description": 'What is left of each, and in how many seconds there is more, as `"requests";r=0;t=1`.',
            "schema": {"type": "string"},
        },
    },
    503: {
        "Retry-After": {
            "description": "Seconds to wait before trying again.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }
    },
}


def success(operation: Operation, schema: dict[str, Any]) -> Answer:
    """The answer of 200."""
    return {
        "description": " ".join(_sentence(kind) for kind in choices(operation.reply)) or "Done.",
        "headers": {"Cache-Control": CACHED if operation.access == "public" else CACHING},
        "content": {JSON: {"schema": schema}},
    }


def refusals(route: Route, operation: Operation) -> dict[int, tuple[str, Answer]]:
    """The answer for each status but 200, with a name that is the same for the same answer."""
    by_status: dict[int, list[type[Refusal]]] = defaultdict(list)
    for kind in _kinds(route.path, operation):
        by_status[STATUSES[kind]].append(kind)
    surface = route.surface
    found = {}
    for status, kinds in sorted(by_status.items()):
        said = [(surface.code(kind), _sentence(kind)) for kind in kinds]
        name = "".join([surface.name, str(status), *(kind.__name__ for kind in kinds)])
        found[status] = name, _answer(surface, status, said)
    mistake = (surface.defect_code, "A mistake of ours; it is in our log.")
    found[500] = f"{surface.name}500", _answer(surface, 500, [mistake])
    return found


def _kinds(path: str, operation: Operation) -> list[type[Refusal]]:
    """Every refusal that may be answered here: those of the operation, and those that come with what it is."""
    kinds: set[type[Refusal]] = {*operation.refusals, errors.Unavailable, errors.TooManyRequests}
    if operation.access == "client":
        kinds |= {errors.InvalidRequest, errors.InvalidClient}
    elif operation.access == "bearer":
        kinds |= {errors.InvalidRequest, errors.InvalidToken}
    elif operation.access == "platform":
        kinds |= {errors.ArgumentError, errors.MissingCredentials, errors.InvalidAuthToken}
    if operation.scope is not None:
        kinds.add(errors.InsufficientScope)
    if operation.body is not None:
        kinds |= {errors.TooLarge, errors.CompressedBody}
        if operation.access == "platform":
            kinds.add(errors.MissingData)
    if "{" in path:
        kinds.add(errors.NotFound)
    if "{api_key}" in path:
        kinds.add(errors.InvalidAPIKey)
    return sorted(kinds, key=list(STATUSES).index)


def _sentence(kind: object) -> str:
    """What a type says of itself; an envelope says what is in it."""
    kind = next(iter(get_args(kind)), kind)
    return (inspect.getdoc(kind) or "").partition("\n\n")[0]


def _answer(surface: Surface, status: int, said: list[tuple[str, str]]) -> Answer:
    codes = sorted({code for code, _ in said})
    return {
        "description": "\n".join(f"`{code}`: {sentence}" for code, sentence in said),
        "headers": {"Cache-Control": CACHING, "X-Request-Id": REQUEST_ID, **HEADERS.get(status, {})},
        "content": {
            media_type: {"schema": {"$ref": f"{PREFIX}{error.__name__}"}}
            for media_type, error in surface.content.items()
        },
        CODES: codes,
    }
