"""Digital properties and their secrets from their rows."""

from tessera.core.clients.applications import FOREVER
from tessera.core.clients.properties import Property, PropertyRecord, Secret
from tessera.store.sql.properties import PropertyRow, RecordRow


def digital_property(rows: list[PropertyRow]) -> Property | None:
    """A digital property from its row, repeated for each of its secrets."""
    if not rows:
        return None
    first = rows[0]
    secrets = [
        Secret(row.secret, row.digest, FOREVER if row.ends_at is None else row.ends_at)
        for row in rows
        if row.secret is not None
    ]
    return Property(
        number=first.number,
        api_key=first.api_key,
        organization=first.organization,
        enabled=first.enabled == 1,
        secrets=tuple(secrets),
        limits=first.limits,
    )


def property_record(row: RecordRow) -> PropertyRecord:
    """The operator's view of a digital property."""
    return PropertyRecord(
        number=row.number,
        name=row.name,
        organization=row.organization,
        api_key=row.api_key,
        enabled=row.enabled == 1,
        limits=row.limits,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )
