"""Bodies and flags of the platform API into typed values; what does not fit is refused with the field's name."""

import json
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

import msgspec

from tessera.core import leniency, wire
from tessera.core.allowed import choice
from tessera.core.decoding import MULTIPART, NOT_JSON, Unreadable, broken, refusal
from tessera.core.errors import ArgumentError, InvalidRequest
from tessera.core.times import microseconds

T = TypeVar("T")

BODY_BYTES_MAX = 256 * 1024
TOO_DEEP = "The body holds lists or objects too deeply within each other."

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_DIGITS_MAX = 18
_UNITS = {10: 1_000_000, 13: 1_000, 16: 1}
"""Microseconds in the unit of a number with so many digits: between 2001 and 2286 nothing else has as many."""

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRONG_IN_STRING = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})|(\\.?|[\x00-\x1f])', re.DOTALL)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type.

    Members that are null or empty are not given, and other small things are put right (`core/leniency.py`).

    Raises MissingData naming an absent field, ArgumentError naming one of the wrong type or form, or saying that the
    body is not JSON. Of a member that stands twice the last counts.
    """
    try:
        decoded = leniency.decode(decoder, body)
        if not body.isascii():
            body.decode()  # what is kept as it came, and what nobody reads, was not looked at
    except msgspec.ValidationError as error:
        raise refusal(str(error), decoder.type, body) from None
    except RecursionError:
        raise ArgumentError(TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError):
        raise _broken(decoder.type, body) from None
    return decoded


def _broken(kind: type, body: bytes) -> ArgumentError:
    """The refusal for what the decoder could not read: a second reader, which is slow and lenient, finds the place."""
    if body.startswith(b"--"):  # a boundary (RFC 2046 section 5.1.1)
        return ArgumentError(MULTIPART)
    text = _STRING.sub(_marked, body.decode("utf-8", "surrogateescape"))
    try:
        document = json.loads(
            text, object_pairs_hook=tuple, parse_int=len, parse_float=_number, parse_constant=lambda _: Unreadable()
        )
        return broken(document, kind)
    except RecursionError:
        return ArgumentError(TOO_DEEP)
    except ValueError:
        return ArgumentError(NOT_JSON)


def _marked(string: re.Match[str]) -> str:
    """A string of JSON with a lone surrogate in the place of what must not stand in one."""
    return _WRONG_IN_STRING.sub(lambda found: found[0] if found[1] is None else r"\ud800", string[0])


def _number(text: str) -> object:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Unreadable()


def query(raw: bytes, known: Collection[str] = ()) -> dict[str, str]:
    """The flags in a query string; of one that stands twice the last counts.

    Raises ArgumentError for malformed encoding, naming the parameter when it is a known one, or a limit passed.
    """
    return dict(_pairs(raw, known))


def every(raw: bytes, known: Collection[str] = ()) -> dict[str, list[str]]:
    """All values of each parameter in a query string, in their order; those sent empty are left out.

    Raises ArgumentError as `query` does.
    """
    values: dict[str, list[str]] = {}
    for name, value in _pairs(raw, known):
        if value:
            values.setdefault(name, []).append(value)
    return values


def listed(values: dict[str, list[str]], name: str) -> list[str]:
    """The elements of a list: those sent as `name[]`, then those that the client numbered (`name[0]`), by number."""
    numbered = re.compile(rf"{name}\[(\d{{1,4}})\]")
    placed = ((int(found[1]), sent) for each, sent in values.items() if (found := numbered.fullmatch(each)))
    return [*values.get(f"{name}[]", []), *(element for _, sent in sorted(placed) for element in sent)]


def once(values: dict[str, list[str]], name: str) -> str | None:
    """A parameter that may stand once. Raises ArgumentError when it stands more often."""
    found = values.get(name, [])
    if len(found) > 1:
        raise ArgumentError(f"{name} stands more than once. Send it once.")
    return found[0] if found else None


def _pairs(raw: bytes, known: Collection[str]) -> list[tuple[str, str]]:
    try:
        return wire.query_pairs(raw) if raw else []
    except InvalidRequest as refusal:
        name = wire.malformed(raw, known)
        raise ArgumentError(f"{name}: {refusal.public}" if name else refusal.public) from None


ISO = "a time in ISO 8601, such as 2026-01-31T12:30:00Z"
CORE = "a time as YYYY-MM-DD HH:MM:SS in UTC, or in ISO 8601"


def core_time(text: str, field: str) -> int:
    """A time as the core API prints it, or in ISO 8601. Raises ArgumentError."""
    return time(text, field, CORE)


def time(text: str, field: str, form: str = ISO) -> int:
    """A time in ISO 8601 as microseconds since the epoch, in UTC when it names no zone. Raises ArgumentError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return microseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ArgumentError(f"{field} must be {form}.", sent=text) from None


def number_decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that reads numbers without loss, as int or Decimal."""
    return msgspec.json.Decoder(kind, float_hook=Decimal)


def one_of(value: str | None, choices: Sequence[str], name: str) -> str | None:
    """The choice that a text names in any case; None when there is no text. Raises ArgumentError naming the field."""
    if value is None:
        return None
    if value.lower() not in choices:
        raise ArgumentError(f"The field {name} cannot be used: it must be {choice(list(choices))}.", sent=value)
    return value.lower()


def whole_number(text: str | None, name: str, allowed: range) -> int | None:
    """A whole number in a query string; None when it is not there. Raises ArgumentError naming the parameter."""
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX or int(text) not in allowed:
        raise ArgumentError(f"{name} must be a whole number from {allowed.start} to {allowed.stop - 1}.", sent=text)
    return int(text)


def moment(text: str | None, name: str) -> int | None:
    """A moment in a query string, in microseconds since the epoch; None when it is not there.

    Without a zone it is in UTC. Whole numbers are since the epoch; the number of their digits tells their unit. Raises
    ArgumentError naming the parameter.
    """
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) in _UNITS:
        return int(text) * _UNITS[len(text)]
    try:
        found = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise ArgumentError(
            f"{name} must be a moment: 2026-06-06T20:57:21Z, 2026-06-06 20:57:21 or 2026-06-06 (in UTC), or the"
            " seconds, milliseconds or microseconds since 1970 in 10, 13 or 16 digits. A plus sign is %2B in an"
            " address.",
            sent=text,
        )
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
