"""How a value that does not fit its type is refused: with the name of the field, and nothing of what stood there."""

import re

from tessera.core.errors import ArgumentError, MissingData

_MISSING = re.compile(r"Object missing required field `(\w+)`")
_AT = re.compile(r" - at (?:`key` in )?`\$\.?([^`]*)`$")
_PATTERN = re.compile(r"^Expected `str` matching regex .*", re.DOTALL)
_QUOTED = re.compile(r"(?<=^Invalid enum value) .*", re.DOTALL)


def refusal(text: str) -> ArgumentError | MissingData:
    """The refusal for what msgspec says of a value: MissingData for an absent field, otherwise ArgumentError."""
    at = _AT.search(text)
    place = at.group(1) if at else ""
    missing = _MISSING.search(text)
    if missing:
        name = f"{place}.{missing.group(1)}" if place else missing.group(1)
        return MissingData(f"The field {name} is missing.")
    reason = _QUOTED.sub("", text[: at.start()] if at else text)  # what was sent may be a secret in a wrong place
    reason = _PATTERN.sub("it has a control character", reason)  # the only pattern that our types ask for
    return ArgumentError(f"{f'The field {place}' if place else 'The body'} cannot be used: {reason}.")
