"""Generations of tokens: how all tokens of an application are revoked without asking any clock.

An application and an organization each have a generation, a number that every cut-off raises in the same statement.
A token carries the sum of both as it stood when the token was issued, modulo `RANGE`, and is valid only while the sum
is still the same.

A cut-off raises the generation by a random step. After a database was set back (by a restore, by a file system
snapshot, by a failover to a standby that had not heard of the last commits), the generations that it reaches next are
therefore not the ones that it had reached before, and no cut-off brings the tokens of that time back. The steps are
small enough that more than 4,000 cut-offs within the life of a token never lead back to where it was issued.
"""

BITS = 32
"""A token has four bytes for the generation."""

RANGE = 1 << BITS

STEP_MAX = 1 << 20

JUMP_MIN = 1 << 30
"""A restore goes further than cut-offs since the backup can have gone, by 1,024 of them at least."""

RANDOM_BYTES = 4


def step(random: bytes) -> int:
    """The step by which a cut-off raises the generation: 1 to `STEP_MAX`, from `RANDOM_BYTES` random bytes."""
    return 1 + int.from_bytes(random) % STEP_MAX


def jump(random: bytes) -> int:
    """The step of a restore: `JUMP_MIN` to twice that, from `RANDOM_BYTES` random bytes."""
    return JUMP_MIN + int.from_bytes(random) % JUMP_MIN


def combined(application: int, organization: int) -> int:
    """The generation that a token carries, from that of its application and that of the application's organization."""
    return (application + organization) % RANGE


def is_later(generation: int, than: int) -> bool:
    """Whether a generation was reached after another one, of the same application."""
    return 0 < (generation - than) % RANGE < RANGE // 2
