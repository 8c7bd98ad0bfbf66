"""Serves the reference: the document at `/openapi.json`, the page that shows it at `/docs`, and a page at `/`.

None of them needs credentials or is part of the API. The pages are of our own files only, which its policy tells
the browser: it loads nothing from elsewhere, runs nothing that stands in the page, and speaks to this server alone.
"""

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path

from tessera.core.errors import NotFound
from tessera.web import errors
from tessera.web.messages import Headers, Request, Response, encode
from tessera.web.reference.document import document
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

FOLDER = Path(__file__).parent / "page"
HOME = Path(__file__).parent / "home.html"

NOWHERE = "Nothing answers at this address."

TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
}

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    b" frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

CACHED: Headers = ((b"cache-control", b"public, max-age=60"), (b"x-content-type-options", b"nosniff"))

_NO_WEIGHT = re.compile(rb"q\s*=\s*0(?:\.0{0,3})?")

PAGE_HEADERS: Headers = (
    *CACHED,
    (b"content-security-policy", POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)


Examples = Callable[[], Awaitable[dict[str, str]]]
"""Gives ids that exist, by the name of the parameter or member that they are for."""


async def no_examples() -> dict[str, str]:
    """Nothing, where nobody's ids may be told."""
    return {}


def routes(served: Sequence[Route], examples: Examples = no_examples) -> list[Route]:
    """The routes of the reference of these routes. `examples` are told to everybody."""

    @cache
    def made() -> bytes:
        return encode(document(served))

    async def openapi(request: Request) -> Response:
        return _answer(request, made(), (*CACHED, (b"content-type", b"application/json")))

    known: dict[str, str] = {}

    async def examples_file(request: Request) -> Response:
        if not known:  # once there are any, nothing is read for strangers any more
            known.update(await examples())
        headers = ((b"cache-control", b"no-cache"), *CACHED[1:], (b"content-type", b"application/json"))
        return _answer(request, encode(known), headers)

    async def docs(request: Request) -> Response:
        return _file(request, "index.html")

    async def home(request: Request) -> Response:
        if not wants_html(request.header(b"accept") or b""):
            raise NotFound(NOWHERE, check="address.unknown")
        headers = (*PAGE_HEADERS, (b"content-type", TYPES[HOME.suffix]), (b"vary", b"accept"))
        return _answer(request, _home(), headers)

    async def docs_file(request: Request) -> Response:
        return _file(request, request.path_values[0])

    return [
        Route("GET", "/", home, PLATFORM),
        Route("GET", "/openapi.json", openapi, PLATFORM),
        Route("GET", "/docs", docs, PLATFORM),
        Route("GET", "/docs/examples.json", examples_file, PLATFORM),
        Route("GET", "/docs/{file}", docs_file, PLATFORM),
    ]


def wants_html(accept: bytes) -> bool:
    """Whether an `Accept` header names HTML, as those of browsers do; `*/*` asks for nothing in particular."""
    for each in accept.lower().split(b","):
        kind, *parameters = [part.strip() for part in each.split(b";")]
        if kind == b"text/html":
            return not any(re.fullmatch(rb"q=0(\.0*)?", part) for part in parameters)
    return False


@cache
def _home() -> bytes:
    return HOME.read_bytes()


@cache
def files() -> dict[str, bytes]:
    """The files of the page by name."""
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}


def _file(request: Request, name: str) -> Response:
    body = files().get(name)
    if body is None:
        return errors.not_found(PLATFORM, request)
    return _answer(request, body, (*PAGE_HEADERS, (b"content-type", TYPES[Path(name).suffix])))


def _answer(request: Request, body: bytes, headers: Headers) -> Response:
    """The body, compressed for a client that takes that, under a tag of its own.

    304 for a client that has it already (RFC 9110 section 13.1.2). Both forms tell caches that there are two.
    """
    tag = _tag(body)
    if takes_gzip(request):
        body, tag = _compressed(body), tag + b"-gzip"
        headers = (*headers, (b"content-encoding", b"gzip"))
    tag = b'"%b"' % tag
    headers = (*headers, (b"vary", b"accept-encoding"), (b"etag", tag))
    known = request.header(b"if-none-match") or b""
    if known == b"*" or tag in [each.strip().removeprefix(b"W/") for each in known.split(b",")]:
        return Response(304, b"", headers)
    return Response(200, body, headers)


@cache
def _tag(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:32].encode()


@cache
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def takes_gzip(request: Request) -> bool:
    """Whether a client takes an answer in gzip (RFC 9110 section 12.5.3): it is named, or anything is, and not by 0."""
    sent = b",".join(value for name, value in request.scope["headers"] if name == b"accept-encoding")
    weights: dict[bytes, bool] = {}
    for each in sent.lower().split(b","):
        coding, _, parameters = each.partition(b";")
        weights[coding.strip()] = _NO_WEIGHT.fullmatch(parameters.strip()) is None
    return weights.get(b"gzip", weights.get(b"x-gzip", weights.get(b"*", False)))
