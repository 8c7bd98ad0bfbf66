"""Kill -9 under 32 callers who buy, return, deposit, spend and merge: each is done once, and the ledger agrees."""

import random
from pathlib import Path

import pytest

from tests.cli.command import run
from tests.faults.conftest import Scenes
from tests.faults.points import ARMED
from tests.faults.shoppers import beans, crowd
from tests.faults.stage import ENGINES

pytestmark = pytest.mark.alone

SEED = 7


@pytest.mark.parametrize("on", ENGINES)
def test_the_ledger_agrees_after_every_kill(scenes: Scenes, on: str, tmp_path: Path) -> None:
    """At any moment, before a commit and after one: everything answered is there, once, and all adds up."""
    stage, chance = scenes(on, False).stage, random.Random(SEED)
    before = {name: units for name, (_, units) in beans(stage).items()}
    node = stage.start()
    with crowd(stage, tmp_path / "ledger") as shopping:
        shopping.answered(4)
        node.kill()
        for point in ("before-commit", "after-commit"):
            node = stage.start(port=node.port, module=ARMED, FAULTS_ARMED=f"{point}:{chance.randint(10, 40)}")
            node.wait_killed()
        stage.start(port=node.port)
        shopping.answered()
        shopping.finish()
        complaints = shopping.complaints(before)
    assert complaints == []
    assert shopping.resent > 10
    assert min(shopping.done[kind] for kind in ("purchase", "return", "merge", "deposit", "spend_multiple")) > 10, (
        shopping.done
    )
    database = [] if stage.url is None else ["--database", stage.url]
    examined = run("doctor", "--ledger", "--json", "--data-dir", stage.folder, *database)
    levels = {each["about"]: each["level"] for each in examined.document["findings"]}
    assert (examined.code, levels["ledger"]) == (0, "ok"), examined
