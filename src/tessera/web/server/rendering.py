"""Responses as bytes."""

import http
from collections.abc import Iterable
from functools import lru_cache

from tessera.web.messages import Headers, Response

STATUS_LINES = {each.value: b"HTTP/1.1 %d %b\r\n" % (each.value, each.phrase.encode()) for each in http.HTTPStatus}


@lru_cache(maxsize=64)
def _lines(headers: Headers) -> bytes:
    """Headers as they are sent. Most answers have one of few sets of them, and the date stays the same for a second."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def render(response: Response, headers: Headers, default: Iterable[tuple[bytes, bytes]], *, head_only: bool) -> bytes:
    """A response with these headers and the `default` ones; without its body when `head_only`."""
    lines = _lines((*default, *headers))
    if response.varying:
        lines += b"".join([b"%b: %b\r\n" % header for header in response.varying])
    if response.status == 304:  # it says nothing of a body (RFC 9110 section 8.6)
        return b"%b%b\r\n" % (STATUS_LINES[304], lines)
    body = response.body
    sent = b"" if head_only else body
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (STATUS_LINES[response.status], lines, len(body), sent)
