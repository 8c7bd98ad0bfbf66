"""The data folder of the embedded form: what lies where, and who may read it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tessera import files
from tessera.ports import Unusable

DATABASE = "tessera.db"
MASTER_KEY = "master.key"
DEMO = "demo.json"
LOCK = "setup.lock"
COUNTS = "counts.map"
NODE_COUNTS = "node.map"
PROPERTY_COUNTS = "counts-of-properties.map"
NODE_PROPERTY_COUNTS = "node-of-properties.map"
MANAGEMENT_PORTS = "management.lock"


class DataFolder:
    """A folder that holds the database, the master key and the demo file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / DATABASE
        self.master_key = path / MASTER_KEY
        self.demo = path / DEMO
        self.counts = path / COUNTS
        self.node_counts = path / NODE_COUNTS
        self.property_counts = path / PROPERTY_COUNTS
        self.node_property_counts = path / NODE_PROPERTY_COUNTS
        self.management_ports = path / MANAGEMENT_PORTS

    def make(self) -> None:
        """Make the folder, mode 0700, when it is not there. Raises Unusable when that cannot be."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(
                f"The data folder {self.path} cannot be made ({error.strerror}). Name another with --data-dir."
            ) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise Unusable(f"The data folder {self.path} cannot be written. Give this user write permission.")

    def check(self) -> None:
        """Raises Unusable when anything but a plain file is in the place of one that servers and commands open."""
        maps = (self.counts, self.node_counts, self.property_counts, self.node_property_counts)
        for path in (self.path / LOCK, self.management_ports, *maps):
            files.is_there(path)

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """Let one process at a time set up the folder."""
        lock = files.open_shared(self.path / LOCK)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
