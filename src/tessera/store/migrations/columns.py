"""The columns that revisions make tables of: types that every engine holds to."""

import sqlalchemy as sa
from alembic import op

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def table(name: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows are numbered, never with a number twice."""
    op.create_table(name, *columns, sqlite_strict=True, sqlite_autoincrement=True)


def keyed_table(name: str, *columns: sa.schema.SchemaItem) -> None:
    """A table that lies in the order of its own primary key."""
    op.create_table(name, *columns, sqlite_strict=True, sqlite_with_rowid=False)


def number() -> sa.Column[int]:
    """The number of a row, handed out by the database."""
    return sa.Column("number", BIG, sa.Identity(), primary_key=True, autoincrement=True)


def integer(name: str, *, null: bool = False) -> sa.Column[int]:
    """A 64-bit integer."""
    return sa.Column(name, BIG, nullable=null)


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """A text."""
    return sa.Column(name, sa.Text(), nullable=null)


def refers(name: str, target: str) -> sa.Column[int]:
    """The number of a row of another table."""
    return sa.Column(name, BIG, sa.ForeignKey(f"{target}.number"), nullable=False)
