"""Two PostgreSQL servers of the tests' own: a primary, and a standby without which nothing is acknowledged."""

from tests.support.postgres import PORT, Cluster
from tests.support.waiting import wait_until

WAIT_SECONDS = 60.0


class Pair:
    """A primary and its synchronous standby, by one URL of two hosts. `primary` is the one that takes writes."""

    def __init__(self) -> None:
        self._settings = {"wal_keep_size": "64MB", "wal_receiver_status_interval": "1"}
        self.primary = Cluster(None, None, **self._settings)
        self.standby: Cluster | None = None
        self._hosts = [self.primary]
        try:
            self.primary.start()
            self.primary.execute("create role tessera login")
            self._hosts.append(self.follow())
        except BaseException:
            self.remove()
            raise

    def url(self, database: str, user: str = "tessera") -> str:
        """Where a database is, whichever of the two has it: as `--database` takes it."""
        hosts = ",".join(str(each.folder) for each in self._hosts)
        return f"postgresql://{user}@/{database}?host={hosts}&port={PORT},{PORT}"

    def fail_over(self) -> Cluster:
        """The primary dies, as in a crash, and the standby takes over; the one that died."""
        dead = self.primary
        dead.stop("immediate")
        self.promote()
        return dead

    def promote(self) -> None:
        """Make the standby a primary of its own."""
        heir = self.standby
        assert heir is not None, "there is no standby to take over"
        heir.run("pg_ctl", "-D", str(heir.data), "-w", "-t", "60", "promote")
        self.primary, self.standby = heir, None

    def rejoin(self, dead: Cluster) -> None:
        """Have the one that died follow the new primary, made anew from a copy of it, in its old place."""
        if dead.pid is not None:
            dead.stop("immediate")
        dead.copy(self.primary)
        self._follows(dead)

    def follow(self) -> Cluster:
        """A standby of the primary, from whose start nothing is acknowledged that it does not have."""
        made = Cluster(None, self.primary, **self._settings)
        self._follows(made)
        return made

    def remove(self) -> None:
        """End both, and remove everything."""
        for each in self._hosts:
            each.remove()

    def _follows(self, standby: Cluster) -> None:
        standby.start()
        self.primary.execute("alter system set synchronous_standby_names = '*'")
        self.primary.execute("select pg_reload_conf()")
        asked = "select count(*) from pg_stat_replication where sync_state = 'sync'"
        wait_until(lambda: self.primary.execute(asked) == [(1,)], WAIT_SECONDS)
        self.standby = standby
