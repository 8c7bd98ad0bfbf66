"""A reader made of plain values, which can be held up in the middle of a read."""

import asyncio

import msgspec

from tessera.core.changes import Notice
from tessera.core.clients.applications import Application, ApplicationRecord, CredentialRecord, QueryCredentials, held
from tessera.core.clients.expiry_warnings import Ending
from tessera.core.clients.properties import Property, PropertyRecord
from tessera.core.keys.sealing import KEY_BYTES
from tessera.core.keys.wrapping import PEPPER_BYTES, KeyPurpose, MasterKey, WrappedKey
from tessera.core.loyalty.program import Program
from tessera.core.organizations import OrganizationRecord
from tessera.core.tokens.resource_servers import AccessRecord, Resource, ResourceRecord
from tessera.ports import Unknown

MASTER = MasterKey("0f" * 32)


def application(client_id: str, number: int, *, enabled: bool = True) -> Application:
    """An application without secrets."""
    return Application(number, client_id, 1, enabled, ("openid",), 60, QueryCredentials.ALLOW, 0, *held(()))


def wrapped(purpose: KeyPurpose, number: int, length: int) -> WrappedKey:
    """A key of zeros, wrapped by the master key."""
    return WrappedKey(purpose, number, MASTER.wrap(purpose, number, bytes(length)), 0, 0, None)


class SlowReader:
    """`ports.DirectoryReader` over values that tests set. `reads` names each read that was made.

    While `held` is set, a read has its rows and does not answer yet. What the directory never asks for raises.
    """

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.held: asyncio.Event | None = None
        self.rows: dict[str, Application] = {}
        self.properties_held: dict[str, Property] = {}
        self.programs_held: dict[int, Program] = {}
        self.revoked: list[tuple[int, int]] = []
        self.purged_until = 0
        self.resources_held: list[Resource] = []
        self.feed: list[Notice] = []
        self.wrapped = [wrapped(KeyPurpose.PEPPER, 1, PEPPER_BYTES), wrapped(KeyPurpose.SEALING, 1, KEY_BYTES)]

    async def _answer(self, read: str) -> None:
        self.reads.append(read)
        if self.held is not None:
            await self.held.wait()

    async def application(self, client_id: str) -> Application | None:
        found = self.rows.get(client_id)
        await self._answer(f"application {client_id}")
        return found

    async def application_numbered(self, number: int) -> Application | None:
        found = next((each for each in self.rows.values() if each.number == number), None)
        await self._answer(f"application {number}")
        return found

    async def property_with_key(self, api_key: str) -> Property | None:
        found = self.properties_held.get(api_key)
        await self._answer(f"property {api_key}")
        return found

    async def program(self, organization: int) -> Program | None:
        found = self.programs_held.get(organization)
        await self._answer(f"program {organization}")
        return found

    async def keys(self) -> list[WrappedKey]:
        await self._answer("keys")
        return list(self.wrapped)

    async def revocations(self, after: int = -1, limit: int = 10_000) -> list[tuple[int, int]]:
        found = [each for each in sorted(self.revoked) if each[0] > after]
        await self._answer("revocations")
        return found[:limit]

    async def revocations_purged_until(self) -> int:
        return self.purged_until

    async def resources(self) -> list[Resource]:
        await self._answer("resources")
        return list(self.resources_held)

    async def resource_records(self) -> list[ResourceRecord]:
        raise Unknown("the directory holds no lists")

    async def access(self, client_id: str | None) -> list[AccessRecord]:
        raise Unknown("the directory holds no lists")

    async def last_sequence(self) -> int:
        return self.feed[-1].sequence if self.feed else 0

    async def notices_after(self, sequence: int) -> list[Notice]:
        return [notice for notice in self.feed if notice.sequence > sequence]

    async def changed(self) -> bool:
        return True

    async def organizations(self) -> list[OrganizationRecord]:
        raise Unknown("the directory holds no lists")

    async def properties(self) -> list[PropertyRecord]:
        raise Unknown("the directory holds no lists")

    async def property_secrets(self, api_key: str) -> list[CredentialRecord]:
        raise Unknown("the directory holds no lists")

    async def property_endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        raise Unknown("the directory holds no lists")

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        raise Unknown("the directory holds no lists")

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        raise Unknown("the directory holds no lists")

    async def secrets(self, client_id: str) -> list[CredentialRecord]:
        raise Unknown("the directory holds no lists")

    def disable(self, client_id: str) -> None:
        """Change a row, as another process would."""
        self.rows[client_id] = msgspec.structs.replace(self.rows[client_id], enabled=False)
