"""Where a request comes from: the connection's other end, or what a trusted proxy there says of its client.

Of everybody else's `Forwarded` and `X-Forwarded-...` nothing is believed. Neither is the host or the scheme of such a
header, whoever sends it: the service knows its own address by the setting `issuer`.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tessera.core import networks
from tessera.web.messages import Scope

BEHIND = "behind "
"""Begins the source of a client whose address nobody could tell: it is behind the address that follows.

This is no address, so it is in no network.
"""

HeaderList = Iterable[tuple[bytes, bytes]]


class Origins:
    """Whose word is taken. Raises NotANetwork for a proxy that is neither an address nor a network."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._proxies = networks.Networks(proxies)

    def trusted(self, peer: str) -> bool:
        """Whether this address is a trusted proxy's."""
        return self._proxies.within(peer)

    def source(self, peer: str, headers: HeaderList) -> str:
        """The client's address: the first, from the connection backwards, that is not a trusted proxy's.

        When there is something that cannot be read before one is found, or the two headers disagree, it is `BEHIND`
        the last address that is known.
        """
        if not self.trusted(peer):
            return peer
        forwarded, listed = [], []
        for name, value in headers:
            if name == b"forwarded":
                forwarded.append(value)
            elif name == b"x-forwarded-for":
                listed.append(value)
        said = set()
        if forwarded:
            said.add(self._client(peer, _forwarded(_whole(forwarded))))
        if listed:
            said.add(self._client(peer, _listed(_whole(listed))))
        if len(said) > 1:
            return BEHIND + peer
        return said.pop() if said else peer

    def _client(self, peer: str, nodes: Iterator[str | None]) -> str:
        nearest = peer
        for node in nodes:
            place = None if node is None else networks.address(node)
            if place is None:
                return BEHIND + nearest
            nearest = str(place)
            if not self.trusted(nearest):
                break
        return nearest


@lru_cache(maxsize=16)
def known(proxies: tuple[str, ...]) -> Origins:
    """The origins of this setting, read once."""
    return Origins(proxies)


def of(scope: Scope, proxies: tuple[str, ...]) -> str:
    """The address of a request's client; `proxies` is the setting `trusted_proxies`."""
    peer: str = scope["client"][0] if scope["client"] else ""
    return known(proxies).source(peer, scope["headers"]) if proxies else peer


_NODE = re.compile(
    r"\[(?P<bracketed>[0-9A-Fa-f:.]+(?:%[\w.~-]+)?)\](?::\d{1,5})?"
    r"|(?P<ipv4>\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?"
    r"|(?P<ipv6>[0-9A-Fa-f:.]+(?:%[\w.~-]+)?)",
    re.ASCII,
)
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PART = re.compile(rf'[ \t]*(?:(?P<end>[;,])|(?P<name>{_TOKEN})=(?P<value>{_TOKEN}|"(?:[^"\\]|\\.)*"))[ \t]*')
"""A pair or what ends it; each begins where the last ended, so that reading takes time by length only."""


def _whole(lines: list[bytes]) -> str:
    """The lines of a header as one list (RFC 9110 section 5.3)."""
    return b",".join(lines).decode("latin-1")


def _node(text: str) -> str | None:
    """The address of a node without its port, or None: unknown, hidden, or not well-formed."""
    found = _NODE.fullmatch(text)
    return None if found is None else found["bracketed"] or found["ipv4"] or found["ipv6"]


def _listed(text: str) -> Iterator[str | None]:
    """The nodes of `X-Forwarded-For`, the nearest first."""
    for item in reversed(text.split(",")):
        node = item.strip(" \t")
        if node:
            yield _node(node[1:-1] if len(node) > 1 and node[0] == node[-1] == '"' else node)


def _forwarded(text: str) -> Iterator[str | None]:
    """The nodes of `Forwarded` (RFC 7239 section 4), the nearest first; one None when it is not well-formed."""
    elements: list[list[str]] = [[]]
    filled, place, paired = [False], 0, False
    text = text.rstrip(" \t")
    while place < len(text):
        part = _PART.match(text, place)
        if part is None or (paired and part["end"] is None):
            return iter((None,))
        place, paired = part.end(), part["end"] is None
        if part["end"] == ",":
            elements.append([])
            filled.append(False)
        elif paired:
            filled[-1] = True
            if part["name"].lower() == "for":
                elements[-1].append(_unquoted(part["value"]))
    nodes = [_node(said[0]) if len(said) == 1 else None for said, some in zip(elements, filled, strict=True) if some]
    return reversed(nodes)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
