"""A primary and its synchronous standby with a database of the current schema, each by a name of its own."""

from tessera.store.postgres.address import address
from tessera.store.postgres.schema import migrate
from tests.support import standby

DATABASE = "t0"


class Pair(standby.Pair):
    """`first` begins as the primary, `second` as its standby; they keep these names when the standby is promoted."""

    def __init__(self) -> None:
        super().__init__()
        assert self.standby is not None
        self.first, self.second = self.primary, self.standby
        self.first.execute(f"create database {DATABASE} owner tessera")
        migrate(address(self.first.url(DATABASE)))
