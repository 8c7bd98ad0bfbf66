"""The known name that somebody most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches

ALIKE_ENOUGH = 0.6
"""How alike two names have to be, from 0 to 1, for one to be offered in place of the other."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name among `known` that is most like this one; None when none is like it."""
    found = get_close_matches(name, list(known), n=1, cutoff=ALIKE_ENOUGH)
    return found[0] if found else None


def hint(name: str, known: Iterable[str]) -> str:
    """The question whether the nearest name was meant, with a space before; empty when none is like it."""
    found = nearest(name, known)
    return "" if found is None else f" Did you mean {found}?"
