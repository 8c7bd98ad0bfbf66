"""Bodies and flags of the platform API into typed values; what does not fit is refused with the field's name."""

import re
from decimal import Decimal
from typing import TypeVar

import msgspec

from tessera.core import wire
from tessera.core.errors import ArgumentError, InvalidRequest, MissingData

T = TypeVar("T")

BODY_BYTES_MAX = 256 * 1024

_MISSING = re.compile(r"Object missing required field `(\w+)`")
_AT = re.compile(r" - at `\$\.?([^`]*)`$")
_QUOTED = re.compile(r"(?<=^Invalid enum value) .*", re.DOTALL)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type.

    Raises MissingData naming an absent field, ArgumentError naming one of the wrong type or form, or saying that the
    body is not JSON.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ArgumentError("The body is not valid JSON.") from None


def _refusal(text: str) -> ArgumentError | MissingData:
    at = _AT.search(text)
    place = at.group(1) if at else ""
    missing = _MISSING.search(text)
    if missing:
        name = f"{place}.{missing.group(1)}" if place else missing.group(1)
        return MissingData(f"The field {name} is missing.")
    reason = _QUOTED.sub("", text[: at.start()] if at else text)  # what was sent may be a secret in a wrong place
    return ArgumentError(f"The field {place or 'at the top'} cannot be used: {reason}.")


def query(raw: bytes) -> dict[str, str]:
    """The flags in a query string; of one that stands twice the last counts.

    Raises ArgumentError for malformed encoding or a limit passed.
    """
    try:
        return dict(wire.query_pairs(raw))
    except InvalidRequest as refusal:
        raise ArgumentError(refusal.public) from None


def number_decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that reads numbers without loss, as int or Decimal."""
    return msgspec.json.Decoder(kind, float_hook=Decimal)
