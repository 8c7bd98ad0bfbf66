"""Two servers: a primary, and a standby that streams from it and that the primary waits for."""

from pathlib import Path

from tessera.store.postgres.address import address
from tessera.store.postgres.schema import migrate
from tests.support.postgres import PORT, Cluster

STANDBY = "standby"


class Pair:
    """`first` begins as the primary, `second` as its synchronous standby."""

    def __init__(self) -> None:
        self.first = Cluster(wal_level="replica", max_wal_senders="5", hot_standby="on")
        self.first.start()
        self.first.execute("create role tessera login")
        self.first.execute("create database t0 owner tessera")
        migrate(address(self.first.url("t0")))
        self.second = _copied(self.first)
        self.second.start()
        self.first.execute(f"alter system set synchronous_standby_names = '{STANDBY}'")
        self.first.execute("select pg_reload_conf()")

    @property
    def url(self) -> str:
        """Both servers, as an operator writes them."""
        hosts = f"host={self.first.folder},{self.second.folder}"
        return f"postgresql://tessera@/t0?{hosts}&port={PORT}"

    def synchronous(self) -> bool:
        """Whether the primary waits for the standby now."""
        return self.first.execute("select sync_state from pg_stat_replication") == [("sync",)]

    def promote(self) -> None:
        """Make the standby a primary of its own."""
        self.second.run("pg_ctl", "-D", str(self.second.data), "-w", "-t", "60", "promote")

    def remove(self) -> None:
        """End both and remove everything."""
        self.first.remove()
        self.second.remove()


def _copied(primary: Cluster) -> Cluster:
    """A standby of a primary, in a folder of its own; it is not started."""
    standby = Cluster.__new__(Cluster)
    standby.settle()
    where = f"host={primary.folder} port={PORT} user=postgres application_name={STANDBY}"
    standby.run("pg_basebackup", "-D", str(standby.data), "-d", where, "-R", "-X", "stream", "-c", "fast")
    conf = Path(standby.data / "postgresql.conf")
    conf.write_text(conf.read_text().replace(str(primary.folder), str(standby.folder)))
    standby.data.chmod(0o700)
    return standby
