"""Keys at rest: a wrapped key opens under its master key and at its own place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.keys.wrapping import KeyPurpose, MasterKey, WrappedKey

MASTER = MasterKey("ab" * 32)


def stored(purpose: KeyPurpose, number: int, wrapped: bytes) -> WrappedKey:
    """A wrapped key as the database holds it."""
    return WrappedKey(purpose, number, wrapped, 0, 0, None)


@given(st.sampled_from(KeyPurpose), st.integers(1, 255), st.binary(min_size=32, max_size=64))
def test_a_wrapped_key_opens_at_its_place(purpose: KeyPurpose, number: int, material: bytes) -> None:
    """What was wrapped comes back; moved to another number or purpose, or under another master key, nothing does."""
    wrapped = MASTER.wrap(purpose, number, material)
    other = KeyPurpose.PEPPER if purpose is KeyPurpose.SEALING else KeyPurpose.SEALING

    assert material not in wrapped
    assert MASTER.unwrap(stored(purpose, number, wrapped)) == material
    assert MASTER.unwrap(stored(purpose, number % 255 + 1, wrapped)) is None
    assert MASTER.unwrap(stored(other, number, wrapped)) is None
    assert MasterKey("ac" * 32).unwrap(stored(purpose, number, wrapped)) is None


def test_a_damaged_key_opens_nothing() -> None:
    """A wrapped key with any byte changed, cut off or added opens nothing."""
    wrapped = MASTER.wrap(KeyPurpose.PEPPER, 1, b"m" * 32)
    damaged = [wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :] for at in range(len(wrapped))]
    damaged += [wrapped[:-1], wrapped + b"\x00", wrapped[1:]]

    assert all(MASTER.unwrap(stored(KeyPurpose.PEPPER, 1, each)) is None for each in damaged)


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "AB" * 32, "zz" * 32, "ab" * 32 + "\n", " " + "ab" * 32])
def test_a_master_key_has_one_form(text: str) -> None:
    """A master key is 64 lower-case hex characters; anything else is refused."""
    with pytest.raises(ValueError, match="64 lower-case"):
        MasterKey(text)
