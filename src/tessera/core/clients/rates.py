"""The arithmetic of limits: an even pace with room for a burst, and counts in a window. All of it on whole numbers.

The pace is the generic cell rate algorithm: of everybody who is paced one moment is kept, at which the next would be
due if all came evenly. It may lie in the future by as much as a burst is long, and no further: a clock that went back,
or nonsense in its place, is put right by the next request, so that nobody waits longer than the burst is long.
"""

SECOND_NS = 1_000_000_000

COUNT_BITS = 32
COUNT_MAX: int = 2**COUNT_BITS - 1


def next_slot(due: int, interval: int, burst: int, now: int) -> tuple[int, int]:
    """When the next one is due after this one, and how long this one would have to wait (0 when it may pass).

    One that has to wait changes nothing but what the clock or nonsense had put out of order.
    """
    latest = now + burst
    if due < now:
        due = now
    elif due > latest:
        due = latest
    following = due + interval
    return (following, 0) if following <= latest else (due, following - latest)


def share(per_second: int, mine: int, others: int) -> int:
    """Nanoseconds between two requests of a node's share of a pace, when nodes are asked so often in a second.

    As long as all of them together stay within the pace, nobody is held up. Beyond it each has of the pace what it has
    of the requests: whoever is asked ten times as often lets ten times as many pass.
    """
    together = mine + others
    if not others or together <= per_second:
        return SECOND_NS // per_second
    return SECOND_NS * together // (per_second * max(mine, 1))


def counted(word: int, window: int) -> int:
    """The count that a word holds for this window; a word of any other window, earlier or later, holds none."""
    return word & COUNT_MAX if word >> COUNT_BITS == window else 0


def one_more(word: int, window: int) -> int:
    """The word with one more in this window."""
    return word + 1 if word >> COUNT_BITS == window else window << COUNT_BITS | 1
