"""What a statement that writes is."""

from typing import NamedTuple


class Statement(NamedTuple):
    """A write. When `fact` is given, exactly one row must be touched; otherwise that fact did not hold."""

    sql: str
    fact: str = ""
