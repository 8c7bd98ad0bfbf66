"""Writes of limits."""

from tessera.core.changes.change import Change, NoticeKind


class SetRails(Change, frozen=True):
    """The limits of an application; before it had these."""

    client_id: str
    rails: str
    was_rails: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id
