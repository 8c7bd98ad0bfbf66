"""Cursors: where a list goes on, sealed, so that they can be neither read nor made up.

A cursor is bound to what it was made for: whose list it is, which endpoint gave it, what was asked. Presented anywhere
else, or with one byte changed, it is refused like any text that is none.
"""

from collections.abc import Sequence

import msgspec

from tessera.core.errors import ArgumentError
from tessera.core.keys.sealing import Ring

Position = tuple[int | str, ...]
"""The key of the last row that was shown."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Position).decode


def seal_cursor(ring: Ring, purpose: Sequence[str | int], position: Position, now: int) -> str:
    """The cursor of a list that goes on after this position; `purpose` is everything that it is bound to."""
    return ring.seal(_encode(position), _bound(purpose), now)


def open_cursor(ring: Ring, purpose: Sequence[str | int], cursor: str, now: int) -> Position:
    """The position after which a list goes on. Raises ArgumentError for a cursor that was not made for this."""
    sealed = ring.open(cursor, _bound(purpose), now)
    if sealed is None:
        raise ArgumentError("cursor is not one that this list has given.")
    return _decode(sealed)


def _bound(purpose: Sequence[str | int]) -> list[bytes]:
    """The associated data: no other seal has it, since the first part says that it is a cursor's."""
    return [b"cursor", *(f"{type(part).__name__} {part}".encode() for part in purpose)]
