"""Email addresses: which texts are one, and the form in which they are compared and found."""

import re
import unicodedata

import idna

from tessera.core.errors import Validation

NO_EMAIL = "email is not an email address."

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def check(email: str) -> None:
    """Raises Validation for what is no email address, has characters that cannot be seen, or no possible domain."""
    if not _EMAIL.fullmatch(email):
        raise Validation(NO_EMAIL, sent=email)
    if email.isascii():
        return
    if any(unicodedata.category(character) in _INVISIBLE for character in email):
        raise Validation("email must not have characters that cannot be seen.", sent=email)
    if _a_label(_folded(email).rpartition("@")[2]) is None:
        raise Validation("email must have a domain that IDNA 2008 allows.", sent=email)


def folded(email: str) -> str:
    """The form under which an email address is unique in its organization, and found.

    NFC, in lower case by simple case folding (of one character to one), the domain as A-labels of IDNA 2008. Full case
    folding would take `straße` for `strasse`, which are two domains.
    """
    if email.isascii():
        return email.lower()
    local, at, domain = _folded(email).rpartition("@")
    return f"{local}{at}{_a_label(domain) or domain}"


def _folded(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", "".join(map(_simple, composed)))


def _simple(character: str) -> str:
    """The simple case folding of Unicode: of a character to one, never to several."""
    found = character.casefold()
    if len(found) != 1:
        found = character.lower()
    return found if len(found) == 1 else character


def _a_label(domain: str) -> str | None:
    """The domain as it stands in the DNS; None when it cannot stand there."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
