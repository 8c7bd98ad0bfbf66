"""Custom profiles: members of a partner's own beside the profile, each any JSON, counted by a version of ours.

Stored and shown as one JSON object. A member that is null is not there.
"""

import re

import msgspec

from tessera.core.customers import custom_members
from tessera.core.customers.profiles import CustomProfile
from tessera.core.errors import Validation

SIZE_MAX_BYTES = 32 * 1024
"""What a custom profile may have, as it is stored."""

DEPTH_MAX = 16
"""How deep objects and lists may lie within a member."""

VERSION = "_version"

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def first(sent: CustomProfile) -> str:
    """The custom profile of a new customer. Raises ArgumentError, Validation."""
    return _stored(_compact(sent), 1)


def replaced(stored: str | None, sent: CustomProfile) -> str | None:
    """The custom profile that stands in the place of another; None when it is the same.

    Raises ArgumentError, Validation.
    """
    return _following(stored, _compact(sent))


def merged(stored: str | None, sent: CustomProfile) -> str | None:
    """The custom profile with what was sent, where null removes a member; None when that changes nothing.

    Raises ArgumentError, Validation.
    """
    return _following(stored, {**_members(stored), **_compact(sent)})


def combined(kept: str | None, other: str | None) -> str | None:
    """The custom profile of two customers who are one, of whom the first counts; None when it stays as it is.

    Raises Validation when it becomes too large.
    """
    return _following(kept, {**_members(other), **_members(kept)})


def shown(stored: str | None) -> msgspec.Raw:
    """The custom profile on the wire; of a customer without one, version 0."""
    return msgspec.Raw(b'{"_version":0}' if stored is None else stored.encode())


def _following(stored: str | None, members: dict[str, bytes]) -> str | None:
    members = {name: value for name, value in members.items() if value != b"null"}
    if members == _members(stored):
        return None
    return _stored(members, _version(stored) + 1)


def _members(stored: str | None) -> dict[str, bytes]:
    """The members that are the partner's."""
    members = {} if stored is None else _decode(stored)
    return {name: bytes(value) for name, value in members.items() if name != VERSION}


def _version(stored: str | None) -> int:
    return 0 if stored is None else int(bytes(_decode(stored)[VERSION]))


def _stored(members: dict[str, bytes], version: int) -> str:
    kept = {name: msgspec.Raw(value) for name, value in members.items() if value != b"null"}
    text: str = _encode({**kept, VERSION: version}).decode()
    digits = len(str(version)) - 1  # the version grows: content that fits once always fits
    if len(text.encode()) - digits > SIZE_MAX_BYTES:
        raise Validation(f"user_profile is larger than {SIZE_MAX_BYTES // 1024} KiB.")
    return text


def _compact(sent: CustomProfile) -> dict[str, bytes]:
    """What was sent, without blanks between values, so that the same content is the same text."""
    custom_members.check(sent, "user_profile")
    members = {name: msgspec.json.format(bytes(value), indent=-1) for name, value in sent.items() if name != VERSION}
    if any(_depth(value) > DEPTH_MAX for value in members.values()):
        raise Validation(f"user_profile is more than {DEPTH_MAX} levels deep.")
    return members


def _depth(value: bytes) -> int:
    """How many objects and lists lie within each other at the deepest place."""
    deepest = depth = 0
    for character in _TEXT.sub(b"", value):
        if character in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in b"]}":
            depth -= 1
    return deepest
