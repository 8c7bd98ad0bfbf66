"""Generations: how far they rise, and which of two is the later one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tessera.core import generations

RANDOM = st.binary(min_size=generations.RANDOM_BYTES, max_size=generations.RANDOM_BYTES)
STEPS = st.lists(RANDOM.map(generations.step), min_size=1, max_size=50)
NUMBERS = st.integers(0, generations.RANGE - 1)


def test_the_ends_of_a_step_and_of_a_jump() -> None:
    """A step is never 0 and a jump never less than 1,024 steps, whatever the random bytes are."""
    least, most = bytes(4), (generations.STEP_MAX - 1).to_bytes(4)

    assert (generations.step(least), generations.step(most)) == (1, generations.STEP_MAX)
    assert generations.jump(least) == generations.JUMP_MIN == 1024 * generations.STEP_MAX
    assert generations.jump(b"\xff" * 4) == 2 * generations.JUMP_MIN - 1 < generations.RANGE // 2


@given(NUMBERS, STEPS, STEPS)
def test_what_cut_offs_reach_is_later_and_never_where_it_was(
    begin: int, own: list[int], organization_s: list[int]
) -> None:
    """Each cut-off leads to a generation of its own, however those of application and organization mix."""
    reached = [generations.combined(begin, 0)]
    mine = theirs = 0
    for index in range(max(len(own), len(organization_s))):
        for steps, is_own in ((own, True), (organization_s, False)):
            if index < len(steps):
                mine += steps[index] if is_own else 0
                theirs += 0 if is_own else steps[index]
                reached.append(generations.combined(begin + mine, theirs))

    assert len(set(reached)) == len(reached)
    assert all(generations.is_later(after, before) for before, after in pairwise(reached))
    assert all(generations.is_later(reached[-1], before) for before in reached[:-1])


@given(NUMBERS, NUMBERS)
def test_of_two_generations_at_most_one_is_later(one: int, other: int) -> None:
    """No generation is later than itself, and two are never each later than the other."""
    assert not generations.is_later(one, one)
    assert not (generations.is_later(one, other) and generations.is_later(other, one))


@given(NUMBERS, RANDOM, st.lists(RANDOM.map(generations.step), max_size=50))
def test_a_restore_leads_past_what_cut_offs_had_reached(backup: int, random: bytes, since: list[int]) -> None:
    """Every generation reached since the backup is an earlier one after the restore, and so is that of the backup."""
    restored = generations.combined(backup, generations.jump(random))

    for count in range(len(since) + 1):
        reached = generations.combined(backup, sum(since[:count]))
        assert generations.is_later(restored, reached)
        assert not generations.is_later(reached, restored)
