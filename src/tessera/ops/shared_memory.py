"""Memory that the processes of one server share for their counts: each writes in a slot of its own, all read all.

A count is in force for every reader when it is made, and a process that is killed takes none with it. A slot is claimed
by a lock that ends with its process; whoever claims it next counts on where the one before ended.

A slot is a list of names and a list of cells, 64 bits each. A name stands for as many cells as it says.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from mmap import mmap
from multiprocessing.reduction import DupFd
from typing import Any, NamedTuple

SLOTS = 128
"""More than there are workers: while one is replaced, both are there."""

NAMES_BYTES = 192 * 1024
CELLS = 8192
SLOT_BYTES = NAMES_BYTES + 8 * CELLS
"""Memory is taken for what is used of it only."""

UNSET = 2**64 - 1
"""What a cell holds that says nothing now."""

SEPARATOR = "\x1f"


class Name(NamedTuple):
    """What cells are for: a family, the values of its labels, and how many cells."""

    family: str
    labels: tuple[str, ...]
    cells: int


class Slot:
    """The names and cells of one process. `cells` may be written to by itself; `number` is its place on the board."""

    def __init__(self, memory: memoryview | None = None, number: int = 0) -> None:
        memory = memoryview(bytearray(SLOT_BYTES)) if memory is None else memory
        self.number = number
        self.cells = memory[NAMES_BYTES:].cast("Q")
        self._used = memory[:8].cast("Q")
        self._names = memory[8:NAMES_BYTES]
        self._next = sum(name.cells for name in self.names())

    def names(self) -> list[Name]:
        """Every name, in the order of its cells."""
        text = bytes(self._names[: self._used[0]]).decode()
        found = []
        for line in text.splitlines():
            family, cells, *labels = line.split(SEPARATOR)
            found.append(Name(family, tuple(labels), int(cells)))
        return found

    def read(self) -> Iterator[tuple[Name, list[int]]]:
        """Every name with its cells."""
        at = 0
        for name in self.names():
            yield name, self.cells[at : at + name.cells].tolist()
            at += name.cells

    def add(self, name: Name) -> int | None:
        """The first cell of a new name; None when there is no room for it."""
        line = (SEPARATOR.join((name.family, str(name.cells), *name.labels)) + "\n").encode()
        used, at = self._used[0], self._next
        if used + len(line) > len(self._names) or at + name.cells > CELLS:
            return None
        self._names[used : used + len(line)] = line
        self._used[0] = used + len(line)  # only now is it read by others
        self._next = at + name.cells
        return at


class SharedMetrics:
    """The slots of one server. Handed to a worker as it is started, it is the same memory there."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = _memory() if descriptor is None else descriptor
        self._memory = memoryview(mmap(self._descriptor, SLOTS * SLOT_BYTES))
        self._own: Slot | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (DupFd(self._descriptor),)

    def claim(self) -> Slot:
        """The slot of this process; memory of its own when all are taken, which nobody else reads."""
        if self._own is None:
            number = next((each for each in range(SLOTS) if self._lock(each)), None)
            self._own = Slot() if number is None else self._slot(number)
        return self._own

    def slots(self) -> Iterator[tuple[Slot, bool]]:
        """Every slot that was ever used, and whether its process lives."""
        own = self.claim()
        for number in range(SLOTS):
            if number == own.number:
                yield own, True
                continue
            slot = self._slot(number)
            if slot.names():
                yield slot, not self._free(number)

    def _slot(self, number: int) -> Slot:
        return Slot(self._memory[number * SLOT_BYTES : (number + 1) * SLOT_BYTES], number)

    def _lock(self, number: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:
            return False
        return True

    def _free(self, number: int) -> bool:
        if not self._lock(number):
            return False
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)
        return True


def _inherited(descriptor: Any) -> SharedMetrics:
    return SharedMetrics(descriptor.detach())


def _memory() -> int:
    """Memory with a descriptor: of the kernel, or an unlinked file where there is none."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tessera-counts")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SLOTS * SLOT_BYTES)
    return descriptor
