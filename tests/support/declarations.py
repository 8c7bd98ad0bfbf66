"""Declarations of programs made at random, and what of one must come back when it was applied."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from tessera.core.loyalty.declaration import (
    AwardForm,
    Declaration,
    EventForm,
    PointAccountForm,
    PointSourceForm,
    PurchaseForm,
    TierLevelForm,
    TierSystemForm,
    amount,
)
from tessera.core.loyalty.purchase_rules import Rounding

NAMES = (
    "Beans", "Status points", "no", "1e5", "010", "-1.50", "2030-01-01", "~", "null", "true", "True", "NULL",
    "Caf\u00e9 \U0001f511", "- x", "a: b", "#x", "'", '"', " lead", "tail ", "\u2028", "a\u00a0b",
    "[]", "!tag", "&a", "*a", "12:30:00",
    "=", "<<", "x" * 255,
)  # fmt: skip
"""Names that are hard to write down."""

_name = st.sampled_from(NAMES)
_days = st.none() | st.integers(1, 36_500)
_points = st.integers(1, 10**15).map(lambda units: units / 10_000)


def _names(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(_name, min_size=least, max_size=most, unique=True)


@st.composite
def _levels(draw: st.DrawFn, accounts: list[str]) -> list[TierLevelForm]:
    names = draw(_names(1, 4))
    targets = sorted(draw(st.lists(_points, min_size=len(names) - 1, max_size=len(names) - 1, unique=True)))
    levels = [TierLevelForm(name=names[0])]
    for name, points in zip(names[1:], targets, strict=True):
        counted = draw(st.lists(st.sampled_from(accounts), min_size=1, max_size=3, unique=True))
        keep = draw(st.sampled_from([None, 0, points]))
        levels.append(TierLevelForm(name=name, points=points, accounts=counted, keep=keep))
    return levels


def _purchase(name: str, accounts: list[str], sources: list[str]) -> st.SearchStrategy[PurchaseForm]:
    return st.builds(
        PurchaseForm,
        name=st.just(name),
        account=st.sampled_from(accounts),
        points=_points,
        per=_points,
        rounding=st.sampled_from(Rounding),
        minimum=st.just(0) | _points,
        channels=st.lists(st.sampled_from(["web", "Store", "Caf\u00e9"]), unique=True),
        excluded_items=_names(0, 3),
        source=st.sampled_from([None, *sources]),
    )


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    """A whole program."""
    accounts = draw(_names(1, 4))
    sources = draw(_names(0, 3))
    award = st.builds(
        AwardForm, account=st.sampled_from(accounts), points=_points, source=st.sampled_from([None, *sources])
    )
    awards = st.lists(award, max_size=3, unique_by=lambda each: each.account)
    return Declaration(
        point_accounts=[
            PointAccountForm(name=name, group=draw(_name), lifetime_days=draw(_days), overdraw=draw(st.booleans()))
            for name in accounts
        ],
        point_sources=[PointSourceForm(name=name) for name in sources],
        tier_systems=[
            TierSystemForm(name=name, maintenance_days=draw(_days), levels=draw(_levels(accounts)))
            for name in draw(_names(0, 2))
        ],
        events=[
            EventForm(lookup=lookup, name=draw(st.none() | _name), awards=draw(awards)) for lookup in draw(_names(0, 3))
        ],
        purchases=[draw(_purchase(name, accounts, sources)) for name in draw(_names(0, 3))],
    )


def bare(declaration: Declaration) -> dict[str, Any]:
    """What a declaration says, without ids and without an order that means nothing."""
    value: dict[str, Any] = msgspec.to_builtins(declaration, builtin_types=(Decimal,))
    for member in ("organization", "retailer_id"):
        value.pop(member, None)
    for section, key in (("point_accounts", "name"), ("point_sources", "name"), ("tier_systems", "name"),
                         ("events", "lookup"), ("purchases", "name")):  # fmt: skip
        value[section] = sorted((_bare(each) for each in value[section]), key=lambda each: str(each[key]))
    return value


def _bare(thing: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in thing.items() if name != "id"}
    if "lookup" in said:
        said.setdefault("name", said["lookup"])
        said["awards"] = sorted((_units(each) for each in said.get("awards", [])), key=lambda each: each["account"])
    if "account" in said and "awards" not in said:
        said = _units(said)
    if "levels" in said:
        said["levels"] = [_units(_bare(level)) for level in said["levels"]]
    return said


def _units(thing: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = dict(thing)
    said |= {name: amount(value, name) for name, value in thing.items() if name in {"points", "keep", "per", "minimum"}}
    if said.get("keep") == said.get("points"):
        said.pop("keep", None)
    if "accounts" in said:
        said["accounts"] = sorted(said["accounts"])
    return said


def exchanged(declaration: Declaration) -> Declaration:
    """The same things, by their ids, with each other's names, and the levels of each system upside down."""
    said: dict[str, Any] = msgspec.to_builtins(declaration)
    for section, key in (("point_accounts", "name"), ("point_sources", "name"), ("tier_systems", "name"),
                         ("events", "lookup"), ("purchases", "name")):  # fmt: skip
        names = [each[key] for each in said[section]]
        for each, name in zip(said[section], names[1:] + names[:1], strict=True):
            each[key] = name
    for system in said["tier_systems"]:
        turned = system["levels"][::-1]
        system["levels"] = [
            {**{name: value for name, value in place.items() if name not in {"id", "name"}}, "id": level["id"],
             "name": level["name"]}
            for place, level in zip(system["levels"], turned, strict=True)
        ]  # fmt: skip
    return msgspec.convert(said, Declaration)
