"""Members of a partner's own: any JSON, as long as everybody who is shown it later can read it."""

import re
from collections.abc import Mapping

import msgspec

from tessera.core.decoding import NO_NUMBER, NO_TEXT
from tessera.core.errors import ArgumentError

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_decode = msgspec.json.Decoder().decode


def check(members: Mapping[str, msgspec.Raw], field: str) -> None:
    """Raises ArgumentError naming `field` for what not every reader of JSON can take.

    That is a number that is out of range, text that is none, a NUL, and values that lie too deep.
    """
    for value in members.values():
        reason = _reason(bytes(value))
        if reason is not None:
            raise ArgumentError(f"The field {field}[...] cannot be used: {reason}.")


def _reason(raw: bytes) -> str | None:
    try:
        _decode(raw)
    except msgspec.ValidationError:
        return NO_NUMBER
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NO_TEXT
    except RecursionError:
        return "it is nested too deeply"
    return "it has a control character" if _NUL.search(raw) else None
