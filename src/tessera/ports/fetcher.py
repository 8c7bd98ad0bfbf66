"""Getting a document from somewhere else."""

from typing import Protocol


class NotAllowed(Exception):
    """No connection goes to this address; the text says why, and names the setting that can allow it."""


class NotFetched(Exception):
    """The document was not got; the text says why, for the operator."""


class Fetcher(Protocol):
    """Gets what others publish, without being made to look where nobody may."""

    async def fetch(self, address: str, bytes_max: int) -> bytes:
        """The document at an https address, within a few seconds, without redirects, from allowed addresses only.

        Raises NotFetched, also when it is longer than `bytes_max`.
        """
