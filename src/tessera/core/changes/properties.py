"""Writes of digital properties and their secrets."""

from tessera.core.changes.change import Change, NoticeKind


class AddProperty(Change, frozen=True):
    """A new digital property; its API key, and its name in the organization, are free."""

    organization: int
    name: str
    api_key: str
    created_at: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROPERTY, self.api_key


class _PropertyChange(Change, frozen=True):
    api_key: str

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROPERTY, self.api_key


class RenameProperty(_PropertyChange, frozen=True):
    """A property gets another name, which no other of its organization has."""

    name: str


class DisableProperty(_PropertyChange, frozen=True):
    """An enabled property stops: its secrets are refused, and so is its API key in the path of calls."""


class EnableProperty(_PropertyChange, frozen=True):
    """A disabled property starts again, with the secrets that it has."""


class DeleteProperty(_PropertyChange, frozen=True):
    """A property goes, with its secrets."""


class SetPropertyLimits(_PropertyChange, frozen=True):
    """The limits of a property; before it had these."""

    limits: str
    previous_limits: str


class AddPropertySecret(_PropertyChange, frozen=True):
    """A new secret of a property, held as a keyed digest; its name is free there."""

    name: str
    digest: bytes
    last_four: str
    created_at: int
    ends_at: int | None


class EndPropertySecret(_PropertyChange, frozen=True):
    """A secret of a property ends at a moment; it had this end (or none) before."""

    number: int
    ends_at: int
    was_ends_at: int | None


class FinishPropertySecret(_PropertyChange, frozen=True):
    """A secret ends at a moment; it had this end (or none) before, and was last used before `unused_since`."""

    number: int
    ends_at: int
    was_ends_at: int | None
    unused_since: int


class KeepPropertySecret(Change, frozen=True):
    """Nothing is written: this secret of a property has this end, and there is none newer."""

    api_key: str
    number: int
    ends_at: int | None


class MarkPropertySecretUsed(Change, frozen=True):
    """A secret of a property was last used at this moment, from this address when it is known."""

    number: int
    at: int
    source: str | None = None
