"""Reading what other nodes have counted."""

from typing import NamedTuple, Protocol


class NodeCount(NamedTuple):
    """The counts of an application; `watched` is the number that report-only limits would have refused.

    Tokens of this hour and this day, `watched` of this day, requests (`asked`) of a second.
    """

    hour_tokens: int = 0
    day_tokens: int = 0
    watched: int = 0
    asked: int = 0


class NodeReader(Protocol):
    """What nodes tell each other."""

    async def counts_of_others(self, application: int, node: int, now: int, since: int) -> NodeCount:
        """What all nodes but this one have told of an application, added up.

        Of the hour and the day of `now`; requests of a second only where they were told since a moment.
        """
