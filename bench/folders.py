"""The data folders that are measured: the demonstration, and beside it as many applications as wanted."""

import asyncio
from pathlib import Path

import msgspec

from bench.processes import BenchError
from tessera import bootstrap, wiring
from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.app.demo import demo
from tessera.core import scopes
from tessera.core.changes import AddApplication, AddCredential, Change
from tessera.core.clients.applications import GENERATED_LENGTH, CredentialKind, QueryCredentials, secret_digest
from tessera.settings import Settings, load

COMMIT_APPLICATIONS = 1000
"""Applications of one commit: big ones make a hundred thousand in seconds."""


class Caller(msgspec.Struct, frozen=True):
    """A client id and its secret."""

    client_id: str
    client_secret: str


class Folder(msgspec.Struct, frozen=True):
    """A data folder, who may call, and what there is to read; `database` is a URL where it is not in the folder."""

    path: Path
    callers: list[Caller]
    api_key: str
    retailer_id: str
    customer_ids: list[str]
    database: str | None = None

    @property
    def settings(self) -> Settings:
        """The settings of a server on it."""
        return load(data_dir=self.path, database=self.database)


def make(path: Path, callers: int, database: str | None = None) -> Folder:
    """Make a folder with the demonstration and this many applications in its organization."""
    settings = load(data_dir=path, database=database)
    bootstrap.set_up(settings)

    async def fill() -> Folder:
        async with wiring.open_context(settings) as context:
            shown = await demo.create(context)
            made = [Caller(shown.client_id, shown.client_secret), *await _applications(context, callers - 1)]
            return Folder(path, made, shown.api_key, shown.retailer_id, await _customer_ids(context), database)

    return asyncio.run(fill())


async def _organization(context: Context) -> int:
    return (await context.store.organizations())[0].number


async def _customer_ids(context: Context) -> list[str]:
    organization = await _organization(context)
    found = []
    for index in range(1, demo.CUSTOMERS + 1):
        customer = await context.store.customer_with_external_id(organization, f"card-{index:06d}")
        if customer is None:
            raise BenchError(f"The demonstration has no customer card-{index:06d}.")
        found.append(customer.id)
    return found


async def _applications(context: Context, count: int) -> list[Caller]:
    organization = await _organization(context)
    callers, commits = [], []
    for first in range(0, count, COMMIT_APPLICATIONS):
        changes: list[Change] = []
        for index in range(first, min(first + COMMIT_APPLICATIONS, count)):
            caller = Caller(_random(context), _random(context))
            callers.append(caller)
            changes += _application(context, organization, f"Partner {index:06d}", caller)
        commits.append(context.store.commit(*changes))
    await asyncio.gather(*commits)
    return callers


def _random(context: Context) -> str:
    return context.entropy.random_bytes(GENERATED_LENGTH // 2).hex()


def _application(context: Context, organization: int, name: str, caller: Caller) -> list[Change]:
    """An application with one secret, as the operator's operation makes it."""
    now = context.clock.now()
    digest = secret_digest(context.directory.pepper, caller.client_secret)
    return [
        AddApplication(
            caller.client_id,
            name,
            organization,
            scopes.EVERYTHING,
            applications.DEFAULT_LIFETIME_SECONDS,
            int(QueryCredentials.ALLOW),
            now,
        ),
        AddCredential(
            caller.client_id, "first", int(CredentialKind.KEYED), digest, caller.client_secret[-4:], now, None
        ),
    ]
