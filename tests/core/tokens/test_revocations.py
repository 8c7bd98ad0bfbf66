"""Revocations in memory: found by id and end, purged by the hour, and small."""

import sys
from random import Random

from tessera.core.times import SECOND, PurgeTime
from tessera.core.tokens.revocations import Revocations

NOW = 1_900_000_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
BYTES_MAX = 150


def held(revocations: Revocations) -> int:
    """The bytes that all of it takes, the ids included."""
    hours = revocations._by_hour
    ids = sum(sys.getsizeof(each) + len(each) * _id_bytes() for each in hours.values())
    return ids + sys.getsizeof(hours) + len(hours) * _id_bytes()


def _id_bytes() -> int:
    """What an integer of 63 bits takes, in steps of the sixteen bytes in which memory is handed out."""
    return (sys.getsizeof(2**62) + 15) // 16 * 16


def test_a_revoked_token_is_found_by_its_id_and_end() -> None:
    """What was revoked is held, once however often; no other is, not even one that ends in the same hour."""
    revocations = Revocations()
    for _ in range(2):
        revocations.add(7, NOW)
    assert revocations.holds(7, NOW)
    assert not revocations.holds(8, NOW)
    assert len(revocations) == 1


def test_what_expires_is_purged_by_the_hour() -> None:
    """An id goes once the hour in which its token expired is over, and not a microsecond earlier."""
    revocations = Revocations()
    begin = NOW // HOUR * HOUR
    revocations.add(1, begin - 1)
    revocations.add(2, begin)
    revocations.add(3, begin + HOUR - 1)
    assert not revocations.purge(PurgeTime(begin - 1), 10)
    assert len(revocations) == 3
    assert not revocations.purge(PurgeTime(begin), 10)
    assert [revocations.holds(*each) for each in ((1, begin - 1), (2, begin), (3, begin + HOUR - 1))] == [
        False,
        True,
        True,
    ]
    assert not revocations.purge(PurgeTime(begin + HOUR), 10)
    assert len(revocations) == 0


def test_no_more_is_purged_at_once_than_was_said() -> None:
    """However many expire in one hour, each call takes a few, and says that there are more."""
    revocations = Revocations()
    for number in range(25):
        revocations.add(number, NOW)
    for left in (15, 5):
        assert revocations.purge(PurgeTime(NOW + HOUR), 10)
        assert len(revocations) == left
    assert not revocations.purge(PurgeTime(NOW + HOUR), 10)
    assert len(revocations) == 0


def test_the_mark_is_the_end_of_the_last_hour_that_was_purged() -> None:
    """A purge here raises the mark to the end of the hour, one elsewhere to what it says; nothing lowers it."""
    revocations = Revocations()
    begin = NOW // HOUR * HOUR
    assert not revocations.purge(PurgeTime(NOW + 9 * HOUR), 10)
    assert revocations.purged_until == 0
    revocations.add(1, begin + 5)
    assert not revocations.purge(PurgeTime(NOW + 9 * HOUR), 10)
    assert revocations.purged_until == begin + HOUR - 1
    for until in (NOW - HOUR, NOW + 2 * HOUR, NOW):
        revocations.purged(until)
    assert revocations.purged_until == NOW + 2 * HOUR


def test_many_are_small() -> None:
    """A hundred thousand, spread over the life of tokens, take less than 150 bytes each; so do those of one hour."""
    chance = Random(3)
    for spread in (1, 14 * DAY, 365 * DAY):
        revocations = Revocations()
        for _ in range(100_000):
            revocations.add(chance.getrandbits(62) | 1 << 62, NOW + chance.randrange(spread))
        assert len(revocations) == 100_000
        assert held(revocations) / 100_000 < BYTES_MAX, spread
