"""Every request of the corpus has the same answers in any pieces as it has whole."""

import itertools
import random
from collections.abc import Iterable

import pytest

from tests.framing import corpus, offers
from tests.framing.corpus import Case
from tests.framing.wire import Outcome, play

CASES = (*corpus.CASES, *offers.CASES)
ACCEPTED = (200, 304)

SHORT_BYTES = 70
WHOLLY_CUT = [case for case in CASES if len(case.places) <= SHORT_BYTES or case in offers.WITH_BODIES[:4]]
"""Those that are cut in three at every pair of places; the others are long, and cut at some."""

PAIRS = 300


def unsound(case: Case, outcome: Outcome) -> str | None:
    """What is wrong with the answers, compared to those that the case must have; None when nothing is."""
    if len(outcome.statuses) != len(case.statuses) or not all(
        status == wanted if isinstance(wanted, int) else status in wanted
        for status, wanted in zip(outcome.statuses, case.statuses, strict=True)
    ):
        return f"the answers are {outcome.statuses}"
    if case.closed is not None and outcome.closed is not case.closed:
        return "the connection was " + ("closed" if outcome.closed else "left open")
    accepted = [status for status in outcome.statuses if status in ACCEPTED]
    if len(outcome.requests) != len(accepted):
        return f"the application ran {outcome.requests}"
    return None


def ids(case: Case) -> str:
    """The name of a case in the test's own."""
    return case.name.replace(" ", "-")


def pairs(case: Case) -> Iterable[tuple[int, int]]:
    """Where a request is cut in three."""
    every = itertools.combinations(case.places, 2)
    return every if case in WHOLLY_CUT else random.Random(case.name).sample(list(every), PAIRS)


def test_the_corpus_is_large_and_its_names_differ() -> None:
    """At least 60 requests are cut in three at every pair of places, and each can be told by its name."""
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(WHOLLY_CUT) >= 60


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_whole(case: Case) -> None:
    """In one piece, a request has the answers that it must have, and nothing else is run."""
    (outcome,) = play([[case.sent]])
    wrong = unsound(case, outcome)
    assert not wrong, f"{case.sent!r}: {wrong}"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_in_two_and_in_three_pieces(case: Case) -> None:
    """Cut at every byte, and at two, a request has the answers that it has whole, and the same is run."""
    sent = case.sent
    scripts = [[sent], [bytes([byte]) for byte in sent]]
    scripts += [[sent[:one], sent[one:]] for one in range(1, len(sent))]
    scripts += [[sent[:one], sent[one:other], sent[other:]] for one, other in pairs(case)]
    whole, *cut = play(scripts)
    wrong = [pieces for pieces, outcome in zip(scripts[1:], cut, strict=True) if outcome != whole]
    assert not wrong, f"{len(wrong)} of {len(cut)} differ from {whole}, for instance {wrong[0]}: {play(wrong[:1])}"
