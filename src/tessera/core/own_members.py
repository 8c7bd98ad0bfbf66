"""Members of a partner's own: any JSON, as long as everybody who is shown it later can read it."""

import re
from collections.abc import Mapping

import msgspec

from tessera.core.errors import ArgumentError

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_decode = msgspec.json.Decoder().decode


def check(members: Mapping[str, msgspec.Raw], field: str) -> None:
    """Raises ArgumentError naming `field` for a number that is out of range, a NUL, and values that lie too deep."""
    for value in members.values():
        raw = bytes(value)
        try:
            _decode(raw)
        except msgspec.DecodeError:
            raise ArgumentError(
                f"The field {field}[...] cannot be used: it has a number that is out of range."
            ) from None
        except RecursionError:
            raise ArgumentError(f"The field {field}[...] cannot be used: it is nested too deeply.") from None
        if _NUL.search(raw):
            raise ArgumentError(f"The field {field}[...] cannot be used: it has a control character.")
