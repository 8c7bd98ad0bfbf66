"""Referrer codes: by which a customer brings another one.

A code is random. It has no part of a name or an address, because it goes on living in other people's hands when the
customer is forgotten.
"""

import re

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ23456789"
RANDOM_BYTES = 16
"""So many that the remainder favours no character by more than 2^-60."""

_OURS = re.compile(rf"[{ALPHABET}]{{6}}-[{ALPHABET}]{{6}}")


def made(random: bytes) -> str:
    """A code of these random bytes: two groups of six."""
    number = int.from_bytes(random)
    characters = []
    for _ in range(12):
        number, place = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[place])
    return f"{''.join(characters[:6])}-{''.join(characters[6:])}"


def ours(code: str) -> bool:
    """Whether a code has the form of those that we make."""
    return _OURS.fullmatch(code) is not None
