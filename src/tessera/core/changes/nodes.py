"""Writes of what nodes have counted, for each other."""

from tessera.core.changes.change import Change


class PublishCounts(Change, frozen=True):
    """A node tells what it has counted of an application by now, in place of what it told before.

    Hour and day are counted from the epoch; `watched` is what report-only limits would have refused in this day,
    `asked` the requests of a second. A count of a window never goes back, whichever of two processes of the node comes
    last.
    """

    application: int
    node: int
    at: int
    hour: int
    hour_tokens: int
    day: int
    day_tokens: int
    watched: int
    asked: int
