"""A SQLite file in which much was inserted and deleted at random, and what is left in it of the deleted."""

import random
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tessera.store import sqlite
from tessera.store.erasure.images import Images

MARK = rb"Zqx7-[0-9a-f]{18}"

TABLES = (
    "create table person (number integer primary key autoincrement, name text unique, notes text) strict",
    "create table word (person integer, name text, primary key (name, person)) strict, without rowid",
)


class Workload:
    """A file, a connection that writes to it as a server does, and every name that was ever deleted."""

    def __init__(self, path: Path, seed: int, *, page_size: int = 4096, auto_vacuum: str = "none") -> None:
        if not path.exists():
            with closing(sqlite3.connect(path)) as made:
                for setting in (f"page_size = {page_size}", f"auto_vacuum = {auto_vacuum}", "journal_mode = wal"):
                    made.execute(f"pragma {setting}")
                for table in TABLES:
                    made.execute(table)
        self.path = path
        self.connection = sqlite.connect(path, writes=True)
        self.deleted: set[bytes] = set()
        self._random = random.Random(seed)
        self._live: list[str] = []

    @classmethod
    def reopened(cls, path: Path) -> "Workload":
        """The file once more, read anew."""
        return cls(path, 0)

    def insert(self, count: int, lengths: Sequence[int] = (0, 1, 1, 5, 400)) -> None:
        """Insert people, with notes of these lengths, some of them long, in one transaction."""
        self.connection.execute("begin immediate")
        for _ in range(count):
            name = f"Zqx7-{self._random.getrandbits(72):018x}"
            notes = name * self._random.choice(lengths)
            number = self.connection.execute("insert into person (name, notes) values (?, ?)", (name, notes)).lastrowid
            self.connection.execute("insert into word values (?, ?)", (number, name))
            self._live.append(name)
        self.connection.execute("commit")

    def delete(self, count: int) -> None:
        """Delete some of them, in one transaction."""
        self.connection.execute("begin immediate")
        for _ in range(min(count, len(self._live))):
            place = self._random.randrange(len(self._live))
            self._live[place], self._live[-1] = self._live[-1], self._live[place]
            name = self._live.pop()
            self.connection.execute("delete from person where name = ?", (name,))
            self.connection.execute("delete from word where name = ?", (name,))
            self.deleted.add(name.encode())
        self.connection.execute("commit")

    def rows(self) -> list[tuple[object, ...]]:
        """Every row."""
        return [
            *self.connection.execute("select * from person order by number").fetchall(),
            *self.connection.execute("select * from word order by name").fetchall(),
        ]

    def left(self) -> set[bytes]:
        """The deleted names in the bytes of the file and those beside it."""
        found: set[bytes] = set()
        for file in self.path.parent.iterdir():
            found.update(re.findall(MARK, file.read_bytes()))
        return found & self.deleted

    def leftover_pages(self) -> int:
        """How many pages of the file hold anything in unused bytes. The log must be empty."""
        with closing(Images(self.path)) as images:
            last = self.path.stat().st_size // images.page_size
            return sum(bool(images.format.residue(page, images.read(page))) for page in range(2, last + 1))

    def is_intact(self) -> bool:
        """Whether SQLite finds nothing wrong."""
        return bool(self.connection.execute("pragma integrity_check").fetchone() == ("ok",))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
