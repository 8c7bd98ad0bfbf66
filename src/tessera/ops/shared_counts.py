"""`ports.SharedCounts` in a file of the data folder that all processes have mapped into their memory.

    words of 8 bytes, in the machine's order
    0 ...         failures: 16,384 sets of four entries (key, moment), 1 MiB
    131,072 ...   successes: 4,096 sets of four entries (key, moment of the last one), 256 KiB
    163,840 ...   applications by number, four words each:
                  when the next request is due (ns), tokens of an hour, of a day, would-be refusals of a day

A word is read and written whole, and nothing is locked: of two processes that change the same one at the same instant
one is lost (decision 12). Whatever stands in the file, also nonsense, is put right within the time of its limit.
"""

import mmap
import os
from pathlib import Path

from tessera import files
from tessera.core.clients.rates import COUNT_MAX, SECOND_NS, counted, next_slot, one_more
from tessera.core.times import DAY, HOUR
from tessera.ops.log import log
from tessera.ports import NodeCount, Unusable

SETS = 16_384
WAYS = 4
SUCCESSES_BEGIN = SETS * WAYS * 2
SUCCESS_SETS = 4_096
CELLS_BEGIN = SUCCESSES_BEGIN + SUCCESS_SETS * WAYS * 2
CELL_WORDS = 4
ROOM = 2048
"""Applications by which the file grows, 64 KiB."""


class MappedCounts:
    """The counts in this file. It is made, and mapped, when something is counted for the first time.

    When it cannot be (the disk is full), this process counts for itself alone, and says so in the log.
    """

    __slots__ = ("_alone", "_path", "_words")

    cell_words = CELL_WORDS

    def __init__(self, path: Path) -> None:
        self._path = path
        self._words = memoryview(b"").cast("Q")
        self._alone = False

    @property
    def node(self) -> int:
        return 0

    def request(self, application: int, per_second: int, now: int) -> int:
        place = self._cell(application)
        interval = SECOND_NS // per_second
        now *= 1000
        due, wait = next_slot(self._words[place], interval, SECOND_NS, now)
        self._words[place] = due
        return -wait // 1000 if wait else (SECOND_NS + now - due) // interval

    def tokens(self, application: int, now: int) -> tuple[int, int]:
        place = self._cell(application)
        words = self._words
        return counted(words[place + 1], now // HOUR), counted(words[place + 2], now // DAY)

    def token(self, application: int, now: int, hour_max: int = COUNT_MAX, day_max: int = COUNT_MAX) -> tuple[int, int]:
        place = self._cell(application)
        words, hour, day = self._words, now // HOUR, now // DAY
        of_hour, of_day = words[place + 1], words[place + 2]
        in_hour, in_day = counted(of_hour, hour), counted(of_day, day)
        if in_hour < hour_max and in_day < day_max:
            words[place + 1] = one_more(of_hour, hour)
            words[place + 2] = one_more(of_day, day)
        return in_hour, in_day

    def would_refuse(self, application: int, now: int) -> None:
        place = self._cell(application) + 3
        self._words[place] = one_more(self._words[place], now // DAY)

    def own(self, application: int, now: int) -> NodeCount:
        place = self._cell(application)
        words, day = self._words, now // DAY
        return NodeCount(
            counted(words[place + 1], now // HOUR), counted(words[place + 2], day), counted(words[place + 3], day)
        )

    def failure(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        tag, place = self._entry(key)
        words = self._words
        due = words[place + 1] if words[place] == tag else 0
        due, wait = next_slot(due, interval, interval * at_once, now)
        words[place], words[place + 1] = tag, due
        return wait

    def failing(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        tag, place = self._entry(key)
        due = self._words[place + 1] if self._words[place] == tag else 0
        return next_slot(due, interval, interval * at_once, now)[1]

    def succeeded(self, key: bytes, now: int) -> None:
        tag, place = self._entry(key, SUCCESSES_BEGIN, SUCCESS_SETS)
        self._words[place], self._words[place + 1] = tag, now

    def has_succeeded(self, key: bytes, within: int, now: int) -> bool:
        tag, place = self._entry(key, SUCCESSES_BEGIN, SUCCESS_SETS)
        return self._words[place] == tag and abs(now - self._words[place + 1]) < within

    def _entry(self, key: bytes, begin: int = 0, sets: int = SETS) -> tuple[int, int]:
        """The tag of a key, and the place of its entry in a table: its own, or the one of its set with the least."""
        if not self._words:
            self._make_room(0)
        words, tag = self._words, int.from_bytes(key[:8]) | 1
        first = begin + int.from_bytes(key[8:12]) % sets * WAYS * 2
        places = range(first, first + WAYS * 2, 2)
        for place in places:
            if words[place] == tag:
                return tag, place
        return tag, min(places, key=lambda place: words[place + 1])

    def _cell(self, application: int) -> int:
        place = CELLS_BEGIN + application * self.cell_words
        if place >= len(self._words):
            self._make_room(application)
        return place

    def _make_room(self, application: int) -> None:
        """Map as much as this application needs. The space is taken from the disk now, so that no write fails later."""
        size = (CELLS_BEGIN + (application // ROOM + 1) * ROOM * self.cell_words) * 8
        if not self._alone:
            try:
                self._words = self._mapped(size)
            except (OSError, Unusable) as error:
                self._alone = True
                log.error("counts_not_shared", file=str(self._path), reason=str(error))
            else:
                return
        own = memoryview(mmap.mmap(-1, size)).cast("Q")
        own[: len(self._words)] = self._words
        self._words = own

    def _mapped(self, size: int) -> "memoryview[int]":
        file = files.open_shared(self._path)
        try:
            os.posix_fallocate(file, 0, size)  # never makes it smaller, and leaves alone what is in it
            return memoryview(mmap.mmap(file, size)).cast("Q")
        finally:
            os.close(file)
