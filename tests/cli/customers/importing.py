"""Bringing customers in from a file, and what is stored of them then."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tessera import wiring
from tessera.settings import load
from tests.cli.command import Done, folder_with_organization, run

COUNTS = ("created", "updated", "unchanged", "refused")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one organization."""
    return folder_with_organization(tmp_path)


def bring_in(folder: Path, content: str | bytes, ending: str = "csv", *flags: str) -> Done:
    """Import a file with this content."""
    file = folder.parent / f"customers.{ending}"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run("customers", "import", file, *flags, "--json", "--data-dir", folder)


def counted(done: Done) -> tuple[int, ...]:
    """How many rows were created, updated, unchanged, refused."""
    return tuple(done.document[name] for name in COUNTS)


def faults(done: Done) -> dict[int, dict[str | None, str]]:
    """What is wrong with each refused row, by its line: the reason by the column."""
    return {
        each["line"]: {fault["column"]: fault["reason"] for fault in each["faults"]}
        for each in done.document["refusals"]
    }


def profile(folder: Path, external_id: str) -> dict[str, Any]:
    """The stored profile of a customer, its number and its identifiers."""

    async def read() -> dict[str, Any]:
        async with wiring.open_context(load(data_dir=folder)) as context:
            found = await context.store.customer_with_external_id(1, external_id)
            assert found is not None
            own = None if found.user_profile is None else json.loads(found.user_profile)
            return {
                **json.loads(found.profile), "id": found.id, "identifiers": found.identifiers, "user_profile": own
            }  # fmt: skip

    return asyncio.run(read())
