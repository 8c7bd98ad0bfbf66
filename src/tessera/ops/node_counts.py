"""`ports.NodeCounts`: the mapped counts of a node that others stand beside, with what is heard of those.

    a cell, of nine words
    0 ... 3       as in `shared_counts`: when the next request is due, tokens of an hour, of a day, would-be refusals
    4, 5          requests of this second, and of the last one in which there were any before
    6, 7          tokens of other nodes in an hour, in a day
    8             requests of other nodes in a second, with the second in which that was heard

The first word of the cell of application 0, which there is not, is the node's number: it lies and is lost together with
what was counted under it.
"""

from pathlib import Path

from tessera.core.clients.rates import COUNT_BITS, COUNT_MAX, SECOND_NS, counted, next_slot, share
from tessera.core.times import DAY, HOUR, SECOND
from tessera.ops.shared_counts import MappedCounts
from tessera.ports import NodeCount

RECEIVED_SECONDS = 10
"""How long the pace of others counts after it was heard: when nothing is heard any more, this node paces alone."""

NODE_MAX = 2**63 - 1


class NodeCounts(MappedCounts):
    """As `MappedCounts`, for one node of several. `new_node` is its number where the file has none yet."""

    __slots__ = ("_new_node", "_touched")

    cell_words = 9

    def __init__(self, path: Path, new_node: int) -> None:
        super().__init__(path)
        self._new_node = new_node
        self._touched: dict[int, None] = {}

    @property
    def node(self) -> int:
        place = self._cell(0)
        if not self._words[place]:
            self._words[place] = self._new_node
        return self._words[place] & NODE_MAX

    def request(self, application: int, per_second: int, now: int) -> int:
        self._touched[application] = None
        place = self._cell(application)
        words, second = self._words, now // SECOND
        asked = words[place + 4]
        if asked >> COUNT_BITS == second:
            words[place + 4] = asked + 1
        else:
            words[place + 5] = asked
            words[place + 4] = second << COUNT_BITS | 1
        interval = SECOND_NS // per_second
        burst = SECOND_NS
        heard = words[place + 8]
        others = heard & COUNT_MAX
        if others and 0 <= second - (heard >> COUNT_BITS) <= RECEIVED_SECONDS:
            interval = share(per_second, counted(words[place + 5], second - 1), others)
            burst = max(SECOND_NS, interval)
        now *= 1000
        due, wait = next_slot(words[place], interval, burst, now)
        words[place] = due
        return -wait // 1000 if wait else (burst + now - due) // interval

    def tokens(self, application: int, now: int) -> tuple[int, int]:
        in_hour, in_day = super().tokens(application, now)
        place, words = self._cell(application), self._words
        return in_hour + counted(words[place + 6], now // HOUR), in_day + counted(words[place + 7], now // DAY)

    def token(self, application: int, now: int, hour_max: int = COUNT_MAX, day_max: int = COUNT_MAX) -> tuple[int, int]:
        self._touched[application] = None
        place = self._cell(application)
        words = self._words
        others = counted(words[place + 6], now // HOUR), counted(words[place + 7], now // DAY)
        in_hour, in_day = super().token(application, now, hour_max - others[0], day_max - others[1])
        return in_hour + others[0], in_day + others[1]

    def own(self, application: int, now: int) -> NodeCount:
        place = self._cell(application)
        words, last_second = self._words, now // SECOND - 1
        asked = counted(words[place + 4], last_second) or counted(words[place + 5], last_second)
        return super().own(application, now)._replace(asked=asked)

    def touch(self, application: int) -> None:
        self._touched[application] = None

    def touched(self, limit: int) -> list[int]:
        first = [number for number, _ in zip(self._touched, range(limit), strict=False)]
        for number in first:
            del self._touched[number]
        return first

    def receive(self, application: int, others: NodeCount, now: int) -> None:
        place = self._cell(application)
        self._words[place + 6] = _word(others.hour_tokens, now // HOUR)
        self._words[place + 7] = _word(others.day_tokens, now // DAY)
        self._words[place + 8] = _word(others.asked, now // SECOND)


def _word(count: int, window: int) -> int:
    return window << COUNT_BITS | min(count, COUNT_MAX)
