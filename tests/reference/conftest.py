"""The routes that are served, and the document made from them."""

import asyncio
from typing import Any

import pytest

from tessera import wiring
from tessera.web.reference.document import document
from tessera.web.routes import Route
from tests.support.settings import settings_for


@pytest.fixture(scope="session")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    """Every route that is served."""
    settings = settings_for(tmp_path_factory.mktemp("routes") / "data")

    async def collect() -> list[Route]:
        async with wiring.open_context(settings) as context:
            return wiring.routes(context)

    return asyncio.run(collect())


@pytest.fixture(scope="session")
def made(routes: list[Route]) -> dict[str, Any]:
    """The document of these routes."""
    return document(routes)
