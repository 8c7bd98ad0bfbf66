"""Writes of moving from one secret to the next, of warnings, and of handing tokens out again."""

from tessera.core.changes.change import Change, NoticeKind


class KeepCredential(Change, frozen=True):
    """Nothing is written: this credential of an application has this end, and there is none newer."""

    client_id: str
    number: int
    ends_at: int | None


class FinishCredential(Change, frozen=True):
    """A credential ends at a moment; it had this end (or none) before, and was last used before `unused_since`."""

    client_id: str
    number: int
    ends_at: int
    was_ends_at: int | None
    unused_since: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id


class RekeyCredential(Change, frozen=True):
    """Hold an imported secret as a keyed digest instead of its slow hash, which it still has."""

    client_id: str
    number: int
    digest: bytes
    was_digest: bytes

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id


class SetTokenReuse(Change, frozen=True):
    """Whether an application is handed a live token of its own again, instead of a new one."""

    client_id: str
    token_reuse: bool

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.APPLICATION, self.client_id


class AddWarning(Change, frozen=True):
    """A warning is told now; its name is free, since each is told once."""

    name: str
    at: int
