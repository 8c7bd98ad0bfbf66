"""Cursors: opened where they were made for, and nowhere else."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tessera.core.cursors import open_cursor, seal_cursor
from tessera.core.errors import ArgumentError
from tessera.core.keys.sealing import Ring, SealingKey

RING = Ring([SealingKey(1, bytes(range(64)), 0, None)])
NOW = 1

POSITIONS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20), max_size=4).map(tuple)
PURPOSES = st.lists(st.integers(0, 9) | st.text(max_size=5), min_size=1, max_size=4)


@given(PURPOSES, POSITIONS)
def test_a_cursor_opens_to_the_position_it_was_made_of(
    purpose: list[str | int], position: tuple[int | str, ...]
) -> None:
    """Whatever the position, it comes back whole."""
    assert open_cursor(RING, purpose, seal_cursor(RING, purpose, position, NOW), NOW) == position


@given(PURPOSES, PURPOSES, POSITIONS)
@example([1, "a"], ["1", "a"], (7,))
@example(["ab", "c"], ["a", "bc"], (7,))
def test_a_cursor_is_bound_to_its_purpose(
    purpose: list[str | int], other: list[str | int], position: tuple[int | str, ...]
) -> None:
    """Another query, organization or endpoint refuses the cursor, also where its parts read alike when joined."""
    cursor = seal_cursor(RING, purpose, position, NOW)
    if [(type(each), each) for each in purpose] != [(type(each), each) for each in other]:
        with pytest.raises(ArgumentError):
            open_cursor(RING, other, cursor, NOW)


@given(st.data())
def test_a_cursor_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    """No digit can be another, and none can be missing or added."""
    purpose = ("search_users", 1, "email", "a@b.example")
    cursor = seal_cursor(RING, purpose, (7,), NOW)
    place = data.draw(st.integers(0, len(cursor) - 1))
    digit = data.draw(st.sampled_from([each for each in "0123456789abcdef'" if each != cursor[place]]))
    changed = [cursor[:place] + digit + cursor[place + 1 :], cursor[:place] + cursor[place + 1 :], f"{cursor}{digit}"]
    for text in (*changed, "", cursor.upper() if cursor.upper() != cursor else "-", "' or 1=1 --"):
        with pytest.raises(ArgumentError):
            open_cursor(RING, purpose, text, NOW)


def test_a_token_is_no_cursor_and_a_cursor_no_token() -> None:
    """What the ring seals for one purpose does not open for another."""
    for purpose in ([b"access"], [b"str access"]):
        with pytest.raises(ArgumentError):
            open_cursor(RING, ("access",), RING.seal(b"\x91\x07", purpose, NOW), NOW)
    assert RING.open(seal_cursor(RING, ("access",), (7,), NOW), [b"access"], NOW) is None
