"""External ids: one rule for what is stored, what is looked for, and what stands in an address."""

import re
import unicodedata

from tessera.core.errors import Validation
from tessera.core.text import TEXT_MAX

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: scripts of India and Iran need them inside words, emoji too."""

_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def normal(text: str) -> str | None:
    """The one form of an external id: NFC, without white space around it. None for what cannot be one.

    That is an empty text, and one with a control or format character or a line break; joiners may stand inside words.
    """
    if _PLAIN.fullmatch(text):
        return text
    found = unicodedata.normalize("NFC", text).strip()
    return found if found and all(_allowed(found, place) for place in range(len(found))) else None


def checked(text: str, member: str = "external_id") -> str:
    """The one form of an external id that was sent. Raises Validation naming the member."""
    found = normal(text)
    if found is None:
        raise Validation(
            f"{member} must have a character that can be seen, and no control or format characters; joiners may stand"
            " inside words.",
            sent=text,
        )
    if len(found) > TEXT_MAX:
        raise Validation(f"{member} must have at most {TEXT_MAX} characters in its composed form (NFC).")
    return found


def _allowed(text: str, place: int) -> bool:
    character = text[place]
    if character in JOINERS:
        return 0 < place < len(text) - 1 and _in_word(text[place - 1]) and _in_word(text[place + 1])
    return unicodedata.category(character) not in _FORBIDDEN


def _in_word(character: str) -> bool:
    """Letters, marks, digits and symbols."""
    return unicodedata.category(character)[0] in "LMNS"
