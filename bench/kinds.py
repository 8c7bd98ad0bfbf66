"""The five requests that are measured, prepared byte by byte into files that wrk walks over."""

import base64
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import msgspec

from bench.folders import Caller, Folder
from bench.wrk import Requests

TOKEN_TARGET = 0.60
PROFILE_TARGET = 0.45
TIER_TARGET = 0.35


class Kind(msgspec.Struct, frozen=True):
    """One kind of request: its name in flags and files, its title, the share of bare that it is to reach."""

    name: str
    title: str
    target: float


TOKEN_QUERY = Kind("token_query", "token, by query", TOKEN_TARGET)
TOKEN_FORM = Kind("token_form", "token, by form", TOKEN_TARGET)
TOKEN_BASIC = Kind("token_basic", "token, by Basic", TOKEN_TARGET)
PROFILE = Kind("profile", "profile", PROFILE_TARGET)
TIER_STATUS = Kind("tier_status", "tier status", TIER_TARGET)
KINDS = (TOKEN_QUERY, TOKEN_FORM, TOKEN_BASIC, PROFILE, TIER_STATUS)


def token_requests(folder: Folder, kind: Kind, path: Path) -> Requests:
    """A token request of each caller, in an order that is not the one in which they were made."""
    make = _TOKEN_REQUESTS[kind.name]
    callers = list(folder.callers)
    Random(1).shuffle(callers)
    return write(path, (make(caller) for caller in callers))


def platform_requests(folder: Folder, tokens: list[str], kind: Kind, path: Path) -> Requests:
    """A platform request with each token, and at least one for each customer of the demonstration."""
    make = _profile if kind is PROFILE else _tier_status
    customers = folder.customer_ids
    count = max(len(tokens), len(customers))
    return write(
        path,
        (make(folder, tokens[index % len(tokens)], customers[index % len(customers)]) for index in range(count)),
    )


def write(path: Path, requests: Iterable[bytes]) -> Requests:
    """The file that wrk walks over: each request behind its length."""
    count = 0
    with path.open("wb") as file:
        for request in requests:
            file.write(b"%06d%s" % (len(request), request))
            count += 1
    return Requests(path, count)


def request(line: str, body: str = "", **headers: str) -> bytes:
    """One request, byte by byte; names of headers with underscores."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    length = f"Content-Length: {len(body)}\r\n" if line.startswith("POST") else ""
    return f"{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{named}{length}\r\n{body}".encode()


def _pair(caller: Caller) -> str:
    return f"grant_type=client_credentials&client_id={caller.client_id}&client_secret={caller.client_secret}"


def _by_query(caller: Caller) -> bytes:
    return request(f"POST /oauth/token?{_pair(caller)}")


def _by_form(caller: Caller) -> bytes:
    return request("POST /oauth/token", _pair(caller), Content_Type="application/x-www-form-urlencoded")


def _by_basic(caller: Caller) -> bytes:
    pair = base64.b64encode(f"{caller.client_id}:{caller.client_secret}".encode()).decode()
    return request(
        "POST /oauth/token",
        "grant_type=client_credentials",
        Authorization=f"Basic {pair}",
        Content_Type="application/x-www-form-urlencoded",
    )


_TOKEN_REQUESTS: dict[str, Callable[[Caller], bytes]] = {
    TOKEN_QUERY.name: _by_query,
    TOKEN_FORM.name: _by_form,
    TOKEN_BASIC.name: _by_basic,
}


def _profile(folder: Folder, token: str, customer: str) -> bytes:
    return request(f"GET /priv/v1/apps/{folder.api_key}/users/{customer}", Authorization=f"Bearer {token}")


def _tier_status(folder: Folder, token: str, customer: str) -> bytes:
    return request(
        "POST /api/1.0/user_tiers/tier_status",
        f'{{"retailer_id":"{folder.retailer_id}","user_id":"{customer}"}}',
        Authorization=f"Bearer {token}",
        Content_Type="application/json",
    )
