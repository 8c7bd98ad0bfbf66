"""Ids in a declaration: those of UUIDs in any case."""

from typing import Any

import msgspec
import pytest

from tessera.core.errors import PlatformRefusal
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.plan import plan
from tessera.core.loyalty.points import TIER, PointAccount
from tessera.core.loyalty.program import Program
from tests.core.loyalty.test_program_plan import AT, HIGH, LOW, STATUS, planned


def test_an_id_in_upper_case_is_the_same_id() -> None:
    """UUIDs of everything that has one: what is there is found by them, and renamed; new things get them as stored."""
    ids = [f"0190f1de-0000-7000-8000-00000000000{letter}" for letter in "abcdef"]
    sections: dict[str, Any] = {
        "point_accounts": [{**STATUS, "id": ids[0]}],
        "point_sources": [{"name": "Till", "id": ids[1]}],
        "tier_systems": [{"name": "Club", "id": ids[2], "levels": [{**LOW, "id": ids[3]}, {**HIGH, "id": ids[4]}]}],
        "events": [{"lookup": "survey", "id": ids[5]}],
    }
    declaration = msgspec.convert(sections, Declaration)
    shouted = msgspec.json.decode(msgspec.json.encode(declaration).replace(b"f1de", b"F1DE"), type=Declaration)
    empty = Program(1, "retailer", (), (), (), (), 1)
    new = plan(empty, shouted, lambda: "new", AT)
    assert {each.id for each in new.brought} == set(ids)
    there = Program(1, "retailer", (PointAccount(1, ids[0], "Old", TIER),), (), (), (), 1)
    renamed = plan(there, msgspec.structs.replace(shouted, tier_systems=[]), lambda: "new", AT)
    assert [step.text for step in renamed.steps if step.action == "change"] == ["Old: name Old -> Status"]
    with pytest.raises(PlatformRefusal, match="stands there twice"):
        planned(point_sources=[{"name": "A", "id": ids[0]}, {"name": "B", "id": ids[0].upper()}])
