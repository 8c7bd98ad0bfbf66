"""Plans of earning rules for purchases: what a declaration changes of them, and what it refuses."""

from itertools import count
from typing import Any

import msgspec
import pytest

from tessera.core.errors import PlatformRefusal
from tessera.core.loyalty.declaration import Declaration, declared
from tessera.core.loyalty.plan import plan
from tessera.core.loyalty.points import UNITS
from tessera.core.loyalty.purchase_rules import PurchaseRule
from tests.core.loyalty.test_program_plan import AT, BEANS, LIVE, PROGRAM, STATUS

RULES = (
    PurchaseRule(1, "r-beans", "Beans for purchases", 1, UNITS, UNITS, "down", 0, (), (), "p-till"),
    PurchaseRule(2, "r-old", "Old rule", 2, UNITS, UNITS, "up", 0, retired=True),
)
WHOLE = msgspec.structs.replace(PROGRAM, purchase_rules=RULES)
RULE = {"name": "Beans for purchases", "account": "Beans", "points": 1, "source": "Till"}


def steps(**sections: Any) -> list[str]:
    """The steps of a plan, as lines."""
    numbers = count(1)
    planned = plan(WHOLE, msgspec.convert(sections, Declaration), lambda: f"new-{next(numbers)}", AT)
    return [f"{step.action} {step.what} {step.text}" for step in planned.steps]


STEPS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "everything as it is": ([RULE], []),
    "a rule changes and another comes": (
        [
            {**RULE, "points": 0.5, "per": 2, "minimum": 5, "channels": ["Web", "App"], "source": None},
            {"name": "New", "account": "Status", "points": 3, "rounding": "nearest", "excluded_items": ["g"]},
        ],
        [
            (
                "change purchase rule Beans for purchases: earns 1 Beans for each 1 -> 0.5 Beans for each 2,"
                " minimum none -> 5, channels none -> Web and App, source Till -> none"
            ),
            "add purchase rule New (earns 3 Status for each 1, rounding nearest, excluded_items g)",
        ],
    ),
    "a rule comes back and another goes": (
        [{"name": "Old rule", "account": "Status", "points": 1, "rounding": "up"}],
        ["restore purchase rule Old rule: brought back", "retire purchase rule Beans for purchases"],
    ),
    "a rule gets another name": (
        [{**RULE, "id": "r-beans", "name": "Beans"}],
        ["change purchase rule Beans for purchases: name Beans for purchases -> Beans"],
    ),
    "none any more": ([], ["retire purchase rule Beans for purchases"]),
}


@pytest.mark.parametrize("case", STEPS)
def test_the_steps_of_a_plan(case: str) -> None:
    """Every difference of a rule is one step, in words."""
    wanted, expected = STEPS[case]
    assert steps(purchases=wanted) == expected


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no points": ({"purchases": [{**RULE, "points": 0}]}, "purchases[0].points must be more than 0."),
    "for each nothing": ({"purchases": [{**RULE, "per": 0}]}, "purchases[0].per must be more than 0."),
    "a minimum below 0": ({"purchases": [{**RULE, "minimum": -1}]}, "purchases[0].minimum must be 0 or more."),
    "an unknown account": ({"purchases": [{**RULE, "account": "?"}]}, "purchases[0].account names no point account."),
    "an unknown source": ({"purchases": [{**RULE, "source": "?"}]}, "purchases[0].source names no point source."),
    "a name twice": ({"purchases": [RULE, RULE]}, "purchases[1].name stands there twice."),
    "a channel twice": (
        {"purchases": [{**RULE, "channels": ["Web", " web"]}]},
        "purchases[0].channels[1].name stands there twice.",
    ),
    "too many decimals": (
        {"purchases": [{**RULE, "points": 0.00001}]},
        "purchases[0].points has more than four decimals.",
    ),
    "a group in another case": (
        {"point_accounts": [BEANS, {**STATUS, "group": "tier"}]},
        "point_accounts[1].group must be Spend or Tier, written exactly so, or another label.",
    ),
    "a group with blanks": (
        {"point_accounts": [BEANS, {**STATUS, "group": " Spend"}]},
        "point_accounts[1].group must be Spend or Tier, written exactly so, or another label.",
    ),
    "names that read the same": (
        {"point_accounts": [BEANS, STATUS, {"name": "Be\u200bans\u00a0", "group": "Other"}]},
        "point_accounts[2].name reads the same as point_accounts[0].name. Choose another.",
    ),
    "names in two forms of Unicode": (
        {"point_sources": [{"name": "Caf\u00e9"}, {"name": "Cafe\u0301"}]},
        "point_sources[1].name reads the same as point_sources[0].name. Choose another.",
    ),
    "lookups that read the same": (
        {"events": [{"lookup": "a b"}, {"lookup": "a  b"}]},
        "events[1].lookup reads the same as events[0].lookup. Choose another.",
    ),
    "an account that rules earn in goes": (
        {"point_accounts": [STATUS], "events": []},
        "point_accounts leaves out an account in which purchases earn. Keep it, or declare purchases too.",
    ),
    "a source that rules name goes": (
        {"point_sources": [], "events": []},
        "point_sources leaves out a source that purchases name. Keep it, or declare purchases too.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_by_its_place(case: str) -> None:
    """A refusal names the place."""
    sections, expected = REFUSED[case]
    with pytest.raises(PlatformRefusal) as refusal:
        steps(**sections)
    assert refusal.value.public == expected


def test_an_account_goes_with_its_rules() -> None:
    """An account may go once the section of purchases no longer names it."""
    assert "retire point account Status" in steps(point_accounts=[BEANS], tier_systems=[], purchases=[RULE])


def test_what_a_program_is_declared_as_changes_nothing() -> None:
    """The declaration of rules plans nothing on them, and leaves out what is as it is by default."""
    form = declared(msgspec.structs.replace(LIVE, purchase_rules=RULES[:1]), "Org")

    assert plan(WHOLE, form, lambda: "new", AT).steps == ()
    assert msgspec.to_builtins(form)["purchases"] == [{**RULE, "id": "r-beans"}]
