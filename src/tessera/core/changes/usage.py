"""Writes of the counts by the hour."""

from tessera.core.changes.change import Change


class CountHour(Change, frozen=True):
    """What an application did in an hour (counted from the epoch) since the last count; it adds up.

    `elsewhere` of its `tokens` were for other resource servers, where its calls are not seen.
    """

    application: int
    hour: int
    tokens: int
    calls: int
    refused: int
    elsewhere: int = 0
