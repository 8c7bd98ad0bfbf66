"""Bodies and flags of the platform API into typed values; what does not fit is refused with the field's name."""

from decimal import Decimal
from typing import TypeVar

import msgspec

from tessera.core import wire
from tessera.core.decoding import refusal
from tessera.core.errors import ArgumentError, InvalidRequest

T = TypeVar("T")

BODY_BYTES_MAX = 256 * 1024


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type.

    Raises MissingData naming an absent field, ArgumentError naming one of the wrong type or form, or saying that the
    body is not JSON.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ArgumentError("The body is not valid JSON.") from None


def query(raw: bytes) -> dict[str, str]:
    """The flags in a query string; of one that stands twice the last counts.

    Raises ArgumentError for malformed encoding or a limit passed.
    """
    return dict(_pairs(raw))


def every(raw: bytes) -> dict[str, list[str]]:
    """All values of each parameter in a query string, in their order; those sent empty are left out.

    Raises ArgumentError as `query` does.
    """
    values: dict[str, list[str]] = {}
    for name, value in _pairs(raw):
        if value:
            values.setdefault(name, []).append(value)
    return values


def once(values: dict[str, list[str]], name: str) -> str | None:
    """A parameter that may stand once. Raises ArgumentError when it stands more often."""
    found = values.get(name, [])
    if len(found) > 1:
        raise ArgumentError(f"{name} stands more than once. Send it once.")
    return found[0] if found else None


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return wire.query_pairs(raw) if raw else []
    except InvalidRequest as refusal:
        raise ArgumentError(refusal.public) from None


def number_decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that reads numbers without loss, as int or Decimal."""
    return msgspec.json.Decoder(kind, float_hook=Decimal)
