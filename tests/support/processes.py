"""The processes of a server with workers: who they are, and a connection to each."""

import time
from pathlib import Path

from tests.support.raw import Wire

ALL_SECONDS = 60.0


def children(pid: int) -> list[int]:
    """The worker processes of a server (a helper of multiprocessing, which holds no port, is not one)."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed if _is_worker(int(each))]


def _is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def sockets(pid: int) -> set[str]:
    """The sockets that a process holds, by inode."""
    found = set()
    folder = Path(f"/proc/{pid}/fd")
    try:
        for descriptor in folder.iterdir():
            try:
                link = str(descriptor.readlink())
            except OSError:
                continue
            if link.startswith("socket:"):
                found.add(link[8:-1])
    except OSError:
        return set()
    return found


def owner(wire: Wire, workers: list[int]) -> int | None:
    """The worker at the other end of a connection; None while nobody has accepted it."""
    address = wire.socket.getsockname()
    inode = _inode(address[1])
    return next((pid for pid in workers if inode in sockets(pid)), None) if inode else None


def _inode(client_port: int) -> str | None:
    """The server's end of a loopback connection from this port."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].split(":")[1], 16) == client_port:
            return fields[9]
    return None


def one_wire_each(port: int, server_pid: int, count: int, seconds: float = ALL_SECONDS) -> dict[int, Wire]:
    """A connection to each of `count` workers."""
    found: dict[int, Wire] = {}
    others: list[Wire] = []
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, f"reached {len(found)} of {count} workers"
        wire = Wire(port)
        time.sleep(0.002)
        worker = owner(wire, children(server_pid))
        if worker is None or worker in found:
            others.append(wire)
        else:
            found[worker] = wire
    for wire in others:
        wire.socket.close()
    return found
