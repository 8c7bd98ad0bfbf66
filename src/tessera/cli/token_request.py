"""The client_credentials grant against any URL, by the standard library alone.

No redirect is followed: a secret goes to the address that was named and to no other. No sentence repeats it.
"""

import base64
import http.client
import json
import ssl
import time
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from tessera.core import urls

REPLY_BYTES_MAX = 64 * 1024
FORM = "application/x-www-form-urlencoded"


class Asked(NamedTuple):
    """A token request; `via` is query, form or basic."""

    url: str
    client_id: str
    client_secret: str
    via: str
    scope: str | None
    timeout_seconds: float


class Answer(NamedTuple):
    """What came of it: `problem` is None when it is a token, otherwise a sentence that says what to do."""

    status: int | None
    phrase: str
    milliseconds: float
    reply: Any
    problem: str | None


def send(asked: Asked) -> Answer:
    """Ask for a token."""
    try:
        address = urls.split(asked.url)
    except ValueError as error:
        return _failed(str(error))
    if address.scheme not in ("http", "https") or not address.hostname:
        return _failed(f"{_plain(address)} is not an address: write http://127.0.0.1:8000 or https://id.example.")
    started = time.perf_counter()
    try:
        status, phrase, location, raw = _exchange(asked, address)
    except (OSError, http.client.HTTPException) as error:
        return _failed(_why_no_answer(error, address))
    took = (time.perf_counter() - started) * 1000
    try:
        reply = json.loads(raw)
    except ValueError:
        reply = None
    return Answer(status, phrase, took, reply, _problem(status, location, reply))


def _failed(sentence: str) -> Answer:
    return Answer(None, "", 0.0, None, sentence)


def _plain(address: SplitResult) -> str:
    """An address without anything that could be a secret."""
    return f"{address.scheme}://{address.hostname or ''}{address.path}" if address.scheme else address.path


def _place(location: str) -> str:
    """Where a server points, without anything that could be a secret."""
    try:
        return _plain(urlsplit(location))
    except ValueError:
        return "to what is no address"


def _exchange(asked: Asked, address: SplitResult) -> tuple[int, str, str | None, bytes]:
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=asked.timeout_seconds)
    try:
        path, headers, body = _request(asked, address)
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        raw = response.read(REPLY_BYTES_MAX)
        return response.status, response.reason, response.getheader("Location"), raw
    finally:
        connection.close()


def _request(asked: Asked, address: SplitResult) -> tuple[str, dict[str, str], bytes]:
    path = address.path if address.path not in ("", "/") else "/oauth/token"
    fields = {"grant_type": "client_credentials"}
    headers = {"Accept": "application/json"}
    if asked.via == "basic":
        # RFC 6749 section 2.3.1: each half is form-encoded before the two are joined.
        pair = f"{quote(asked.client_id, safe='')}:{quote(asked.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        fields |= {"client_id": asked.client_id, "client_secret": asked.client_secret}
    if asked.scope is not None:
        fields["scope"] = asked.scope
    encoded = urlencode(fields)
    if asked.via == "query":
        return f"{path}?{encoded}", {**headers, "Content-Length": "0"}, b""
    return path, {**headers, "Content-Type": FORM}, encoded.encode()


def _why_no_answer(error: Exception, address: SplitResult) -> str:
    place = f"{address.hostname}{'' if address.port is None else f':{address.port}'}"
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {place}. Start the server (`tessera serve`), or put the address right with --url."
    if isinstance(error, TimeoutError):
        return f"{place} did not answer in time. Try again, or wait longer with --timeout."
    if isinstance(error, ssl.SSLError):
        return f"{place} could not be trusted ({error.reason or error}). Put its certificate right, or --url."
    return f"{place} gave no answer that is HTTP ({error or type(error).__name__}). Put the address right with --url."


_PROBLEMS = {
    "invalid_client": (
        "The id or secret is wrong, the secret has ended, the application is disabled, or it may not send them this"
        " way (try another --via). `tessera apps show` and `tessera apps secrets list` tell."
    ),
    "invalid_scope": "The application was not given that scope. Ask for less, or leave --scope out.",
    "invalid_request": "The server did not understand the request; its description says why.",
    "unsupported_grant_type": "The server does not do client_credentials.",
    "unauthorized_client": "The application may not use client_credentials.",
}

_REDIRECT = range(300, 400)


def _problem(status: int, location: str | None, reply: Any) -> str | None:
    if status in _REDIRECT:
        place = _place(location or "")
        return f"The server points elsewhere ({place}); the secret was not sent there. Name that address with --url."
    if not isinstance(reply, dict):
        return "The answer is not JSON: this is no token endpoint. Put the address right with --url."
    if status == http.HTTPStatus.OK and isinstance(reply.get("access_token"), str):
        return None
    if status == http.HTTPStatus.NOT_FOUND:
        return "There is no token endpoint at this path. Put the address right with --url."
    known = _PROBLEMS.get(str(reply.get("error")))
    return known or f"The server answered {status} and no token. Its log tells why."
