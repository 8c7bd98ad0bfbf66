"""Which addresses connections may go out to: those of the world, and what the operator allows."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.outbound import SETTING, Rules, kind

PUBLIC = (
    "93.184.215.14", "8.8.8.8", "1.1.1.1", "100.63.255.255", "172.15.255.255", "172.32.0.0", "223.255.255.255",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00::1", "64:ff9b::808:808", "::ffff:8.8.8.8",
)  # fmt: skip

REFUSED = {
    "unspecified": ("0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "64:ff9b::"),
    "loopback": ("127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
    "private": (
        "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd00:ec2::254",
        "fec0::1", "feff::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
    ),
    "link-local": ("169.254.0.1", "169.254.169.254", "fe80::1", "fe80::1%1", "febf::1", "64:ff9b::a9fe:a9fe"),
    "CGNAT": ("100.64.0.1", "100.127.255.255", "100.100.100.200"),
    "metadata": ("168.63.129.16", "::ffff:168.63.129.16"),
    "multicast": ("224.0.0.1", "239.255.255.255", "ff02::1"),
    "broadcast": ("255.255.255.255",),
    "documentation": ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"),
    "benchmarking": ("198.18.0.1", "198.19.255.255"),
    "6to4": ("2002:7f00:1::", "2002:a00:1::1", "2002:808:808::1", "192.88.99.1"),
    "Teredo": ("2001:0:7f00:1:0:0:80ff:fffe",),
    "NAT64": ("64:ff9b:1::7f00:1",),
    "reserved": ("192.0.0.192", "240.0.0.1", "::127.0.0.1", "100::1", "2001:2::1", "4000::1", "5f00::1"),
}  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_of_the_world(text: str) -> None:
    """An address that anybody may ask is connected to, at whichever port."""
    assert [Rules((), [9090]).refusal(text, port) for port in (80, 443, 9090)] == ["", "", ""]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in REFUSED.items() for text in texts])
def test_addresses_of_our_own(name: str, text: str) -> None:
    """This machine's, its networks', the cloud's, what stands for one of them, and what nobody has, are not."""
    refusal = Rules().refusal(text, 443)

    assert name in refusal
    assert (SETTING in refusal) is (name not in ("unspecified", "multicast", "broadcast"))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_that_python_knows_to_be_private_is_public(address: ipaddress.IPv4Address) -> None:
    """The list is no shorter than the standard library's."""
    if not kind(address):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        ("10.0.0.0/8", "10.1.2.3"), ("10.0.0.0/8", "::ffff:10.1.2.3"), ("10.0.0.0/8", "64:ff9b::a01:203"),
        ("127.0.0.1", "127.0.0.1"), ("fd00::/8", "fd00::1"), ("169.254.0.0/16", "169.254.7.7"), ("::1", "::1"),
        ("0.0.0.0/0", "192.168.0.1"), ("2002::/16", "2002:a00:1::1"),
    ],
)  # fmt: skip
def test_a_network_that_is_allowed_is_connected_to(allowed: str, text: str) -> None:
    """By its address or in the form in which IPv6 holds it; nothing else is allowed by that."""
    rules = Rules([allowed])

    assert rules.refusal(text, 443) == ""
    assert Rules(["192.0.2.0/24"]).refusal(text, 443)
    assert rules.refusal("172.16.0.1", 443) == "" or allowed != "0.0.0.0/0"


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "::ffff:0.0.0.0"])
def test_what_nobody_can_mean_is_never_allowed(text: str) -> None:
    """Whatever the setting says: the unspecified address is this machine by another name."""
    refusal = Rules(["0.0.0.0/0", "::/0"]).refusal(text, 443)

    assert refusal
    assert SETTING not in refusal


def test_the_port_of_management_is_nowhere_reached() -> None:
    """Neither this node's nor another's, however wide the networks are that the operator allows."""
    rules = Rules(["0.0.0.0/0", "::/0"], [9090, 9191])

    for text in ("127.0.0.1", "127.0.0.2", "::1", "10.0.0.7", "::ffff:127.0.0.1", "fd00::1", "169.254.169.254"):
        assert [bool(rules.refusal(text, port)) for port in (9089, 9090, 9191, 9192)] == [False, True, True, False]
        assert "management_port" in rules.refusal(text, 9090)
