"""Sealing: a token opens under the key, the purpose and the one spelling it was made with, and in no other way."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.keys.sealing import KEY_BYTES, KEYS_MAX, Ring, SealingKey

NOW = 1_900_000_000_000_000
ACCESS = [b"access"]


def key(number: int, signs_from: int = 0, verifies_until: int | None = None) -> SealingKey:
    """A key whose material is its number, over and over."""
    return SealingKey(number, bytes([number]) * KEY_BYTES, signs_from, verifies_until)


RING = Ring([key(1)])


@given(st.binary(min_size=1, max_size=64))
def test_a_seal_opens_to_what_went_in(claims: bytes) -> None:
    """Claims come back as they were, from lower-case hex 17 bytes longer than they are."""
    token = RING.seal(claims, ACCESS, NOW)

    assert RING.open(token, ACCESS, NOW) == claims
    assert len(token) == 2 * (17 + len(claims))
    assert set(token) <= set("0123456789abcdef")


def test_every_flipped_bit_opens_nothing() -> None:
    """No token that differs in one bit opens."""
    token = RING.seal(b"claims of a token", ACCESS, NOW)
    sealed = int(token, 16)

    for bit in range(len(token) * 4):
        assert RING.open(f"{sealed ^ 1 << bit:0{len(token)}x}", ACCESS, NOW) is None


def test_every_truncation_and_extension_opens_nothing() -> None:
    """A token has its one length: nothing shorter from either end, and nothing longer, opens."""
    token = RING.seal(b"claims of a token", ACCESS, NOW)

    for length in range(len(token)):
        assert RING.open(token[:length], ACCESS, NOW) is None
        assert RING.open(token[length + 1 :], ACCESS, NOW) is None
    for more in ("0", "00", "0000", "ff", token, " ", "\n", "\x00", "="):
        assert RING.open(token + more, ACCESS, NOW) is None
        assert RING.open(more + token, ACCESS, NOW) is None


def test_every_other_spelling_opens_nothing() -> None:
    """Upper case, one character of it, blanks, separators and digits of other scripts open nothing."""
    token = RING.seal(b"claims of a token", ACCESS, NOW)
    others = [
        token.upper(),
        f"0x{token}",
        f"{token[:2]} {token[2:]}",
        f"{token[:4]}\n{token[4:]}",
        f"{token[:2]}_{token[2:]}",
    ]
    others += [
        f"{token[:index]}{token[index].upper()}{token[index + 1 :]}"
        for index in range(len(token))
        if token[index].isalpha()
    ]
    others += [
        f"{token[:index]}{chr(0x660 + int(token[index]))}{token[index + 1 :]}"
        for index in range(len(token))
        if token[index].isdigit()
    ]
    others += [
        f"{token[:index]}{chr(0xFF10 + int(token[index]))}{token[index + 1 :]}"
        for index in range(len(token))
        if token[index].isdigit()
    ]

    assert len(others) > len(token)
    assert not any(RING.open(other, ACCESS, NOW) for other in others)


@given(st.text(max_size=80) | st.text("0123456789abcdef", max_size=120))
def test_made_up_tokens_open_nothing(token: str) -> None:
    """Whatever somebody makes up opens nothing, and breaks nothing."""
    assert RING.open(token, ACCESS, NOW) is None


@pytest.mark.parametrize("purpose", [[], [b""], [b"refresh"], [b"access", b""], [b"acces", b"s"], [b"access\x00"]])
def test_a_seal_opens_for_its_purpose_only(purpose: list[bytes]) -> None:
    """A token sealed for one purpose does not open for another."""
    assert RING.open(RING.seal(b"claims", ACCESS, NOW), purpose, NOW) is None
    assert RING.open(RING.seal(b"claims", purpose, NOW), ACCESS, NOW) is None


def test_the_newest_key_signs_from_its_very_microsecond() -> None:
    """A key begins to sign at `signs_from`, not a microsecond before; asking back and forth in time does not matter."""
    ring = Ring([key(3, signs_from=2_000), key(1), key(2, signs_from=1_000)])
    expected = {0: 1, 999: 1, 1_000: 2, 1_999: 2, 2_000: 3, 2**62: 3}

    for now in [*expected, *reversed(expected), *expected]:
        assert int(ring.seal(b"claims", ACCESS, now)[:2], 16) == expected[now]


def test_a_ring_whose_keys_are_all_in_the_future_still_signs() -> None:
    """A clock that stepped back before the first key's beginning does not stop the context."""
    ring = Ring([key(1, signs_from=1_000), key(2, signs_from=2_000)])

    assert ring.open(ring.seal(b"claims", ACCESS, 5), ACCESS, 5) == b"claims"
    assert ring.seal(b"claims", ACCESS, 5).startswith("01")


def test_an_old_key_verifies_until_its_very_microsecond() -> None:
    """A token opens while its key is in force, to the microsecond, whatever other keys there are."""
    ring = Ring([key(1, verifies_until=NOW + 100), key(2, signs_from=NOW + 50)])
    old = ring.seal(b"old", ACCESS, NOW)
    new = ring.seal(b"new", ACCESS, NOW + 50)

    assert ring.open(old, ACCESS, NOW + 99) == b"old"
    assert ring.open(old, ACCESS, NOW + 100) is None
    assert ring.open(new, ACCESS, NOW + 10**12) == b"new"


def test_a_key_opens_only_its_own_tokens() -> None:
    """A token under another ring's key, or with another key's number before it, opens nothing."""
    token = Ring([key(2)]).seal(b"claims", ACCESS, NOW)

    assert RING.open(token, ACCESS, NOW) is None
    assert RING.open("01" + token[2:], ACCESS, NOW) is None
    assert Ring([key(1), key(2)]).open("01" + token[2:], ACCESS, NOW) is None


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [key(1), key(1)],
        [SealingKey(0, bytes(KEY_BYTES), 0, None)],
        [SealingKey(256, bytes(KEY_BYTES), 0, None)],
        [SealingKey(1, bytes(KEY_BYTES - 1), 0, None)],
        [SealingKey(1, bytes(KEY_BYTES + 1), 0, None)],
        [SealingKey(1, bytes(32), 0, None)],
    ],
)
def test_a_ring_that_cannot_be_is_refused(keys: list[SealingKey]) -> None:
    """No keys, a number twice or out of range, and material of a wrong length make no ring."""
    with pytest.raises(ValueError, match="key"):
        Ring(keys)


def test_a_full_ring_works() -> None:
    """A ring holds as many keys as a byte can name."""
    ring = Ring([key(number, signs_from=number) for number in range(1, KEYS_MAX + 1)])

    for now in (1, 128, 255):
        assert ring.open(ring.seal(b"claims", ACCESS, now), ACCESS, now) == b"claims"
        assert ring.seal(b"claims", ACCESS, now).startswith(f"{now:02x}")


def test_a_key_does_not_show_its_material() -> None:
    """Printing a key shows its number alone."""
    assert repr(key(7)) == "SealingKey(number=7)"


def test_tokens_look_random_at_every_position() -> None:
    """Among 100,000 tokens over near-equal claims none are equal, and every position after the key number is spread."""
    tokens = [RING.seal(index.to_bytes(8), ACCESS, NOW) for index in range(100_000)]

    assert len(set(tokens)) == len(tokens)
    assert {token[:2] for token in tokens} == {"01"}
    for position in range(2, len(tokens[0])):
        counts = Counter(token[position] for token in tokens)
        entropy = -sum(n / len(tokens) * math.log2(n / len(tokens)) for n in counts.values())
        assert entropy > 3.999, f"position {position} has {entropy} bits of 4"
