"""An operator's operations from another process than the server's, on the same data folder."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from tessera import wiring
from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.demo import demo
from tessera.app.organizations import organizations
from tests.support.settings import settings_of

T = TypeVar("T")


def do(folder: Path, operation: Callable[[Context], Awaitable[T]]) -> T:
    """Have one operation done in a context that is opened for it."""

    async def done() -> T:
        async with wiring.open_context(settings_of(folder)) as context:
            return await operation(context)

    return asyncio.run(done())


async def partner(context: Context, name: str, **options: Any) -> Issued:
    """A new application of the demonstration's organization."""
    organization = await organizations.find(context, demo.ORGANIZATION)
    return await applications.create(context, name, organization.number, **options)


def make_partner(folder: Path, name: str, **options: Any) -> Issued:
    """A new application of the demonstration's organization, made by another process than the server."""
    return do(folder, lambda context: partner(context, name, **options))
