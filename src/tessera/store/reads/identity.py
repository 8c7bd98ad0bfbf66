"""Reading organizations, applications, secrets, keys, revocations and the change feed."""

from tessera.core.changes import Notice, NoticeKind
from tessera.core.clients.applications import Application, ApplicationRecord, CredentialKind, CredentialRecord
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.organizations import OrganizationRecord
from tessera.store import rows
from tessera.store.driver import Fetching
from tessera.store.sql import identity as sql
from tessera.store.sql import purges


class IdentityReads(Fetching):
    """Implements `tessera.ports.IdentityReader`."""

    async def application(self, client_id: str) -> Application | None:
        return rows.application(await self._fetch(sql.APPLICATION, {"client_id": client_id}))

    async def application_numbered(self, number: int) -> Application | None:
        return rows.application(await self._fetch(sql.APPLICATION_NUMBERED, {"number": number}))

    async def keys(self) -> list[WrappedKey]:
        return [WrappedKey(KeyPurpose(row[0]), *row[1:]) for row in await self._fetch(sql.KEYS, {})]

    async def revocations(self, after: int = -1, limit: int = 10_000) -> list[tuple[int, int]]:
        found = await self._fetch(sql.REVOCATIONS, {"after": after, "limit": limit})
        return [(row[0], row[1]) for row in found]

    async def revocations_purged_until(self) -> int:
        found: int | None = (await self._fetch(purges.REVOCATIONS_PURGED, {}))[0][0]
        return found or 0

    async def last_sequence(self) -> int:
        return int((await self._fetch(sql.LAST_SEQUENCE, {}))[0][0])

    async def notices_after(self, sequence: int) -> list[Notice]:
        found = await self._fetch(sql.NOTICES_AFTER, {"sequence": sequence})
        return [Notice(row[0], NoticeKind(row[1]), row[2]) for row in found]

    async def organizations(self) -> list[OrganizationRecord]:
        return [rows.organization_record(row) for row in await self._fetch(sql.ORGANIZATIONS, {})]

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        found = await self._fetch(sql.APPLICATIONS, {"after": after, "limit": limit})
        return [rows.application_record(row) for row in found]

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        for statement in (sql.APPLICATION_BY_CLIENT_ID, sql.APPLICATION_BY_NAME):
            found = await self._fetch(statement, {"name": name_or_client_id})
            if found:
                return rows.application_record(found[0])
        return None

    async def secrets(self, client_id: str) -> list[CredentialRecord]:
        asked = {"client_id": client_id, "jwks_uri": CredentialKind.JWKS_URI, "tls_subject": CredentialKind.TLS_SUBJECT}
        return [rows.credential_record(row) for row in await self._fetch(sql.SECRETS, asked)]
