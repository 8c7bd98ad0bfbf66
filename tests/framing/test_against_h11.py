"""A hundred thousand requests that are nearly sound: what is run is what another parser reads."""

import random
import re

import pytest

from tests.framing.mutations import mutated
from tests.framing.reference import Reading, alike, read
from tests.framing.wire import Outcome, play

SEEDS = (1, 2, 3, 4)
REQUESTS = 25_000
CUT = 5_000

_MAY_END = re.compile(rb"(?i)connect|upgrade|http/1\.0")
"""With requests that are all sound a connection ends only where one of these is, be it behind a body."""


def disagreement(sent: bytes, outcome: Outcome, reading: Reading) -> str | None:
    """In what the server and h11 differ about one connection; None when it is in nothing that matters.

    The server may refuse more. It must not run what h11 does not read, nor wait for the rest of what is whole, nor
    leave out what is sound.
    """
    for number, (ours, theirs) in enumerate(zip(outcome.requests, reading.requests, strict=False)):
        if not alike(ours, theirs):
            return f"request {number} is {theirs}, and {ours} was run"
    if len(outcome.requests) > len(reading.requests):
        return f"h11 {reading.ends} where {outcome.requests[len(reading.requests)]} was run"
    if len(outcome.requests) < len(reading.requests):
        if not outcome.closed:
            return f"it waits, and {reading.requests[len(outcome.requests)]} is whole"
        if len(outcome.statuses) == len(outcome.requests) and not _ends(outcome, sent):
            return f"it closed without a reason, and {reading.requests[len(outcome.requests)]} is sound"
    return None


def _ends(outcome: Outcome, sent: bytes) -> bool:
    """Whether the client was told that no answer follows, and has sent something that may have that effect."""
    return not outcome.requests or (outcome.said_to_close and _MAY_END.search(sent) is not None)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_run_is_what_h11_reads(seed: int) -> None:
    """Of random changes to sound requests, the server runs only what h11 reads, and each request as h11 reads it."""
    sent = list(mutated(seed, REQUESTS))
    accepted, wrong = 0, []
    for data, outcome in zip(sent, play([[data] for data in sent]), strict=True):
        accepted += bool(outcome.requests)
        why = disagreement(data, outcome, read(data))
        if why:
            wrong.append((len(data), data, why))
    assert accepted > REQUESTS // 5, "nearly all were refused: this shows little"
    assert not wrong, f"{len(wrong)} of {REQUESTS} differ, the shortest is {min(wrong)[1]!r}: {min(wrong)[2]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_nearly_sound_is_the_same_in_pieces(seed: int) -> None:
    """Random changes to sound requests have the same answers when they are cut at random places."""
    chance = random.Random(seed)
    scripts, wholes = [], []
    for data in mutated(-seed, CUT):
        wholes.append([data])
        places = sorted({chance.randrange(1, len(data)) for _ in range(chance.choice((1, 2, 4)))}) if data[1:] else []
        scripts.append([data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)])
    wrong = [
        (len(whole[0]), pieces, cut, outcome)
        for whole, pieces, outcome, cut in zip(wholes, scripts, play(wholes), play(scripts), strict=True)
        if cut != outcome
    ]
    assert not wrong, f"{len(wrong)} of {CUT} differ: {min(wrong)[1]} came to {min(wrong)[2]}, not to {min(wrong)[3]}"
