"""Texts from elsewhere: what a terminal would obey or hide is escaped, and everything else is left alone."""

import json
import sys
import unicodedata

import pytest

from tessera.core.escaping import escaped, escaped_json, unsafe

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
DANGEROUS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"
"""Letters and marks that are shown as nothing."""

HARMLESS = "Aurora, Müller & Söhne, Æthelflæd, Дмитрий, 山田\u3000太郎, محمد, 👩 🥐, e\u0301, a\u00a0b, \\ ' \""


def test_every_character_of_a_dangerous_kind_is_escaped() -> None:
    """Controls, format characters, separators and half surrogates, by Unicode's categories, and what is invisible."""
    left = [each for each in EVERY if unicodedata.category(each) in DANGEROUS and not unsafe(each)]
    assert left == []
    assert [each for each in INVISIBLE if not unsafe(each)] == []


def test_what_is_escaped_is_plain() -> None:
    """The escaped form of every such character is printable ASCII, and tells which it was."""
    for each in EVERY:
        if unsafe(each):
            shown = escaped(each)
            assert shown.isascii()
            assert shown.isprintable()
            assert shown.encode().decode("unicode_escape") == each
            assert unsafe(f"before{each}after")


def test_letters_are_left_alone() -> None:
    """Names in any script stay as they are, and so does everything that can be seen."""
    assert escaped(HARMLESS) == HARMLESS
    assert escaped_json(HARMLESS) == HARMLESS
    seen = [each for each in EVERY if unicodedata.category(each)[0] in "LNPSZ" and each not in INVISIBLE]
    assert [each for each in seen if unsafe(each) and unicodedata.category(each) not in DANGEROUS] == []


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_is_the_same_value(ascii_only: bool) -> None:
    """A JSON document with every character in it reads the same after it was escaped, and has none of these left."""
    value = {"text": "".join(each for each in EVERY if not 0xD800 <= ord(each) <= 0xDFFF), "lines": [1, "\n\t\r"]}
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2)
    shown = escaped_json(text)
    assert json.loads(shown) == value
    assert not unsafe(shown.replace("\n", ""))


def test_the_examples_of_attacks_do_nothing() -> None:
    """Colours, titles, moved cursors, text that runs backwards, and names that only look alike."""
    attacks = ("\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "a\rb", "a\x08b", "a\u202eb", "ad\u200bmin", "x\x7f")
    for attack in attacks:
        assert escaped(attack).isprintable()
        assert escaped(attack) != attack
