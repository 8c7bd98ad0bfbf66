"""Reading organizations, applications, secrets, keys, revocations and the change feed."""

from tessera.core.changes import Notice
from tessera.core.clients.applications import Application, ApplicationRecord, CredentialKind, CredentialRecord
from tessera.core.keys.wrapping import WrappedKey
from tessera.core.organizations import OrganizationRecord
from tessera.store.driver import Fetching
from tessera.store.rows import applications
from tessera.store.rows import identity as rows
from tessera.store.sql import applications as sql
from tessera.store.sql import identity, purges


class IdentityReads(Fetching):
    """Implements `tessera.ports.IdentityReader`."""

    async def application(self, client_id: str) -> Application | None:
        return applications.application(await self._rows(sql.APPLICATION, {"client_id": client_id}))

    async def application_numbered(self, number: int) -> Application | None:
        return applications.application(await self._rows(sql.APPLICATION_NUMBERED, {"number": number}))

    async def keys(self) -> list[WrappedKey]:
        return [rows.wrapped_key(row) for row in await self._rows(identity.KEYS, {})]

    async def revocations(self, after: int = -1, limit: int = 10_000) -> list[tuple[int, int]]:
        found = await self._rows(identity.REVOCATIONS, {"after": after, "limit": limit})
        return [(row.token_id, row.expires_at) for row in found]

    async def revocations_purged_until(self) -> int:
        found: int | None = await self._value(purges.REVOCATIONS_PURGED, {})
        return found or 0

    async def last_sequence(self) -> int:
        return int(await self._value(identity.LAST_SEQUENCE, {}))

    async def notices_after(self, sequence: int) -> list[Notice]:
        found = await self._rows(identity.NOTICES_AFTER, {"sequence": sequence})
        return [rows.notice(row) for row in found]

    async def organizations(self) -> list[OrganizationRecord]:
        return [rows.organization_record(row) for row in await self._rows(identity.ORGANIZATIONS, {})]

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        found = await self._rows(sql.APPLICATIONS, {"after": after, "limit": limit})
        return [applications.application_record(row) for row in found]

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        for select in (sql.APPLICATION_BY_CLIENT_ID, sql.APPLICATION_BY_NAME):
            found = await self._first(select, {"name": name_or_client_id})
            if found is not None:
                return applications.application_record(found)
        return None

    async def secrets(self, client_id: str) -> list[CredentialRecord]:
        asked = {"client_id": client_id, "jwks_uri": CredentialKind.JWKS_URI, "tls_subject": CredentialKind.TLS_SUBJECT}
        return [applications.credential_record(row) for row in await self._rows(sql.SECRETS, asked)]
