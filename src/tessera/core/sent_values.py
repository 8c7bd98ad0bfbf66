"""Values as a refusal repeats them to their sender: short, escaped, and never one that may be a secret.

A refusal keeps the value apart from its sentence (`errors.Refusal.sent`): records, logs and traces have the sentence
alone.
"""

import re
from decimal import Decimal

from tessera.core.escaping import escaped

SHOWN_MAX = 40
"""Characters of a value that are repeated."""

_SECRET = re.compile(
    r"secret|token|passw|assertion|credential|authorization|(?:^|[_.])(?:api_)?keys?(?:$|[_.\[])", re.IGNORECASE
)
_CREDENTIAL = re.compile(r"[0-9A-Fa-f]{32,}|eyJ[\w-]*\.")
"""Finds secrets and tokens of ours and signed texts, which may stand in a wrong place."""

_NOT_DESCRIBED = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


class Number(str):
    """A number as it was written: it may be one that no type holds."""

    __slots__ = ()


def may_be_shown(member: str) -> bool:
    """Tell whether the value of a member may be repeated: not where its name speaks of a secret."""
    return _SECRET.search(member) is None


def shown(value: object) -> str:
    """The value as it is repeated: a text in quotation marks; lists, objects and what looks like a secret by size."""
    match value:
        case Number():
            return shortened(value)
        case str():
            return f"a text of {len(value)}" if _CREDENTIAL.search(value) else f'"{shortened(value)}"'
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float() | Decimal():
            return shortened(str(value))
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return "an object" if value else "an empty object"


def shortened(text: str) -> str:
    """A text of at most `SHOWN_MAX` characters, escaped."""
    return escaped(text) if len(text) <= SHOWN_MAX else f"{escaped(text[:SHOWN_MAX])}..."


def described(text: str) -> str:
    """A text in the characters that an `error_description` may have (RFC 6749 section 5.2)."""
    return _NOT_DESCRIBED.sub("?", text.replace('"', "'").replace("\\", "/"))
