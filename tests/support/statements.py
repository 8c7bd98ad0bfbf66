"""The statements that read, as the topics of `store/sql/` have them."""

from tessera.store import sql
from tessera.store.sql.statement import Select


def reads(topic: str) -> dict[str, str]:
    """The SQL of every read of a topic by its name, whether it returns one column or more."""
    return {
        name: each.sql if isinstance(each, Select) else each
        for name, each in vars(getattr(sql, topic)).items()
        if name.isupper() and not name.startswith("_") and isinstance(each, str | Select)
    }
