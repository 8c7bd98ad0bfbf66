"""The only file that builds things: settings -> store -> context -> ASGI application. Flat and boring.

What answers HTTP, and what a server does by itself, is imported where it is built: commands open a context too, and
have to start fast.
"""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tessera import bootstrap
from tessera.app.context import Context
from tessera.app.runtime import purge_clock, readiness
from tessera.app.state import refusals, state
from tessera.bootstrap import authorities, read_master_key
from tessera.core.administration.pseudonyms import REFUSAL
from tessera.core.clients import signing_methods
from tessera.core.clients.signing_methods import Profile, SigningAlgorithms
from tessera.core.oauth import metadata
from tessera.core.outbound import Rules
from tessera.directory import Directory
from tessera.ops import log, tracing
from tessera.ops.certificates import Certificates
from tessera.ops.clock import SystemClock
from tessera.ops.entropy import SystemEntropy
from tessera.ops.fetcher import HTTPSFetcher
from tessera.ops.management_ports import ManagementPorts
from tessera.ops.metrics import CERTIFICATE_ENDS, LOG_DROPPED, TOKENS, Metrics
from tessera.ops.node_counts import NODE_MAX, NodeCounts
from tessera.ops.outbound import Outbound
from tessera.ops.request_log import RequestLog
from tessera.ops.shared_counts import MappedCounts
from tessera.ops.shared_memory import SharedMetrics
from tessera.ops.slow_hash import Argon2
from tessera.ops.tracing import Answered
from tessera.ports import Clock, Entropy, Sender, SharedCounts, StoreError, Unusable
from tessera.settings import Settings
from tessera.store.checkup import by_certificate
from tessera.store.database import PostgresDatabase
from tessera.store.folder import DataFolder
from tessera.store.store import SQLStore

if TYPE_CHECKING:
    from tessera.app.runtime.counter_synchronization import Exchange
    from tessera.web.asgi import App, Served
    from tessera.web.refusal_records import RefusalRecorder
    from tessera.web.routes import Route

LOG_SECONDS = 2.0
"""How long the last lines of the log are waited for at the end."""


class Equipment(NamedTuple):
    """What a server process is handed beside its settings: None for what it does without."""

    board: SharedMetrics
    management: socket.socket | None = None
    certificates: Certificates | None = None


@asynccontextmanager
async def open_context(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    metrics: Metrics | None = None,
    management: socket.socket | None = None,
) -> AsyncIterator[Context]:
    """The context over a data folder that was set up, of a server with this management port. Raises Unusable."""
    folder = DataFolder(settings.data_dir)
    master_key = read_master_key(settings, folder, create=False)
    metrics = metrics or Metrics()
    ports = _management_ports(settings, folder, management)
    store = SQLStore(bootstrap.database(settings).driver(readiness.away), partial(readiness.committed, metrics))
    try:
        clock, entropy = clock or SystemClock(), entropy or SystemEntropy()
        outbound = Outbound(Rules(settings.outbound_networks_allowed, ports))
        directory = Directory(store, master_key, clock, settings.applications_cached_max, settings.issuer_in_force)
        context = Context(
            store=store,
            directory=directory,
            clock=clock,
            entropy=entropy,
            slow_hash=Argon2(),
            authorities=authorities(settings),
            state=state.fresh(directory, clock, HTTPSFetcher(outbound)),
            outbound=outbound,
            settings=settings,
            counts=_counts(settings, folder.counts, folder.node_counts, entropy),
            property_counts=_counts(settings, folder.property_counts, folder.node_property_counts, entropy),
            metrics=metrics,
        )
        await directory.load()
        yield context
    finally:
        ports.close()
        await store.close()


def _counts(settings: Settings, own: Path, of_node: Path, entropy: Entropy) -> SharedCounts:
    """The counts in a file of the data folder; with those of other nodes where these may stand on the same database."""
    if settings.database_in_force is None:
        return MappedCounts(own)
    return NodeCounts(of_node, int.from_bytes(entropy.random_bytes(8)) & NODE_MAX)


def _management_ports(settings: Settings, folder: DataFolder, management: socket.socket | None) -> ManagementPorts:
    """The management ports of this server, of others with these settings, and of others on this data folder."""
    chosen = settings.management_port
    ports = ManagementPorts(folder.management_ports, {chosen} if isinstance(chosen, int) else ())
    if management is not None:
        ports.hold(management.getsockname()[1])
    return ports


def open_sender(context: Context) -> AbstractAsyncContextManager[Sender]:
    """What sends messages; its library is imported only where messages are sent, so that commands start fast."""
    from tessera.ops import sender

    return sender.open_sender(context.outbound, context.settings.webhook_timeout_seconds)


def routes(context: Context) -> "list[Route]":
    """Every route that is served."""
    from tessera.api import all_routes
    from tessera.app.demo import examples as demo_examples
    from tessera.web.reference import pages as reference

    served = all_routes.routes(context)
    examples = partial(demo_examples.examples, context) if context.settings.demo else reference.no_examples
    return [*served, *reference.routes(served, examples)]


@asynccontextmanager
async def serving(
    settings: Settings,
    app: "App",
    equipment: Equipment | None = None,
    requests: RequestLog | None = None,
    traced: Answered | None = None,
) -> "AsyncIterator[Served]":
    """A context with its upkeep running; what is counted and not yet written is written at the end."""
    from tessera.api import management as management_api
    from tessera.api.oauth import token
    from tessera.app.clients import slow_secrets
    from tessera.app.management import housekeeping
    from tessera.web.asgi import Served
    from tessera.web.observation import Observer
    from tessera.web.routes import Routes
    from tessera.web.server.management_listener import listening

    metrics = Metrics(equipment.board if equipment else None)
    management = equipment.management if equipment else None
    async with (
        open_context(settings, metrics=metrics, management=management) as context,
        open_sender(context) as sender,
    ):
        tasks = _upkeep(context, sender)
        tasks += [asyncio.create_task(exchange.go_on()) for exchange in _exchanges(context)]
        if equipment is not None and equipment.certificates is not None:
            tasks.append(asyncio.create_task(equipment.certificates.follow(partial(_certificate_ends, metrics))))
        watch = Observer(
            counts=metrics,
            requests=requests,
            traced=traced,
            outcomes={token.TOKEN_PATH: TOKENS},
            proxies=settings.trusted_proxies,
            paths=settings.log_paths,
        )
        served = Served(Routes(routes(context)), watch, _refusal_recorder(context))
        await asyncio.to_thread(_say_polled, settings)
        await asyncio.to_thread(_say_not_in_force, settings)
        _keep_for_good()
        try:
            answered = management_api.routes(context, lambda: app.going_down)
            async with listening(answered, management, settings.management_names):
                yield served
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await housekeeping.write_usage(context, len(context.state.usage))
            with suppress(StoreError):  # a secret that stays as it is is checked slowly once more
                await slow_secrets.write_rekeyed(context, len(context.state.verified_secrets))
            while await refusals.write(context.state.refusals, context.store, context.new_uuid):
                pass


def _upkeep(context: Context, sender: Sender) -> list[asyncio.Task[None]]:
    """What a server does by itself, beside answering."""
    from tessera.app.clients import expiry_warnings
    from tessera.app.keys import rotation
    from tessera.app.loyalty import settlement
    from tessera.app.management import housekeeping, purges
    from tessera.app.runtime import leases
    from tessera.app.webhooks import deliveries

    holder = f"{os.getpid()} {context.new_uuid()}"
    return [
        asyncio.create_task(housekeeping.follow_feed(context, context.settings.feed_poll_interval_milliseconds / 1000)),
        asyncio.create_task(housekeeping.keep_pulse(context)),
        asyncio.create_task(housekeeping.flush_usage(context, context.settings.usage_flush_interval_seconds)),
        asyncio.create_task(purge_clock.watch(context)),
        asyncio.create_task(housekeeping.drop_expired(context)),
        asyncio.create_task(housekeeping.rekey_secrets(context, context.settings.usage_flush_interval_seconds)),
        asyncio.create_task(housekeeping.try_writing(context, holder)),
        asyncio.create_task(refusals.keep(context.state.refusals, context.store, context.new_uuid)),
        asyncio.create_task(
            leases.run_with_lease(
                context,
                "settlement",
                holder,
                lambda: settlement.settle(context, context.settings.settlement_interval_seconds),
            )
        ),
        asyncio.create_task(
            leases.run_with_lease(context, "webhooks", holder, lambda: deliveries.deliver(context, sender))
        ),
        asyncio.create_task(leases.run_with_lease(context, "keys", holder, lambda: rotation.rotate_when_due(context))),
        asyncio.create_task(leases.run_with_lease(context, "warnings", holder, lambda: expiry_warnings.watch(context))),
        asyncio.create_task(leases.run_with_lease(context, "purges", holder, lambda: purges.go_on(context))),
    ]


def _exchanges(context: Context) -> "list[Exchange]":
    """What tells other nodes the counts of this one, and hears theirs, where there may be others."""
    from tessera.app.runtime.counter_synchronization import Exchange

    return [
        Exchange(context, counts, of_properties=counts is context.property_counts)
        for counts in (context.counts, context.property_counts)
        if isinstance(counts, NodeCounts)
    ]


def _refusal_recorder(context: Context) -> "RefusalRecorder":
    from tessera.web.refusal_records import RefusalRecorder

    settings = context.settings
    pseudonym = partial(context.pseudonym, REFUSAL)
    return RefusalRecorder(
        context.state.refusals, context.clock, settings.trusted_proxies, pseudonym, paths=settings.log_paths
    )


def _say_polled(settings: Settings) -> None:
    """Say when changes of other nodes are only looked for, because a pooler hands no notifications on."""
    found = bootstrap.database(settings)
    with suppress(Unusable):  # it was there a moment ago
        if isinstance(found, PostgresDatabase) and found.feed_polls():
            readiness.polled()


def _say_not_in_force(settings: Settings) -> None:
    """Say when somebody counts on certificates that are believed from nobody, and which settings are misspelt."""
    from tessera.app.administration import certificate_settings, unknown_settings

    applications: list[str] = []
    with suppress(Unusable, StoreError), bootstrap.database(settings).look() as look:
        applications = by_certificate(look, SystemClock().now())
    certificate_settings.report(settings, applications)
    unknown_settings.report()


def _keep_for_good() -> None:
    """Have the garbage collector leave alone what is there now: looking that through stops everybody for 30 ms."""
    gc.collect()
    gc.freeze()


def application(settings: Settings, equipment: Equipment) -> "App":
    """The ASGI application of one process."""
    from tessera.web.asgi import App
    from tessera.web.challenges import Challenge

    log.configure(settings.log_level, settings.log_format)
    challenge = Challenge(
        metadata.protected_resource_address(settings.issuer_in_force),
        signing_methods.allowed(Profile.NONE, SigningAlgorithms(0), settings.signing_algorithms_in_force),
    )
    return App(partial(_serving_aloud, settings, equipment), challenge=challenge)


@asynccontextmanager
async def _serving_aloud(settings: Settings, equipment: Equipment, app: "App") -> "AsyncIterator[Served]":
    """As `serving`, with the log written by a thread, and an event for each request."""
    wanted = settings.log_requests != "none" and settings.log_level in ("debug", "info")
    requests = RequestLog(settings.log_format, settings.log_requests) if wanted else None
    log.open_log_writer(partial(_dropped, Metrics(equipment.board)))
    try:
        with _traces(settings) as traced:
            async with serving(settings, app, equipment, requests, traced) as served:
                yield served
    finally:
        if requests is not None:
            requests.write()
        await asyncio.to_thread(log.close_log_writer, LOG_SECONDS)


def _certificate_ends(metrics: Metrics, ends: datetime) -> None:
    metrics.set(CERTIFICATE_ENDS, int(ends.timestamp()))


def _traces(settings: Settings) -> AbstractContextManager[Answered | None]:
    """The library is loaded only where traces are wanted."""
    if settings.otlp_endpoint is None:
        return nullcontext()
    return tracing.traces(settings.otlp_endpoint, settings.trusted_proxies)


def _dropped(metrics: Metrics, events: int) -> None:
    metrics.count(LOG_DROPPED, by=events)
