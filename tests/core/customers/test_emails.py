"""Email addresses: which are one, which are two, and which are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.customers import emails
from tessera.core.errors import Validation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@X.example", "ada@x.EXAMPLE"),
        ("cafe\u0301@x.example", "caf\u00e9@x.example"),
        ("info@STRASSE.example", "info@strasse.example"),
        ("info@stra\u00dfe.example", "info@STRA\u1e9eE.example"),
        ("info@stra\u00dfe.example", "info@xn--strae-oqa.example"),
        ("a@b\u00fccher.example", "A@BU\u0308CHER.example"),
        ("\u039f\u0394\u039f\u03a3@x.example", "\u03bf\u03b4\u03bf\u03c2@x.example"),
        ("\u212aelvin@x.example", "kelvin@x.example"),
    ],
)
def test_addresses_that_are_one(one: str, other: str) -> None:
    """Case, the form of Unicode and the spelling of the domain make no difference."""
    emails.check(one)
    emails.check(other)
    assert emails.folded(one) == emails.folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("info@stra\u00dfe.example", "info@strasse.example"),
        ("stra\u00dfe@x.example", "strasse@x.example"),
        ("\u0130@x.example", "i@x.example"),
        ("a@x.example", "\u0430@x.example"),
    ],
)
def test_addresses_that_are_two(one: str, other: str) -> None:
    """Letters that only full case folding or a reader takes for one another are different."""
    assert emails.folded(one) != emails.folded(other)


@pytest.mark.parametrize(
    "email",
    ["a\u200bb@c.example", "a\u200d@c.example", "\ufeffa@c.example", "a@c\u00ad.example", "a@c\u200d.example",
     "a\u202e@c.example"],
)  # fmt: skip
def test_what_cannot_be_seen_is_refused(email: str) -> None:
    """An address with a character that cannot be seen looks like another one."""
    with pytest.raises(Validation, match="cannot be seen"):
        emails.check(email)


@pytest.mark.parametrize(
    "email", ["a@\u2665.example", "a@\u00fc_x.example", "a@-\u00fc.example", f"a@{'ü' * 60}.example"]
)
def test_a_domain_that_cannot_be_is_refused(email: str) -> None:
    """A domain beyond ASCII is one that IDNA 2008 allows."""
    with pytest.raises(Validation, match="IDNA 2008"):
        emails.check(email)


@given(st.text(max_size=30))
def test_folding_an_address_twice_changes_nothing(email: str) -> None:
    """Folding is idempotent, whatever the text, and never fails."""
    assert emails.folded(emails.folded(email)) == emails.folded(email)
