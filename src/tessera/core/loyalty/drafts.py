"""A plan while it is drawn up: what was decided so far, how things are found again, how differences are told."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import msgspec

from tessera.core.changes import Change
from tessera.core.errors import ArgumentError, Validation
from tessera.core.loyalty.points import number
from tessera.core.loyalty.program import Program

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

PARKED = "\x01"
"""Begins the name that a thing has in the middle of a commit in which another takes its own; no name has it."""


class Action(StrEnum):
    """What happens to a thing."""

    ADD = "add"
    CHANGE = "change"
    RESTORE = "restore"
    RETIRE = "retire"
    REMOVE = "remove"


class Step(msgspec.Struct, frozen=True):
    """One thing that happens, in words: `what` is the kind of thing, `text` names it and says how."""

    action: Action
    what: str
    text: str


class Leaving(NamedTuple):
    """A tier level (by number) that goes, if no customer holds it; `place` is its tier system in the declaration."""

    number: int
    name: str
    system: str
    place: str


class Imported(NamedTuple):
    """An id that was imported for a new thing, and where it stands."""

    id: str
    place: str


class Draft:
    """What a plan is written into. `new_id` hands out ids, `at` is when what goes is retired."""

    def __init__(self, program: Program, new_id: Callable[[], str], at: int) -> None:
        self.program = program
        self.organization = program.organization
        self.at = at
        self.steps: list[Step] = []
        self.changes: list[Change] = []
        self.leaving: list[Leaving] = []
        self.brought: list[Imported] = []
        self._new_id = new_id

    def new_id(self, wanted: str | None = None, place: str = "") -> str:
        """An id for something new, the wanted one if it can be one. Raises ArgumentError."""
        if wanted is None:
            return self._new_id()
        if not UUID.fullmatch(wanted):
            raise ArgumentError(
                f"{place}.id names nothing that is there, and for something new must be a UUID.", sent=wanted
            )
        self.brought.append(Imported(wanted, f"{place}.id"))
        return wanted

    def step(self, action: Action, what: str, text: str, *changes: Change) -> None:
        """One step, with the changes that do it."""
        self.steps.append(Step(action, what, text))
        self.changes += changes


class Known(Protocol):
    """Something that is there."""

    @property
    def id(self) -> str:
        """Its id."""


class Wanted(Protocol):
    """Something as it is declared."""

    @property
    def id(self) -> str | None:
        """Its id, if it was given."""


class Members(dict[str, Any]):
    """Values by the id of what they are of, in whatever order; `text` is how people read them."""

    def __init__(self, values: Mapping[str, Any] | None = None, text: str = "") -> None:
        super().__init__(values or {})
        self.text = text

    def __str__(self) -> str:
        return self.text


class Matched(NamedTuple):
    """Each wanted thing (by its place) with the number of what is there already, and what is there and not wanted."""

    found: list[int | None]
    left: list[int]


def match(
    known: Sequence[Known],
    wanted: Sequence[Wanted],
    name_of: Callable[[object], str],
    retired: Callable[[object], bool],
) -> Matched:
    """Find what is there: by its id, or else by its name, what is not retired first."""
    by_id = {each.id: index for index, each in enumerate(known)}
    found = [None if form.id is None else by_id.get(form.id) for form in wanted]
    claimed = {index for index in found if index is not None}
    by_name: dict[str, int] = {}
    for index, each in enumerate(known):
        name = name_of(each)
        if index not in claimed and (name not in by_name or not retired(each) or retired(known[by_name[name]])):
            by_name[name] = index
    for place, form in enumerate(wanted):
        if form.id is None:
            found[place] = by_name.pop(name_of(form), None)
    claimed = {index for index in found if index is not None}
    return Matched(found, [index for index in range(len(known)) if index not in claimed])


def refuse_other_s_names(place: str, member: str, names: Sequence[str], others: Iterable[str]) -> None:
    """Nothing takes the name of what is not in the declaration. Raises Validation."""
    held = set(others)
    for index, name in enumerate(names):
        if name in held:
            raise Validation(
                f"{place}[{index}].{member} belongs to another one with another id. Leave the id out, or choose another"
                f" {member}.",
                sent=name,
            )


def account_named(accounts: Mapping[str, str], name: str, place: str) -> str:
    """The id of the account with this name. Raises Validation."""
    if name not in accounts:
        raise Validation(f"{place} names no point account.", sent=name)
    return accounts[name]


def inverse(ids: Mapping[str, str]) -> dict[str, str]:
    """Names by id, from ids by name."""
    return {id: name for name, id in ids.items()}


def told(members: Mapping[str, object]) -> str:
    """What a new thing is like, in brackets."""
    said = ", ".join(f"{name} {_shown(value)}" for name, value in members.items() if value is not None)
    return f" ({said})" if said else ""


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What changes of a thing."""
    return [
        f"{name} {_shown(before.get(name))} -> {_shown(value)}"
        for name, value in after.items()
        if value != before.get(name)
    ]


def points_text(units: int) -> str:
    """An amount as people read it."""
    return f"{number(units)}"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
