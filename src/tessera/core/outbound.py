"""Where connections may go out to: to public addresses, and to the networks that the operator allows.

A URL that somebody else chose (a key set, a webhook) must not make this server ask its own machine, its networks, or
the cloud it runs in. What a name means is looked up elsewhere; here an address is judged.
"""

from collections.abc import Container, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from tessera.core.networks import Address, Network, Networks

SETTING = "outbound_networks_allowed"
"""The setting that allows what is refused otherwise."""

_NEVER: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(text), kind)
    for text, kind in (
        ("0.0.0.0/8", "unspecified"),  # Linux connects to this machine
        ("::/128", "unspecified"),
        ("224.0.0.0/4", "multicast"),
        ("ff00::/8", "multicast"),
        ("255.255.255.255/32", "broadcast"),
    )
)
"""Nobody can be meant by one of these, so no setting allows them."""

_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(text), kind)
    for text, kind in (
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared address space (CGNAT)"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "the metadata service of a cloud"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "a tunnel (6to4)"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("240.0.0.0/4", "reserved"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "a translation of this network (NAT64)"),
        ("2001::/32", "a tunnel (Teredo)"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "a tunnel (6to4)"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private (unique local)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private (site-local)"),
    )
)
"""The IANA registries of special-purpose addresses, and what clouds add to them. The first that fits names the kind."""

_GLOBAL_UNICAST = ip_network("2000::/3")
"""All of IPv6 that has been given out; what lies outside is reserved."""

_NAT64 = ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 ones (RFC 6052)."""


def kind(address: Address) -> str:
    """What an address is that is not public, in a word or two; empty for one that anybody may ask."""
    for listed in (_NEVER, _SPECIAL):
        for network, name in listed:
            if address.version == network.version and address in network:
                return name
    return "" if address.version == 4 or address in _GLOBAL_UNICAST else "reserved"


class Rules:
    """The rules of one process: public addresses, and `allowed` networks but for the ports of management.

    Health and metrics of this node are asked for at one of `management_ports`, those of other nodes at the same: so no
    address that is not public is connected to at such a port, whatever is allowed.
    """

    def __init__(self, allowed: Iterable[str] = (), management_ports: Container[int] = ()) -> None:
        self._allowed = Networks(allowed).listed
        self._management_ports = management_ports

    def refusal(self, text: str, port: int) -> str:
        """Why no connection goes to this address and port, in words that follow the address; empty when one may."""
        address = _reached(ip_address(text.partition("%")[0]))
        name = kind(address)
        if not name:
            return ""
        if any(address in network for network, _ in _NEVER if network.version == address.version):
            return f"which is {name}"
        if not any(address in network for network in self._allowed if network.version == address.version):
            return f"which is {name}; the setting {SETTING} can allow it"
        if port in self._management_ports:
            return f"which is {name}, and port {port} is that of management (the setting management_port)"
        return ""


def _reached(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to when it holds one; otherwise the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
