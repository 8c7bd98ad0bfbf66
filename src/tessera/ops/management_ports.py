"""The management ports of the servers on a data folder, known to every process there for as long as they are open.

A port that nobody chose may be any free one, which no setting tells. Each server process holds a lock on the byte of a
file that has its port for a place; the system lets go of it when the process ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from tessera import files
from tessera.ops.log import log
from tessera.ports import Unusable


class ManagementPorts:
    """The ports of this process and those of others. `known` need no look: its own, and the one of the settings."""

    def __init__(self, path: Path, known: Iterable[int] = ()) -> None:
        self._known = frozenset(known)
        self._path = path
        self._file: int | None = None

    def hold(self, port: int) -> None:
        """Let others know that this process answers at a port."""
        self._known |= {port}
        try:
            fcntl.lockf(self._open(), fcntl.LOCK_SH, 1, port)
        except (OSError, Unusable) as error:
            log.error("management_port_not_shared", port=port, reason=str(error))

    def close(self) -> None:
        """Answer there no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __contains__(self, port: object) -> bool:
        """Whether a server answers at this port now."""
        if not isinstance(port, int) or port in self._known:
            return isinstance(port, int)
        try:
            file = self._open()
        except Unusable:  # neither could a server have said so
            return False
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:  # a server, or at worst another look in this very moment: refused wrongly, once
            return True
        fcntl.lockf(file, fcntl.LOCK_UN, 1, port)
        return False

    def _open(self) -> int:
        """The file, which stays open: closing it once would let go of every lock."""
        if self._file is None:
            self._file = files.open_shared(self._path)
        return self._file
