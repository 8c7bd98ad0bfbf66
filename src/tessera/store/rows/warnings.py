"""What is warned of, from its rows."""

from tessera.core.clients.applications import CredentialKind
from tessera.core.clients.expiry_warnings import Ending, Owner, WastefulClient
from tessera.store.sql.rotation import EndingRow
from tessera.store.sql.usage import GreedyRow

_KINDS = tuple(CredentialKind)


def ending(row: EndingRow) -> Ending:
    """A credential with an end, and whose it is."""
    return _ending(row, _owner(row))


def property_ending(row: EndingRow) -> Ending:
    """A secret with an end, and of which digital property it is."""
    return _ending(row, _owner(row, is_property=True))


def wasteful_clients(row: GreedyRow) -> WastefulClient:
    """An application that got far more tokens than it made calls."""
    return WastefulClient(_owner(row), number=row.number, hour=row.hour, tokens=row.tokens, calls=row.calls)


def _owner(row: EndingRow | GreedyRow, *, is_property: bool = False) -> Owner:
    return Owner(
        client_id=row.client_id,
        application=row.application,
        organization=row.organization,
        organization_name=row.organization_name,
        retailer_id=row.retailer_id,
        is_property=is_property,
    )


def _ending(row: EndingRow, owner: Owner) -> Ending:
    return Ending(
        owner,
        number=row.number,
        name=row.name,
        kind=_KINDS[row.kind].name.lower(),
        ends_at=row.ends_at,
        application_until=row.application_until,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        newer_used_at=row.newer_used_at,
    )
