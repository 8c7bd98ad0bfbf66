"""A world to play transcripts in: the demonstration, applications in every state, and another organization."""

import json
from pathlib import Path
from typing import Any

from tessera.app.clients import applications, properties
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.core.changes import AddPointAccount
from tessera.core.clients.applications import QueryCredentials
from tessera.core.loyalty.points import SPEND
from tests.support import operator_session


def furnish(folder: Path) -> dict[str, str]:
    """Add to a demonstration what the transcripts name; the values they may use."""
    values: dict[str, str] = json.loads((folder / "demo.json").read_text())
    values.update(operator_session.do(folder, _furnish))
    program = operator_session.do(folder, lambda context: context.directory.programs.get(1))
    assert program is not None
    values |= {
        "beans": program.accounts[0].id,
        "status_points": program.accounts[1].id,
        "charity": program.accounts[2].id,
        "tier_system": program.systems[0].id,
        "till": program.sources[0].id,
        **{f"level_{level.rank}": level.id for level in program.systems[0].levels},
        "nowhere": "00000000-0000-4000-8000-000000000000",
        "unknown_key": "0" * 40,
        "unknown_client": "0" * 64,
        "wrong_secret": "f" * 64,
    }
    return values


async def _furnish(context: Context) -> dict[str, str]:
    values: dict[str, str] = {}
    await _partner(context, values, "reader", scope="profiles:read")
    await _partner(context, values, "accountant", scope="loyalty:read loyalty:write")
    await _partner(context, values, "careful", options=ApplicationChanges(query_credentials=QueryCredentials.DENY))
    await _partner(context, values, "warned", options=ApplicationChanges(query_credentials=QueryCredentials.WARN))
    await _partner(context, values, "hurried", token_lifetime_seconds=60)
    await _partner(context, values, "stopped")
    await _partner(context, values, "moved", client_id="old partner+1%:", client_secret="a b+c%:/=&?~")
    await applications.disable(context, values["stopped_id"])
    other = await organizations.create(context, "Other Bakery")
    shop = await properties.create(context, other, "Web shop")
    theirs = await applications.create(context, "their partner", other.number)
    admin = await applications.create(context, "their admin", other.number, scope="loyalty:read loyalty:admin")
    account = context.new_uuid()
    await context.commit(AddPointAccount(other.number, account, "Crumbs", SPEND))
    assert theirs.client_secret is not None
    assert admin.client_secret is not None
    return values | {
        "their_admin_id": admin.client_id,
        "their_admin_secret": admin.client_secret,
        "their_id": theirs.client_id,
        "their_secret": theirs.client_secret,
        "their_api_key": shop.api_key,
        "their_property_secret": shop.property_secret,
        "their_account": account,
        "their_retailer_id": other.retailer_id,
    }


async def _partner(context: Context, values: dict[str, str], name: str, **options: Any) -> None:
    made = await operator_session.partner(context, name, **options)
    values[f"{name}_id"] = made.client_id
    values[f"{name}_secret"] = made.client_secret or str(options["client_secret"])
