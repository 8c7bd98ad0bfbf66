"""Getting a document from somewhere else."""

from typing import Protocol


class NotFetched(Exception):
    """The document was not got; the text says why, for the operator."""


class Fetcher(Protocol):
    """Gets what others publish, without being made to look where nobody may."""

    async def fetch(self, address: str, bytes_max: int) -> bytes:
        """The document at an https address, within a few seconds, without redirects, from the world's addresses only.

        Raises NotFetched, also when it is longer than `bytes_max`.
        """
