"""Planning things that have a name: made, changed, brought back when they are named again, retired when left out."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tessera.core.changes import Change
from tessera.core.loyalty.drafts import PARKED, Action, Draft, differences, match, refuse_other_s_names, told


class Kind(NamedTuple):
    """A kind of thing that has a name, and is retired when it is left out."""

    what: str
    section: str
    member: str
    add: Callable[[int, str, Any], Change]
    set: Callable[[int, str, Any, str, int | None], Change]
    facts: Callable[[Any], dict[str, object]]


def plan_named(draft: Draft, kind: Kind, known: Sequence[Any], wanted: Sequence[Any]) -> dict[str, str]:
    """Plan the things of one kind; the ids of those that are there afterwards, by name."""

    def name_of(each: object) -> str:
        name: str = getattr(each, kind.member)
        return name

    found, left = match(known, wanted, name_of, is_retired)
    names = [name_of(form) for form in wanted]
    refuse_other_s_names(kind.section, kind.member, names, [name_of(known[index]) for index in left])
    owner = draft.organization
    for name, index in zip(names, found, strict=True):
        holder = next((each for each in known if name_of(each) == name), None)
        if holder is not None and (index is None or holder is not known[index]):
            draft.changes.append(kind.set(owner, holder.id, holder, f"{PARKED}{holder.id}", None))
    ids = {}
    for place, (name, form, index) in enumerate(zip(names, wanted, found, strict=True)):
        if index is None:
            ids[name] = draft.new_id(form.id, f"{kind.section}[{place}]")
            draft.step(Action.ADD, kind.what, name + told(kind.facts(form)), kind.add(owner, ids[name], form))
            continue
        before = known[index]
        ids[name] = before.id
        set_ = kind.set(owner, before.id, form, name, None)
        told_ = differences({kind.member: name_of(before), **kind.facts(before)},
                            {kind.member: name, **kind.facts(form)})  # fmt: skip
        if before.retired:
            draft.step(Action.RESTORE, kind.what, ": ".join([name, ", ".join(["brought back", *told_])]), set_)
        elif told_:
            draft.step(Action.CHANGE, kind.what, f"{name_of(before)}: {', '.join(told_)}", set_)
    for index in left:
        gone = known[index]
        if not gone.retired:
            name = name_of(gone)
            draft.step(Action.RETIRE, kind.what, name, kind.set(owner, gone.id, gone, name, draft.at))
    return ids


def is_retired(each: object) -> bool:
    """Tell whether a thing was retired."""
    return bool(getattr(each, "retired", False))
