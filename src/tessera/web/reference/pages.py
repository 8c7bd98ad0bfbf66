"""Serves the reference: the document at `/openapi.json`, and the page that shows it at `/docs`.

Neither needs credentials, and neither is part of the API. The page is of our own files only, which its policy tells
the browser: it loads nothing from elsewhere, runs nothing that stands in the page, and speaks to this server alone.
"""

import gzip
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tessera.web import errors
from tessera.web.messages import Headers, Request, Response, encode
from tessera.web.reference.document import document
from tessera.web.routes import Route

FOLDER = Path(__file__).parent / "page"

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


def routes(served: Sequence[Route]) -> list[Route]:
    """The routes of the reference of these routes."""

    @cache
    def made() -> bytes:
        return encode(document(served))

    async def openapi(request: Request) -> Response:
        return _answer(request, made(), (*CACHED, (b"content-type", b"application/json")))

    async def docs(request: Request) -> Response:
        return _file(request, "index.html")

    async def docs_file(request: Request) -> Response:
        return _file(request, request.path_values[0])

    return [
        Route("GET", "/openapi.json", openapi),
        Route("GET", "/docs", docs),
        Route("GET", "/docs/{file}", docs_file),
    ]


@cache
def files() -> dict[str, bytes]:
    """The files of the page by name."""
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}


def _file(request: Request, name: str) -> Response:
    body = files().get(name)
    if body is None:
        return errors.not_found("/docs")
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
