"""The store of `ports.py`, over any driver."""

from collections.abc import Sequence

from tessera.core.applications import Application, ApplicationRecord, SecretRecord
from tessera.core.changes import Change, Notice, NoticeKind
from tessera.core.customers import Customer
from tessera.core.keys import KeyPurpose, WrappedKey
from tessera.core.loyalty.program import Program
from tessera.core.organizations import OrganizationRecord, Property, PropertyRecord
from tessera.ports import Entry
from tessera.store import rows, sql
from tessera.store.driver import Driver


class SQLStore:
    """Implements `tessera.ports.Store`, whose docstrings are the contract."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._fetch = driver.fetch

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        return await self._driver.commit(changes)

    async def close(self) -> None:
        await self._driver.close()

    async def changed(self) -> bool:
        return await self._driver.changed()

    async def application(self, client_id: str) -> Application | None:
        return rows.application(await self._fetch(sql.APPLICATION, {"client_id": client_id}))

    async def application_numbered(self, number: int) -> Application | None:
        return rows.application(await self._fetch(sql.APPLICATION_NUMBERED, {"number": number}))

    async def property_with_key(self, api_key: str) -> Property | None:
        found = await self._fetch(sql.PROPERTY, {"api_key": api_key})
        return Property(*found[0]) if found else None

    async def program(self, organization: int) -> Program | None:
        key = {"organization": organization}
        found = await self._fetch(sql.PROGRAM, key)
        if not found:
            return None
        accounts = await self._fetch(sql.PROGRAM_ACCOUNTS, key)
        levels = await self._fetch(sql.PROGRAM_LEVELS, key)
        return rows.program(organization, found[0][1], accounts, levels)

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        found = await self._fetch(sql.CUSTOMER, {"organization": organization, "id": customer_id})
        return Customer(*found[0]) if found else None

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        key = {"organization": organization, "external_id": external_id}
        found = await self._fetch(sql.CUSTOMER_EXTERNAL, key)
        return Customer(*found[0]) if found else None

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        key = {"organization": organization, "folded_email": folded_email}
        found = await self._fetch(sql.CUSTOMER_ID_WITH_EMAIL, key)
        return str(found[0][0]) if found else None

    async def entry(self, customer: int, idempotency_id: str) -> Entry | None:
        found = await self._fetch(sql.ENTRY, {"customer": customer, "idempotency_id": idempotency_id})
        return Entry(*found[0]) if found else None

    async def keys(self) -> list[WrappedKey]:
        return [WrappedKey(KeyPurpose(row[0]), *row[1:]) for row in await self._fetch(sql.KEYS, {})]

    async def revocations(self, now: int) -> list[tuple[int, int]]:
        return [(row[0], row[1]) for row in await self._fetch(sql.REVOCATIONS, {"now": now})]

    async def last_sequence(self) -> int:
        return int((await self._fetch(sql.LAST_SEQUENCE, {}))[0][0])

    async def notices_after(self, sequence: int) -> list[Notice]:
        found = await self._fetch(sql.NOTICES_AFTER, {"sequence": sequence})
        return [Notice(row[0], NoticeKind(row[1]), row[2]) for row in found]

    async def organizations(self) -> list[OrganizationRecord]:
        return [OrganizationRecord(*row) for row in await self._fetch(sql.ORGANIZATIONS, {})]

    async def properties(self) -> list[PropertyRecord]:
        return [PropertyRecord(*row) for row in await self._fetch(sql.PROPERTIES, {})]

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        found = await self._fetch(sql.APPLICATIONS, {"after": after, "limit": limit})
        return [rows.application_record(row) for row in found]

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        for statement in (sql.APPLICATION_BY_CLIENT_ID, sql.APPLICATION_BY_NAME):
            found = await self._fetch(statement, {"name": name_or_client_id})
            if found:
                return rows.application_record(found[0])
        return None

    async def secrets(self, client_id: str) -> list[SecretRecord]:
        return [rows.secret_record(row) for row in await self._fetch(sql.SECRETS, {"client_id": client_id})]
