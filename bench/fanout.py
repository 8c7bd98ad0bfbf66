"""`python -m bench.fanout`: how soon a revocation is in force on every node, simulated; nothing is measured here.

A revocation is committed, and PostgreSQL notifies the nodes that listen. A node looks ten times a second whether it has
heard something (`feed_poll_interval_milliseconds`), and then reads the feed, as it does a second after its last read at
the latest; what it reads is in force when the read ends. Notifications that come between two looks make one read
together. A notification may be lost. A node may lose the database: it hears and reads nothing until it is connected
again, and then reads at once.

Times are in seconds inside, in milliseconds in flags and results. The same seed gives the same figures.
"""

import argparse
import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass

NODES_MAX, REVOCATIONS_MAX, RATES_MAX = 5_000, 100_000, 20
STEPS_MAX = 20_000_000
"""Notifications of a whole run: about half a minute."""


@dataclass(frozen=True)
class Plan:
    """What is simulated: how many nodes, how they hear and read, and what goes wrong."""

    nodes: int = 500
    revocations: int = 500
    poll: float = 1.0
    latency: tuple[float, float] = (0.001, 0.01)
    """From a commit to a node's hearing of it, evenly between the two."""

    read: float = 0.001
    look: float = 0.1
    """From the end of a read, and so on, to a look at whether something was heard; 0 to read whenever it is."""

    loss: float = 0.001
    """The part of notifications that is lost."""

    breaks_an_hour: float = 1.0
    """How often one node loses the database."""

    away: float = 2.0
    """From then until it listens and reads again."""

    @property
    def between_polls(self) -> float:
        """From one read to the next when nothing is heard: the first look when a poll is due."""
        if not self.look:
            return self.poll
        return self.read + math.ceil((self.poll - self.read) / self.look) * self.look

    def woken(self, last: float, heard: float) -> float:
        """When a node whose last read began at `last` reads for what it hears at `heard`."""
        idle = last + self.read
        if not self.look:
            return max(heard, idle)
        return idle + max(1, math.ceil((heard - idle) / self.look)) * self.look

    seed: int = 1


@dataclass(frozen=True)
class Node:
    """What one node did: when each revocation was in force, in their order, and how often it read."""

    in_force: list[float]
    reads: int


@dataclass(frozen=True)
class Row:
    """The figures of one rate. `everywhere` is until the last node has it, `one_node` until any one has."""

    revocations_per_second: float
    reads_per_second: float
    reads_per_revocation: float
    one_node_p99_ms: float
    everywhere_p50_ms: float
    everywhere_p99_ms: float
    everywhere_max_ms: float


def follow(plan: Plan, commits: Sequence[float], heard: Sequence[float], breaks: Sequence[float], last: float) -> Node:
    """One node. `heard` is when notifications reach it, `breaks` when its connection ends; both in order, as `commits`.

    `last` is when its last read before all this began.
    """
    in_force: list[float] = []
    reads = next_heard = next_break = 0
    while len(in_force) < len(commits):
        while next_heard < len(heard) and heard[next_heard] <= last:
            next_heard += 1
        wake = plan.woken(last, heard[next_heard]) if next_heard < len(heard) else math.inf
        broken = breaks[next_break] if next_break < len(breaks) else math.inf
        polls = _polls(plan, last, commits[len(in_force)], min(wake, broken))
        if polls:
            last += polls * plan.between_polls
            reads += polls
        elif wake <= broken:
            last = wake
            reads += 1
        else:
            last = max(last, broken + plan.away)
            reads += 1
            next_break += 1
        while len(in_force) < len(commits) and commits[len(in_force)] <= last:
            in_force.append(last + plan.read)
    return Node(in_force, reads)


def _polls(plan: Plan, last: float, commit: float, until: float) -> int:
    """How many polls come before something else does; no more than it takes to read this commit."""
    poll = plan.between_polls
    if last + poll >= until:
        return 0
    wanted = max(1, math.ceil((commit - last) / poll))
    return wanted if math.isinf(until) else min(wanted, math.ceil((until - last) / poll) - 1)


def simulate(plan: Plan, rate: float) -> Row:
    """Revocations at this rate a second, at random moments, on all nodes."""
    chance = random.Random(f"{plan.seed} {rate}")
    commits = _moments(chance, rate, plan.revocations)
    span = commits[-1] + plan.poll + plan.away
    everywhere = [0.0] * len(commits)
    each: list[float] = []
    reads = 0
    for _ in range(plan.nodes):
        heard = _heard(plan, chance, commits)
        breaks = _breaks(plan, chance, span)
        node = follow(plan, commits, heard, breaks, last=-plan.poll * chance.random())
        reads += node.reads
        took = [in_force - commit for in_force, commit in zip(node.in_force, commits, strict=True)]
        everywhere = list(map(max, everywhere, took))
        each += took
    everywhere.sort()
    each.sort()
    return Row(
        revocations_per_second=rate,
        reads_per_second=round(reads / commits[-1], 1),
        reads_per_revocation=round(reads / len(commits), 1),
        one_node_p99_ms=_ms(quantile(each, 0.99)),
        everywhere_p50_ms=_ms(quantile(everywhere, 0.5)),
        everywhere_p99_ms=_ms(quantile(everywhere, 0.99)),
        everywhere_max_ms=_ms(everywhere[-1]),
    )


def _moments(chance: random.Random, rate: float, count: int) -> list[float]:
    """So many moments, each at a random distance from the one before, so many a second in the mean."""
    moments, now = [], 0.0
    for _ in range(count):
        now += chance.expovariate(rate)
        moments.append(now)
    return moments


def _heard(plan: Plan, chance: random.Random, commits: Sequence[float]) -> list[float]:
    """When the notifications that are not lost reach a node."""
    low, width = plan.latency[0], plan.latency[1] - plan.latency[0]
    draw = chance.random
    return sorted(commit + low + width * draw() for commit in commits if draw() >= plan.loss)


def _breaks(plan: Plan, chance: random.Random, span: float) -> list[float]:
    """When the connection of a node breaks, while it is connected."""
    if plan.breaks_an_hour <= 0:
        return []
    found, now = [], chance.expovariate(plan.breaks_an_hour / 3600)
    while now < span:
        found.append(now)
        now += plan.away + chance.expovariate(plan.breaks_an_hour / 3600)
    return found


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest of ordered figures that this part of them does not pass."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


HEAD = (
    "| revocations a second | reads a second | reads for each | one node: p99 | everywhere: p50 | p99 | max |",
    "|---:|---:|---:|---:|---:|---:|---:|",
)


def table(rows: Sequence[Row]) -> str:
    """The rows as a table of Markdown."""
    lines = [
        f"| {row.revocations_per_second:,g} | {row.reads_per_second:,.0f} | {row.reads_per_revocation:,.0f}"
        f" | {row.one_node_p99_ms:,.0f} ms | {row.everywhere_p50_ms:,.0f} ms | {row.everywhere_p99_ms:,.0f} ms"
        f" | {row.everywhere_max_ms:,.0f} ms |"
        for row in rows
    ]
    return "\n".join([*HEAD, *lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the table, or with `--json` one document."""
    parser = _parser()
    flags = parser.parse_args(arguments)
    plan = Plan(
        nodes=flags.nodes,
        revocations=flags.revocations,
        poll=flags.poll_ms / 1000,
        latency=(flags.latency_ms[0] / 1000, flags.latency_ms[1] / 1000),
        read=flags.read_ms / 1000,
        look=flags.look_ms / 1000,
        loss=flags.loss,
        breaks_an_hour=flags.breaks_an_hour,
        away=flags.away_ms / 1000,
        seed=flags.seed,
    )
    if wrong := _wrong(plan, flags.rates):
        parser.error(wrong)
    rows = [simulate(plan, rate) for rate in flags.rates]
    if flags.json:
        print(json.dumps({"plan": asdict(plan), "rates": [asdict(row) for row in rows]}, indent=2))
    else:
        print(table(rows))
    return 0


def _wrong(plan: Plan, rates: Sequence[float]) -> str | None:
    """What is wrong with what is asked for; None when nothing is."""
    low, high = plan.latency
    if not (1 <= plan.nodes <= NODES_MAX and 1 <= plan.revocations <= REVOCATIONS_MAX):
        return f"nodes are 1 to {NODES_MAX:,}, revocations 1 to {REVOCATIONS_MAX:,}"
    if not rates or len(rates) > RATES_MAX or not all(0.001 <= rate <= 1e6 for rate in rates):
        return f"rates are 1 to {RATES_MAX} figures from 0.001 to 1,000,000"
    if plan.nodes * plan.revocations * len(rates) > STEPS_MAX:
        return f"nodes times revocations times rates are {STEPS_MAX:,} at most"
    if not (0 <= plan.loss <= 1 and 0 <= low <= high <= 3600 and 0.01 <= plan.poll <= 3600):
        return "the loss is 0 to 1; the latency is in order; the poll is 10 ms to an hour"
    if not (0 <= plan.read < plan.poll and 0 <= plan.look < plan.poll and 0 <= plan.away <= 3600):
        return "reads and looks are shorter than a poll; a node is away for an hour at most"
    if not 0 <= plan.breaks_an_hour <= 3600:
        return "a connection breaks 0 to 3,600 times an hour"
    return None


def _parser() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m bench.fanout",
        description="How soon a revocation is in force on every node, and what that costs the database: a simulation.",
    )
    parser.add_argument("--rates", type=float, nargs="+", default=[0.1, 1, 10, 100, 1000], help="revocations a second")
    parser.add_argument("--nodes", type=int, default=plan.nodes, help="nodes (%(default)s)")
    parser.add_argument("--revocations", type=int, default=plan.revocations, help="of each rate (%(default)s)")
    parser.add_argument("--poll-ms", type=float, default=plan.poll * 1000, help="poll beneath it (%(default)s)")
    parser.add_argument(
        "--latency-ms", type=float, nargs=2, default=[1, 10], help="commit to hearing, from and to (%(default)s)"
    )
    parser.add_argument("--read-ms", type=float, default=plan.read * 1000, help="length of a read (%(default)s)")
    parser.add_argument("--look-ms", type=float, default=plan.look * 1000, help="looks at what is heard (%(default)s)")
    parser.add_argument("--loss", type=float, default=plan.loss, help="part of notifications lost (%(default)s)")
    parser.add_argument(
        "--breaks-an-hour",
        type=float,
        default=plan.breaks_an_hour,
        help="times a node loses the database (%(default)s)",
    )
    parser.add_argument("--away-ms", type=float, default=plan.away * 1000, help="until connected again (%(default)s)")
    parser.add_argument("--seed", type=int, default=plan.seed, help="seed of chance (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
