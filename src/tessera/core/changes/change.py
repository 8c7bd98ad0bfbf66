"""What a change is, and what other processes are told of it."""

from enum import StrEnum

import msgspec


class NoticeKind(StrEnum):
    """What a node is told has changed."""

    APPLICATION = "application"
    ORGANIZATION = "organization"
    PROPERTY = "property"
    PROGRAM = "program"
    RESOURCE = "resource"
    TOKEN = "token"
    KEYS = "keys"


class Notice(msgspec.Struct, frozen=True):
    """One entry of the change feed: `sequence` grows in commit order; `key` names what changed."""

    sequence: int
    kind: NoticeKind
    key: str


class Change(msgspec.Struct, frozen=True, gc=False):
    """One write. Subclasses that concern what nodes hold in memory say so by `notice`."""

    def notice(self) -> tuple[NoticeKind, str] | None:
        """The kind and key for the change feed, or None when no other node needs to hear."""
        return None
