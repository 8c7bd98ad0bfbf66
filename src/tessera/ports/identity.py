"""Reading organizations, applications, secrets, keys, revocations and the change feed."""

from typing import Protocol

from tessera.core.changes import Notice
from tessera.core.clients.applications import Application, ApplicationRecord, CredentialRecord
from tessera.core.keys.wrapping import WrappedKey
from tessera.core.organizations import OrganizationRecord


class IdentityReader(Protocol):
    """What decides who may call, and the feed that tells of changes."""

    async def application(self, client_id: str) -> Application | None:
        """The application with this client id, compared exactly."""

    async def application_numbered(self, number: int) -> Application | None:
        """The application with this number."""

    async def keys(self) -> list[WrappedKey]:
        """All wrapped keys, by purpose and number."""

    async def revocations(self, after: int = -1, limit: int = 10_000) -> list[tuple[int, int]]:
        """A page of revoked tokens, also of those that have expired: id (above `after`) and expiry, by id."""

    async def revocations_purged_until(self) -> int:
        """The latest end of a token whose revocation may have been deleted; 0 when none was."""

    async def last_sequence(self) -> int:
        """The sequence number of the newest notice; 0 when there is none."""

    async def notices_after(self, sequence: int) -> list[Notice]:
        """The notices with a greater sequence number, in order. One that commits later never has a lower number."""

    async def changed(self) -> bool:
        """Whether anything may have been committed since the last call; False is certain, True is cheap to check."""

    async def organizations(self) -> list[OrganizationRecord]:
        """All organizations."""

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        """A page of applications."""

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        """The application with this client id or, failing that, this name."""

    async def secrets(self, client_id: str) -> list[CredentialRecord]:
        """The secrets of an application, oldest first, ended ones included."""
