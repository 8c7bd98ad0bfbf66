"""Where a request comes from: trusted proxies are believed from the nearest backwards, and nobody else is."""

import time
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.networks import NotANetwork
from tessera.settings import SettingsError, load
from tessera.web.client_address import BEHIND, Origins

PROXIES = Origins(["10.0.0.0/8", "fd00::/8", "::1"])
PEER = "10.0.0.1"
XFF = b"x-forwarded-for"
FORWARDED = b"forwarded"


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.9, 192.0.2.1", "192.0.2.1"),
        ("198.51.100.9,192.0.2.1 , 10.9.9.9,10.1.1.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("[fe80::1%eth0]:1", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:10.0.0.9", "10.0.0.9"),
        ("192.0.2.1,, ,", "192.0.2.1"),
        ("10.0.0.7", "10.0.0.7"),
        ("", PEER),
        ("unknown", BEHIND + PEER),
        ("192.0.2.1, bogus, 10.2.2.2", BEHIND + "10.2.2.2"),
        ("192.0.2.999", BEHIND + PEER),
        ("192.0.2.01", BEHIND + PEER),
        ("192.0.2.1:x", BEHIND + PEER),
        ("[192.0.2.1", BEHIND + PEER),
        ("192.0.2.1 10.0.0.1", BEHIND + PEER),
        ("\uff1192.0.2.1", BEHIND + PEER),
    ],
)
def test_x_forwarded_for_is_read_from_its_end(line: str, source: str) -> None:
    """The first address from the end that is not a trusted proxy's is the client; what cannot be read is nobody."""
    assert PROXIES.source(PEER, [(XFF, line.encode())]) == source


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=198.51.100.9, FOR=192.0.2.1;by=10.0.0.1;proto=https;host=x", "192.0.2.1"),
        ('for="192.0.2.1:80" , for=10.2.2.2', "192.0.2.1"),
        ('for="[2001:db8::17]:4711"', "2001:db8::17"),
        (r'for="[2001:db8:\:17]"', "2001:db8::17"),
        ('for=192.0.2.1;host="a,b;for=10.0.0.1"', "192.0.2.1"),
        ("for=192.0.2.1;;proto=http;, ,", "192.0.2.1"),
        ("for=unknown", BEHIND + PEER),
        ("for=_hidden", BEHIND + PEER),
        ("for=192.0.2.1, proto=https", BEHIND + PEER),
        ("for=192.0.2.1;for=192.0.2.2", BEHIND + PEER),
        ("for=192.0.2.1, for=_gate, for=10.3.3.3", BEHIND + "10.3.3.3"),
        ('for="192.0.2.1', BEHIND + PEER),
        ("for = 192.0.2.1", BEHIND + PEER),
        ("for=192.0.2.1 for=192.0.2.2", BEHIND + PEER),
        ("for=[2001:db8::17]", BEHIND + PEER),
        ("192.0.2.1", BEHIND + PEER),
    ],
)
def test_forwarded_is_read_as_it_is_defined(line: str, source: str) -> None:
    """RFC 7239: parameters in any case and order, quoted strings, and nothing that is almost like it."""
    assert PROXIES.source(PEER, [(FORWARDED, line.encode())]) == source


def test_several_lines_of_a_header_are_one_list() -> None:
    """The line that was added last is the nearest, whichever header it is of; other headers say nothing."""
    lines = [(XFF, b"198.51.100.9"), (b"x-real-ip", b"203.0.113.5"), (XFF, b"192.0.2.1"), (XFF, b"10.0.0.3")]
    assert PROXIES.source(PEER, lines) == "192.0.2.1"


def test_headers_that_disagree_are_nobody_s() -> None:
    """A client can send the one header that its proxy does not write: then both must say the same."""
    both = [(XFF, b"192.0.2.1"), (FORWARDED, b"for=198.51.100.9")]
    assert PROXIES.source(PEER, both) == BEHIND + PEER
    assert PROXIES.source(PEER, [(XFF, b"192.0.2.1"), (FORWARDED, b"for=192.0.2.1")]) == "192.0.2.1"


@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::1", "11.0.0.1", "", "unix:", "localhost"])
def test_nobody_else_is_believed(peer: str) -> None:
    """What a peer that is no trusted proxy says of addresses, hosts and schemes changes nothing."""
    said = [(XFF, b"10.0.0.1"), (FORWARDED, b"for=10.0.0.1;host=evil;proto=https"), (b"x-forwarded-host", b"evil")]
    assert PROXIES.source(peer, said) == peer
    assert not PROXIES.trusted(peer)


def test_a_mapped_peer_is_the_ipv4_one() -> None:
    """A proxy that connects over an IPv6 socket is the same proxy."""
    assert PROXIES.source("::ffff:10.0.0.1", [(XFF, b"192.0.2.1")]) == "192.0.2.1"


@pytest.mark.parametrize(
    "text", [" " * 30_000 + "x", ";" * 30_000 + '"', 'a="' + "\\\\" * 15_000, "for=1.1.1.1," * 2_700]
)
def test_a_long_header_takes_no_time(text: str) -> None:
    """Reading takes time by length alone, whatever is in it."""
    began = time.process_time()
    for name in (XFF, FORWARDED):
        PROXIES.source(PEER, [(name, text.encode())])
    assert time.process_time() - began < 1


@given(
    st.lists(st.sampled_from([XFF, FORWARDED]), max_size=3).flatmap(
        lambda names: st.tuples(*(st.tuples(st.just(name), st.binary(max_size=60)) for name in names))
    )
)
def test_whatever_is_sent_there_is_a_source(lines: tuple[tuple[bytes, bytes], ...]) -> None:
    """Any bytes give an address, or say behind which address the client is; never anything else, never an error."""
    source = PROXIES.source(PEER, lines)
    assert ip_address(source.removeprefix(BEHIND))


addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)


@given(addresses, st.lists(st.sampled_from(["10.1.2.3", "fd00::5"]), max_size=3), st.text(max_size=20))
def test_a_chain_of_proxies_is_followed(client: str, hops: list[str], spoofed: str) -> None:
    """Whatever a client sent before it, the address that its first proxy saw is the source."""
    if PROXIES.trusted(client):
        return
    expected = PROXIES.source(PEER, [(XFF, client.encode())])
    listed = ",".join([spoofed, client, *hops]).encode()
    assert PROXIES.source(PEER, [(XFF, listed)]) == expected
    nodes = ", ".join(f'for="[{each}]"' if ":" in each else f"for={each}" for each in (client, *hops))
    assert PROXIES.source(PEER, [(FORWARDED, nodes.encode())]) == expected


@pytest.mark.parametrize("text", ["x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.256", "proxy.example", ""])
def test_a_proxy_that_is_none_is_told_at_the_start(text: str) -> None:
    """A setting that is no address or network stops the start with a sentence."""
    with pytest.raises(NotANetwork):
        Origins([text])
    for name in ("trusted_proxies", "client_certificate_proxies", "outbound_networks_allowed"):
        with pytest.raises(SettingsError, match=rf"{name} cannot be used: .* is neither an address nor a network"):
            load(**{name: (text,)})


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0"])
def test_not_everybody_can_hand_certificates_over(text: str) -> None:
    """A network that every client is in is refused at the start, with the reason; the other lists may have it."""
    with pytest.raises(SettingsError, match=r"client_certificate_proxies cannot be used: with .* everybody could"):
        load(client_certificate_proxies=("127.0.0.1", text))
    assert load(trusted_proxies=(text,), outbound_networks_allowed=(text,)).trusted_proxies == (text,)


def test_the_setting_is_a_list_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment addresses stand with spaces or commas between."""
    for name in ("trusted_proxies", "client_certificate_proxies", "outbound_networks_allowed"):
        monkeypatch.setenv(f"TESSERA_{name.upper()}", "10.0.0.1, fd00::/8 ::1")
        assert getattr(load(), name) == ("10.0.0.1", "fd00::/8", "::1")
