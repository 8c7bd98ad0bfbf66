"""Flags in words: one rule for every member, parameter and cell that is true or false."""

from tessera.core.errors import ArgumentError

WORDS = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0"), False),
}
"""The words, which may be in any case."""

CHOICES = "true or false, yes or no, y or n, t or f, on or off, 1 or 0"


def meaning(text: str) -> bool | None:
    """Return whether a word says yes; None for a text that says neither."""
    return WORDS.get(text.strip().casefold())


def parameter(text: str | None, name: str) -> bool:
    """A flag of a query string; false when it is not there. Raises ArgumentError naming the parameter."""
    if not text:
        return False
    meant = meaning(text)
    if meant is None:
        raise ArgumentError(f"{name} must be {CHOICES}, in any case.", sent=text)
    return meant
