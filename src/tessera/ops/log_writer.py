"""Where the log goes out: a thread writes it, so that whoever reads it slowly, or not at all, holds up no answer.

What nobody takes is kept up to a bound. Beyond it events are dropped and counted, and the log says so when it goes on.
"""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

HELD_BYTES_MAX = 4 * 1024 * 1024


class LogWriter:
    """A file of text lines. `dropped` is called with the number of events that are lost, `gap` words them."""

    def __init__(
        self,
        descriptor: int,
        *,
        gap: Callable[[int], bytes],
        dropped: Callable[[int], None] = lambda _: None,
        held_bytes_max: int = HELD_BYTES_MAX,
    ) -> None:
        self._descriptor = descriptor
        self._gap = gap
        self._dropped = dropped
        self._held_bytes_max = held_bytes_max
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()  # None ends the thread
        self._held = 0
        self._lost = 0
        self._closed = False
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="tessera-log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """One event, as loggers write it."""
        self.put(text.encode("utf-8", "backslashreplace"), 1)
        return len(text)

    def flush(self) -> None:
        """Nothing waits here for being told to go."""

    def put(self, lines: bytes, events: int) -> None:
        """So many events; dropped when too much is waiting already."""
        with self._counting:
            if self._held + len(lines) > self._held_bytes_max or self._closed:
                self._lost += events
                lost = events
            else:
                if self._lost:
                    told = self._gap(self._lost)
                    self._lost = 0
                    lines = told + lines
                self._waiting.put(lines)
                self._held += len(lines)
                lost = 0
        if lost:
            self._dropped(lost)

    def close(self, seconds: float) -> None:
        """Write what is waiting, for so long at most."""
        with self._counting:
            if self._lost:
                self._waiting.put(self._gap(self._lost))
            self._closed = True
        self._waiting.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (lines := self._waiting.get()) is not None:
            self._write(lines)
            with self._counting:
                self._held -= len(lines)

    def _write(self, lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                threading.Event().wait(0.05)
            except OSError:
                return  # whoever read it is gone, and the next lines have the same end
