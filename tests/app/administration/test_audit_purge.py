"""Refusals in the audit go when their time is over; everything else stays, and the chain shows tampering as before."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tessera.app.administration import audit, audit_purge
from tessera.app.management import purges
from tessera.core.administration.audit import REFUSED
from tessera.core.administration.audit_chain import Checkpoint, Entry, chained, checkpoint
from tessera.core.changes import RecordAuditEntry
from tessera.core.times import DAY
from tests.app.administration.test_audit import entries
from tests.support import engines
from tests.support.scene import Scene, play

KEPT_DAYS = 30


async def record(scene: Scene, *actions: str) -> list[int]:
    """Record entries of these actions, one a minute; their numbers."""
    numbers = []
    for action in actions:
        scene.clock.step(60)
        await scene.context.store.commit(
            RecordAuditEntry(scene.context.new_uuid(), scene.clock.now(), "server", None, action, "target", "{}")
        )
        numbers.append((await entries(scene))[-1].number)
    return numbers


async def shape(scene: Scene) -> list[str]:
    """The entries from the first recorded here on, a letter each, and checkpoints as the number of what they cover."""
    found: list[str] = []
    async for each in audit.told_in_order(scene.context):
        if isinstance(each, Checkpoint):
            found.append(str(each.last_number - each.first_number + 1))
        elif each.action in (REFUSED, "operation"):
            found.append(each.action[0])
    return found


async def whole(scene: Scene) -> bool:
    """Whether the chain verifies."""
    return (await audit.verify(scene.context, head=None, number=None)).whole


def test_old_refusals_go_and_deeds_stay(tmp_path: Path) -> None:
    """After their days refusals are replaced by one checkpoint between two entries; numbers go on, the newest stays."""

    async def scenario(scene: Scene) -> None:
        await record(scene, REFUSED, REFUSED, "operation", REFUSED, "operation", "operation", REFUSED)
        scene.clock.step(20 * 86_400)
        await record(scene, REFUSED, REFUSED)
        await scene.purge()
        assert await shape(scene) == ["c", "c", "o", "c", "o", "o", "c", "c", "c"]
        scene.clock.step(11 * 86_400)
        await scene.purge()
        assert await shape(scene) == ["2", "o", "1", "o", "o", "1", "c", "c"]
        assert await whole(scene)
        scene.clock.step(KEPT_DAYS * 86_400)
        await scene.purge()
        assert await shape(scene) == ["2", "o", "1", "o", "o", "2", "c"]
        last = (await entries(scene))[-1].number
        assert await record(scene, "operation") == [last + 1]
        await scene.purge()
        assert await shape(scene) == ["2", "o", "1", "o", "o", "3", "o"]
        verdict = await audit.verify(scene.context, head=None, number=None)
        assert (verdict.whole, verdict.purged, verdict.number) == (True, 6, last + 1)

    play(tmp_path, scenario)


def test_a_younger_refusal_between_older_ones_waits(tmp_path: Path) -> None:
    """Times need not be in the order of numbers: what is young stays, and joins the checkpoints beside it later."""

    async def scenario(scene: Scene) -> None:
        await record(scene, REFUSED)
        scene.clock.step(10 * 86_400)
        await record(scene, REFUSED)
        scene.clock.step(-10 * 86_400)
        await record(scene, REFUSED, "operation")
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        await scene.purge()
        assert await shape(scene) == ["1", "c", "1", "o"]
        assert await whole(scene)
        scene.clock.step(10 * 86_400)
        await scene.purge()
        assert await shape(scene) == ["3", "o"]
        assert await whole(scene)

    play(tmp_path, scenario)


def test_no_more_than_a_batch_goes_at_once(tmp_path: Path) -> None:
    """A long run goes in several commits, and ends as one checkpoint."""

    async def scenario(scene: Scene) -> None:
        many = 2 * audit_purge.RUN_MAX + 50
        operations = [
            RecordAuditEntry(f"r{n}", scene.clock.now(), "server", None, REFUSED, "c", "{}") for n in range(many)
        ]
        await scene.context.store.commit(*operations)
        await record(scene, "operation")
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        await purges.purge_all(scene.context)
        assert await shape(scene) == [str(many), "o"]
        assert await whole(scene)

    play(tmp_path, scenario)


def _forged(first: Entry, last: Entry) -> Checkpoint:
    """A checkpoint over these entries and those between, by somebody who has the database and not the pepper."""
    return checkpoint(b"a guess", first.number, last.number, chained("", 0), last.hash)


FORGED = (
    "insert into audit_checkpoint (first_number, last_number, previous_hash, last_hash, seal) values ({number},"
    " {number}, '{before}', '{hash}', '{seal}')"
)
TAMPERED: Sequence[tuple[str, Sequence[str], str]] = (
    ("an operation after a checkpoint", ["delete from audit_entry where number = {number}"], "missing before entry"),
    (
        "an operation, with the checkpoint drawn over it",
        [
            "delete from audit_entry where number = {number}",
            "update audit_checkpoint set last_number = {number}, last_hash = '{hash}' where last_number = {number} - 1",
        ],
        "is not genuine",
    ),
    (
        "an operation, with a checkpoint made for it",
        ["delete from audit_entry where number = {number}", FORGED],
        "is not genuine",
    ),
    (
        "an operation, with the seal of another checkpoint",
        ["delete from audit_entry where number = {number}", FORGED.replace("{seal}", "{genuine}")],
        "is not genuine",
    ),
    ("a checkpoint", ["delete from audit_checkpoint where last_number = {number} - 1"], "missing before entry"),
    (
        "the hash of a checkpoint",
        ["update audit_checkpoint set last_hash = '{before}' where last_number = {number} - 1"],
        "is not genuine",
    ),
    (
        "an operation before a checkpoint, with its hash made anew",
        ["update audit_entry set actor = 'eve', hash = '{remade}' where number = {earlier}"],
        "does not agree with the checkpoint after it",
    ),
)


@pytest.mark.parametrize(("what", "statements", "told"), TAMPERED, ids=[each[0] for each in TAMPERED])
def test_tampering_with_a_purged_chain_is_found(
    tmp_path: Path, what: str, statements: Sequence[str], told: str
) -> None:
    """A removed or changed entry beside a checkpoint, and a forged checkpoint, are reported."""

    async def scenario(scene: Scene) -> None:
        earlier, _, _, number, _ = await record(scene, "operation", REFUSED, REFUSED, "operation", "operation")
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        await scene.purge()
        assert await whole(scene)
        known = {each.number: each for each in await entries(scene)}
        (stands,) = await audit.checkpoints(scene.context)
        first, operation = known[earlier], known[number]
        fields = (first.id, first.at, "eve", first.source, first.action, first.target, first.detail)
        values = {
            "number": number, "earlier": earlier, "hash": operation.hash, "before": first.hash, "genuine": stands.seal,
            "seal": _forged(operation, operation).seal, "remade": chained(known[earlier - 1].hash, earlier, *fields),
        }  # fmt: skip
        with engines.writing(scene.folder) as database:
            for statement in statements:
                database.rows(statement.format(**values))
        await asyncio.sleep(0)  # reads of one turn are of one moment
        verdict = await audit.verify(scene.context, head=None, number=None)
        assert any(told in each for each in verdict.shown), (what, verdict.shown)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set target = 'another' where number = {refused}",
        "delete from audit_entry where number = {refused}",
        "delete from audit_entry where number = {refused} - 2",
        "update audit_checkpoint set seal = 'x'",
    ],
)
def test_a_purge_covers_up_nothing(tmp_path: Path, statement: str) -> None:
    """Tampering from before a purge is not hidden by it: it is still reported afterwards."""

    async def scenario(scene: Scene) -> None:
        await record(scene, REFUSED, "operation", REFUSED)
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        refused, *_ = await record(scene, REFUSED, REFUSED, "operation")
        await scene.purge()
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        with engines.writing(scene.folder) as database:
            database.rows(statement.format(refused=refused))
        await asyncio.sleep(0)
        before = (await audit.verify(scene.context, head=None, number=None)).shown
        await scene.purge()
        after = (await audit.verify(scene.context, head=None, number=None)).shown
        assert before
        assert after

    play(tmp_path, scenario)


def test_a_head_that_was_noted_can_still_be_compared(tmp_path: Path) -> None:
    """The head that is printed is never purged; of a purged run the last entry can be compared, others cannot."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        operation, first, last = await record(scene, "operation", REFUSED, REFUSED)
        hashes = {each.number: each.hash for each in await entries(scene)}
        noted = await audit.verify(context, head=None, number=None)
        assert (noted.number, noted.hash) == (operation, hashes[operation])
        await record(scene, "operation")
        scene.clock.step((KEPT_DAYS + 1) * 86_400)
        await scene.purge()
        assert (await audit.verify(context, head=noted.hash, number=noted.number)).whole
        assert (await audit.verify(context, head=hashes[last], number=last)).whole
        (other,) = (await audit.verify(context, head=hashes[first], number=last)).shown
        assert "another hash" in other
        (gone,) = (await audit.verify(context, head=hashes[first], number=first)).shown
        assert "deleted when its time was over" in gone
        assert scene.context.settings.audit_refusals_retention_days * DAY == KEPT_DAYS * DAY

    play(tmp_path, scenario)
