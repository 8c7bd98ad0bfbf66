"""Writes of what follows after a key was added, and of the form of an application's tokens."""

from tessera.core.changes.change import Change, NoticeKind
from tessera.core.keys.wrapping import KeyPurpose


class _KeyChange(Change, frozen=True):
    purpose: KeyPurpose
    number: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.KEYS, ""


class EndKey(_KeyChange, frozen=True):
    """From a moment on a key opens nothing any more; it had this end (or none) before."""

    verifies_until: int
    was_verifies_until: int | None


class SetTokenFormat(Change, frozen=True):
    """What the tokens of an application look like from now on."""

    client_id: str
    token_format: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id
