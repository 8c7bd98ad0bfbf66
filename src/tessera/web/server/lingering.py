"""The end of a connection whose client may still be sending: what arrives is read and thrown away for a while.

Closing at once would make the kernel reset the connection, and a reset takes from the client what it has not read yet:
the answer that says why (RFC 9112 section 9.6). Nothing that is thrown away is kept or parsed.
"""

BYTES_MAX = 16 * 1024 * 1024
"""Bytes that are thrown away before the connection is reset."""

QUIET_SECONDS = 2.0
"""A client that has sent nothing for so long has nothing more to send."""


class Lingering:
    """One such end: it lasts until `deadline`, which moves on while the client sends, and ends when it has been read.

    It lasts no longer than `seconds`, however much the client sends.
    """

    __slots__ = ("_bytes_left", "_ends_at", "deadline")

    def __init__(self, now: float, seconds: float) -> None:
        self._bytes_left = BYTES_MAX
        self._ends_at = now + seconds
        self.deadline = min(now + QUIET_SECONDS, self._ends_at)

    def goes_on(self, received: int, now: float) -> bool:
        """Count bytes that have arrived; whether more are to be waited for."""
        self._bytes_left -= received
        self.deadline = min(now + QUIET_SECONDS, self._ends_at)
        return self._bytes_left > 0
