"""Texts from elsewhere as they may be shown on a terminal: nothing in them commands it, and nothing is hidden in them.

Escaped are control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls, whatever is
invisible (zero-width characters, fillers, variation selectors, tags), and halves of surrogate pairs. Everything else
stays as it is, in any script.
"""

import re

_RANGES = (
    (0x0000, 0x001F),
    (0x007F, 0x009F),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xD800, 0xDFFF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Ranges of Unicode's categories Cc, Cf, Cs, Zl and Zp, and of Default_Ignorable_Code_Point."""

_UNSAFE = re.compile("[" + "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in _RANGES) + "]")


def unsafe(text: str) -> bool:
    """Whether there is something in a text that has to be escaped."""
    return _UNSAFE.search(text) is not None


def escaped(text: str) -> str:
    r"""The text with what is unsafe written as in a Python literal: `\x1b`, `\u202e`, `\U000e0001`."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def escaped_json(text: str) -> str:
    r"""A JSON text with what is unsafe written as `\u` and four digits, which changes no value.

    Line ends are left alone: in JSON they stand between values only.
    """
    return _UNSAFE.sub(lambda found: found[0] if found[0] in "\r\n\t" else _units(found[0]), text)


def _units(character: str) -> str:
    """A character as the escapes of its UTF-16 units."""
    raw = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[place]:02x}{raw[place + 1]:02x}" for place in range(0, len(raw), 2))
