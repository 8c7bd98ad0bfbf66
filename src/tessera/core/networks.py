"""Addresses of the internet protocol, and networks of them."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

REMEMBERED_MAX = 16_384
"""Addresses that are remembered as read."""


class NotANetwork(ValueError):
    """A text that names neither an address nor a network; it is said which, and why."""


@lru_cache(maxsize=REMEMBERED_MAX)
def address(text: str) -> Address | None:
    """The address that a text is, or None. A zone is left out, and IPv4 that was mapped into IPv6 is IPv4 again."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def network(text: str) -> Network:
    """The network that a text is, as `10.0.0.0/8` or one address. Raises NotANetwork."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise NotANetwork(f"{text} is neither an address nor a network ({error})") from None


class Networks:
    """Networks, and which addresses are in them. Raises NotANetwork for the first text that is none."""

    __slots__ = ("_known", "listed")

    def __init__(self, texts: Iterable[str]) -> None:
        self.listed = tuple(network(text) for text in texts)
        self._known: dict[str, bool] = {}

    def within(self, text: str) -> bool:
        """Whether a text is an address in one of them. What is no address is in none."""
        known = self._known.get(text)
        if known is None:
            place = address(text)
            known = place is not None and any(place in each for each in self.listed if each.version == place.version)
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            self._known[text] = known
        return known


def neighbourhood(text: str) -> str:
    """What stands for one subscriber: an IPv4 address, or the /64 of an IPv6 one; any other text itself."""
    place = address(text)
    if isinstance(place, IPv6Address):
        return str(IPv6Network((int(place) >> 64 << 64, 64)))
    return text if place is None else str(place)
