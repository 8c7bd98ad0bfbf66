"""The audit's chain: one for all, without a gap, in the commit of the operation; and refusals that are kept."""

import asyncio

import msgspec

from tessera.core import changes
from tessera.core.administration.audit_chain import Walk
from tessera.core.changes import Change
from tessera.core.times import PurgeTime
from tessera.ports import Conflict, Search, Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT

TOPIC = Topic("audit")


def operation(name: str, **fields: object) -> changes.RecordAuditEntry:
    """An entry that has not been written yet."""
    made = changes.RecordAuditEntry(name, AT, "operator ada", "192.0.2.7", "application.create", "target", '{"a":1}')
    return msgspec.structs.replace(made, **fields)


def repeatable() -> list[Change]:
    """What can be committed again without harm."""
    return [
        operation("again"),
        changes.KeepRefusal("refused", AT, "{}"),
    ]


async def _expect_whole(store: Store, entries: int) -> None:
    walk = Walk()
    problems = [walk.step(entry) for entry in await store.audit_entries(-(2**63), 10_000)]
    expect(problems, [None] * entries, "what is wrong along the chain")


@TOPIC
async def entries_read_back_and_are_a_chain(stores: Stores) -> None:
    """An entry is as it was written, whatever its text, and numbers are handed out from 1 without a gap."""
    store = await stores()
    texts = ("", "12:3:", "-", "ž", "a\nb", "😀", "'")
    wanted = [operation(f"id {text}", actor=text, target=text, source=text) for text in texts]
    await store.commit(*wanted, operation("nowhere", source=None))
    found = await store.audit_entries(0, 100)
    expect([entry.number for entry in found], list(range(1, 9)), "the numbers")
    expect([(entry.actor, entry.target, entry.source) for entry in found[:-1]], [(text,) * 3 for text in texts])
    last = found[-1]
    told = (last.id, last.at, last.actor, last.source, last.action, last.target, last.detail)
    expect(told, ("nowhere", AT, "operator ada", None, "application.create", "target", '{"a":1}'), "the last")
    await _expect_whole(store, 8)


@TOPIC
async def an_entry_stands_or_falls_with_its_deed(stores: Stores) -> None:
    """A refused commit leaves no entry and no gap; an entry that is there already is not written again."""
    store = await stores()
    await store.commit(material.organization("Org"), operation("one"))
    broken = material.organization("Org")
    await expect_conflict(store, broken, operation("two"), broken)
    await expect_conflict(store, broken, broken, operation("two"))
    await store.commit(operation("one", target="another"), operation("three"))
    expect([(each.number, each.id, each.target) for each in await store.audit_entries(0, 9)],
           [(1, "one", "target"), (2, "three", "target")], "the entries")  # fmt: skip
    await _expect_whole(store, 2)


@TOPIC
async def many_writers_make_one_chain(stores: Stores) -> None:
    """Entries committed at once through two stores, some of them in vain, are one chain."""
    one, two = await stores(), await stores()
    await material.furnish(one)

    async def write(number: int) -> None:
        vain = [material.organization("Org")] if number % 5 == 0 else []
        try:
            await (one, two)[number % 2].commit(operation(f"a{number}"), *vain, operation(f"b{number}"))
        except Conflict:
            expect(number % 5, 0, "the writers that conflict")

    await asyncio.gather(*(write(number) for number in range(100)))
    await _expect_whole(two, 162)


@TOPIC
async def entries_are_found_newest_first(stores: Stores) -> None:
    """Entries are found by exact actor, action, target and time, before a number, so many at most."""
    store = await stores()
    await store.commit(
        operation("1"),
        operation("2", actor="server", source=None),
        operation("3", action="application.delete"),
        operation("4", target="TARGET"),
        operation("5", at=AT + 5),
    )

    async def found(search: Search, before: int = 100, limit: int = 100) -> list[int]:
        return [entry.number for entry in await store.audit_entries_before(before, limit, search)]

    expect(await found(Search()), [5, 4, 3, 2, 1], "all")
    expect(await found(Search(), 4, 2), [3, 2], "the page before the fourth")
    expect(await found(Search(actor="server")), [2], "by actor")
    expect(await found(Search(action="application.delete")), [3], "by action")
    expect(await found(Search(target="target")), [5, 3, 2, 1], "by target")
    expect(await found(Search(since=AT + 1)), [5], "by time")
    expect(await found(Search("operator ada", "application.create", "target", AT)), [5, 1], "by all")


@TOPIC
async def refusals_are_kept_and_purged(stores: Stores) -> None:
    """A refusal is read back as it was first written; the oldest go first, so many at a time."""
    store = await stores()
    await store.commit(*(changes.KeepRefusal(f"r{number}", AT + number, str(number)) for number in range(5)))
    await store.commit(changes.KeepRefusal("r1", AT, "another"))
    expect([await store.refusal("r1"), await store.refusal("none")], ["1", None], "what is kept")
    expect([await store.refusal_at(0), await store.refusal_at(4), await store.refusal_at(5)], [AT + 4, AT, None])
    expect(await store.refusals_with("r", 9), [], "refusals with a text that stands in none")
    await store.commit(changes.KeepRefusal("with%", AT - 2, "a%b_c"), changes.KeepRefusal("with", AT - 1, "xa%b_cx"))
    expect(await store.refusals_with("a%b_c", 9), ["xa%b_cx", "a%b_c"], "refusals with a text, the newest first")
    expect(await store.refusals_with("a%b_c", 1), ["xa%b_cx"], "so many at most")
    expect(await store.refusals_with("A%B_C", 9), [], "another text")
    await store.commit(changes.PurgeRefusals(PurgeTime(AT - 1), 0, 9))
    for until, beyond, left in ((AT + 1, 0, [2, 3, 4]), (0, AT + 3, [4])):
        expect(await store.purgeable(changes.PurgeRefusals, max(until, beyond)), True, "whether there is more to purge")
        await store.commit(changes.PurgeRefusals(PurgeTime(until), beyond, 2))
        expect([number for number in range(5) if await store.refusal(f"r{number}")], left, "what is left")
    expect(await store.purgeable(changes.PurgeRefusals, AT + 3), False, "whether there is more to purge")
