"""Organizations, keys and notices from their rows."""

from tessera.core.changes import Notice, NoticeKind
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.organizations import OrganizationRecord
from tessera.store.sql.identity import KeyRow, NoticeRow, OrganizationRow


def organization_record(row: OrganizationRow) -> OrganizationRecord:
    """The operator's view of an organization."""
    return OrganizationRecord(
        number=row.number,
        name=row.name,
        retailer_id=row.retailer_id,
        created_at=row.created_at,
        enabled=row.enabled == 1,
    )


def wrapped_key(row: KeyRow) -> WrappedKey:
    """A key as the database holds it."""
    return WrappedKey(
        purpose=KeyPurpose(row.purpose),
        number=row.number,
        wrapped=row.wrapped,
        created_at=row.created_at,
        signs_from=row.signs_from,
        verifies_until=row.verifies_until,
    )


def notice(row: NoticeRow) -> Notice:
    """An entry of the change feed."""
    return Notice(row.sequence, NoticeKind(row.kind), row.key)
