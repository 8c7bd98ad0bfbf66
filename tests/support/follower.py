"""A second server that repeats every write of another, and takes none itself."""

import shutil
import tempfile
from pathlib import Path

from tests.support.postgres import PORT, Cluster


class Follower(Cluster):
    """A copy of a running server, made by `pg_basebackup`; it follows when it is started."""

    def __init__(self, primary: Cluster) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tessera-pg-standby-", dir=primary.folder.parent))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._account = primary._account
        if self._account is not None:
            shutil.chown(self.folder, self._account)
        self.run(
            "pg_basebackup", "-h", str(primary.folder), "-p", str(PORT), "-U", "postgres", "-D", str(self.data), "-R",
            "-c", "fast",
        )  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")
