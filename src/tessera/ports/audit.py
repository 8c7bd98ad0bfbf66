"""Reading the audit, and what was refused."""

from typing import NamedTuple, Protocol

from tessera.core.administration.audit_chain import Checkpoint, Entry


class Search(NamedTuple):
    """Which entries are wanted: by exact actor, action and target, where given, from a moment on."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: int = 0


class AuditReader(Protocol):
    """The audit's entries, and the refusals that are kept. Reading many may take long: not for a request."""

    async def audit_entries(self, after: int, limit: int) -> list[Entry]:
        """Entries with greater numbers, in their order."""

    async def audit_entries_before(self, before: int, limit: int, search: Search) -> list[Entry]:
        """Entries with lower numbers that are wanted, the newest first."""

    async def audit_refusals(self, after: int, limit: int) -> list[Entry]:
        """Entries of refused clients with greater numbers, in their order."""

    async def audit_checkpoints(self) -> list[Checkpoint]:
        """The checkpoints in place of entries that were deleted, by number."""

    async def audit_checkpoint(self, number: int) -> Checkpoint | None:
        """The checkpoint in place of the entry with this number; None when no purge has deleted it."""

    async def refusal(self, request_id: str) -> str | None:
        """What is kept of the refusal with this id, as JSON."""

    async def refusals_with(self, text: str, limit: int) -> list[str]:
        """What is kept of refusals in which a text stands, as JSON, the newest first."""

    async def refusal_at(self, place: int) -> int | None:
        """When the refusal was that has so many newer ones; None when there are not so many."""
