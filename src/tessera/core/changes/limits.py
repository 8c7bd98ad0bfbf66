"""Writes of limits."""

from tessera.core.changes.change import Change, NoticeKind


class SetLimits(Change, frozen=True):
    """The limits of an application; before it had these."""

    client_id: str
    limits: str
    previous_limits: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id
