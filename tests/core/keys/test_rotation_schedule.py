"""The plan of keys: numbers, states, ends and what is forgotten, from plain values."""

import pytest

from tessera.core.keys import rotation_schedule
from tessera.core.keys.key_ring import KeyRing
from tessera.core.keys.rotation_schedule import KeyState
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.times import SECOND, PurgeTime


def key(
    number: int, signs_from: int, verifies_until: int | None = None, purpose: KeyPurpose = KeyPurpose.EDDSA
) -> WrappedKey:
    """A key that was made when it began to sign."""
    return WrappedKey(purpose, number, b"", signs_from, signs_from, verifies_until)


def test_a_number_is_never_taken_twice() -> None:
    """The next number is one above all that are there; of sealing keys the next free one after the newest."""
    assert rotation_schedule.next_number([key(2, 1), key(3, 2)], KeyPurpose.EDDSA) == 4
    sealing = [key(200, 5, purpose=KeyPurpose.SEALING), key(3, 9, purpose=KeyPurpose.SEALING)]
    assert rotation_schedule.next_number(sealing, KeyPurpose.SEALING) == 4
    assert rotation_schedule.next_number([*sealing, key(4, 2, purpose=KeyPurpose.SEALING)], KeyPurpose.SEALING) == 5


def test_states_change_at_their_moments() -> None:
    """A key signs from its moment on, of two of one moment the higher number; the other one only opens."""
    first, second, third = keys = [key(1, 0), key(2, 10), key(3, 10, 30)]
    assert [rotation_schedule.state(keys, each, 9) for each in keys] == [
        KeyState.SIGNING,
        KeyState.PUBLISHED,
        KeyState.PUBLISHED,
    ]
    assert [rotation_schedule.state(keys, each, 10) for each in keys] == [
        KeyState.VERIFYING,
        KeyState.VERIFYING,
        KeyState.SIGNING,
    ]
    assert rotation_schedule.state(keys, third, 29) is KeyState.SIGNING
    assert (rotation_schedule.state(keys, third, 30), rotation_schedule.state(keys, second, 30)) == (
        KeyState.ENDED,
        KeyState.SIGNING,
    )
    assert KeyRing(keys).at(30) is second
    assert KeyRing([key(1, 5), key(2, 10)]).at(0).number == first.number, "a clock that went back"


def test_an_end_is_set_once_and_counts_from_when_the_next_key_signs() -> None:
    """However late it is looked; not before the next key signs, and not over an end that there is."""
    assert rotation_schedule.replaced([key(1, 0), key(2, 10)], 7, 9) == []
    [(old, end)] = rotation_schedule.replaced([key(1, 0), key(2, 10)], 7, 1000)
    assert (old.number, end) == (1, 10 + 7 * SECOND)
    assert rotation_schedule.replaced([key(1, 0, 50), key(2, 10)], 7, 20) == []


@pytest.mark.parametrize(("late", "gone"), [(-1, []), (0, [1])])
def test_the_newest_key_is_never_purged(late: int, gone: list[int]) -> None:
    """The others are, once the purge clock has passed their end."""
    until = PurgeTime(20 + late)
    assert [each.number for each in rotation_schedule.purged([key(1, 0, 20), key(2, 10, 20)], until)] == gone
