"""The context: everything that operations share. Made once a process, by `wiring`."""

from collections.abc import Mapping, Sequence

from tessera.app.state.state import State
from tessera.core import generations
from tessera.core.administration import audit, pseudonyms
from tessera.core.administration.audit import Actor
from tessera.core.changes import Change, Notice, RecordAuditEntry
from tessera.core.clients.certificates import Authorities
from tessera.core.clocks import Clocks
from tessera.core.errors import Unavailable
from tessera.core.times import SECOND, UUID_RANDOM_BYTES, uuid_of
from tessera.directory import Directory
from tessera.ops.metrics import Metrics
from tessera.ops.outbound import Outbound
from tessera.ports import Clock, Entropy, SharedCounts, SlowHash, Store
from tessera.settings import Settings


class Context:
    """Everything that operations share: store, directory, clock, entropy, slow hash and settings.

    `issuer` is the address by which callers reach the service, and what signed texts say made them; `addresses` has it,
    and another one for clients with certificates if there is one.
    `signing_algorithms` are those that clients may sign with. `state` is what is kept between requests. `metrics` are
    the operator's numbers. `outbound` guards connections to elsewhere. `heard_at` is when what other processes change
    was last heard; 0 where nobody listens, as in a command. `actor` is who acts in this process when nothing else is
    said, `clocks` how far clocks are believed for deleting what has expired.
    """

    __slots__ = (
        "actor",
        "addresses",
        "authorities",
        "clock",
        "clocks",
        "counts",
        "directory",
        "entropy",
        "heard_at",
        "issuer",
        "metrics",
        "outbound",
        "property_counts",
        "refuses_when_stale",
        "settings",
        "signing_algorithms",
        "slow_hash",
        "state",
        "store",
    )

    def __init__(  # noqa: PLR0913  # by name, in wiring alone: a bundle would only move the list
        self,
        store: Store,
        directory: Directory,
        *,
        clock: Clock,
        entropy: Entropy,
        slow_hash: SlowHash,
        state: State,
        outbound: Outbound,
        authorities: Authorities | None = None,
        settings: Settings,
        counts: SharedCounts,
        property_counts: SharedCounts,
        metrics: Metrics | None = None,
    ) -> None:
        self.store = store
        self.directory = directory
        self.clock = clock
        self.clocks = Clocks()
        self.entropy = entropy
        self.slow_hash = slow_hash
        self.settings = settings
        self.metrics = metrics or Metrics()
        self.refuses_when_stale = settings.feed_stale_policy == "refuse"
        self.heard_at = 0
        self.counts = counts
        self.property_counts = property_counts
        self.issuer = settings.issuer_in_force
        self.addresses = tuple(each for each in (self.issuer, settings.mtls_address) if each is not None)
        self.signing_algorithms = settings.signing_algorithms_in_force
        self.state = state
        self.actor = audit.SERVER
        self.authorities = authorities
        self.outbound = outbound

    async def commit(
        self,
        *changes: Change,
        by: Actor | None = None,
        about: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> Sequence[Notice]:
        """Commit, and put the changes in force here at once. Raises as `ports.Store.commit` does.

        What is administrative is recorded in the same commit (`core/administration/audit.py`): as done `by` somebody
        else than this process's actor, `about` a name where the changes only have a number, with `more` to be told.
        """
        actor = by or self.actor
        operations = [
            self._audit_entry(actor, *each) for each in audit.recorded(changes, actor, self.in_audit, about, more)
        ]
        notices = await self.store.commit(*changes, *operations)
        for notice in notices:
            await self.directory.apply(notice)
        return notices

    async def record(self, action: str, target: str, told: Mapping[str, object]) -> None:
        """Record what changes nothing. Raises as `ports.Store.commit` does."""
        await self.store.commit(self._audit_entry(self.actor, action, target, audit.detail(told)))

    def pseudonym(self, purpose: bytes, id: str) -> str:
        """The pseudonym under which an id is noted (`core/administration/pseudonyms.py`)."""
        return pseudonyms.pseudonym(self.directory.pepper, purpose, id)

    def in_audit(self, customer_id: str) -> str:
        """The target that stands for a customer in the audit, whose entries outlive the customer."""
        return audit.CUSTOMER + self.pseudonym(pseudonyms.AUDIT, customer_id)

    def _audit_entry(self, actor: Actor, action: str, target: str, detail: str) -> RecordAuditEntry:
        return RecordAuditEntry(
            id=self.new_uuid(),
            at=self.clock.now(),
            actor=actor.name,
            source=actor.source,
            action=action,
            target=target,
            detail=detail,
        )

    def require_feed(self, now: int) -> None:
        """Raises Unavailable when what others change has not been heard for longer than it may."""
        if 0 < self.heard_at < now - self.stale_after:
            raise Unavailable(
                "The service cannot vouch for tokens just now. Try again in a moment.",
                detail="the changes of other processes have not been heard for too long",
                check="feed.stale",
            )

    @property
    def stale_after(self) -> int:
        """How long nothing may be heard before this process is not ready."""
        return int(self.settings.feed_stale_after_seconds * SECOND)

    def new_uuid(self) -> str:
        """A UUID in the order of time (version 7, RFC 9562 section 5.7) in lower case.

        New rows then lie beside each other in every index by id, however many there are.
        """
        return uuid_of(self.clock.now(), self.entropy.random_bytes(UUID_RANDOM_BYTES))

    def generation_step(self) -> int:
        """A step for a change that revokes all tokens."""
        return generations.step(self.entropy.random_bytes(generations.RANDOM_BYTES))
