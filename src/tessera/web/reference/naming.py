"""The names of the document: of its types, and of its operations. They become names in everybody's generated code.

A type is named after the struct that it is made from, an operation after its address, in the words of the domain.
Where those say it badly, `TYPES` says it better for a type, and `Operation.name` for an operation.
"""

import re
from collections.abc import Mapping, Sequence

from tessera.web.routes import Route

TYPES = {
    "Action": "ProgramStepAction",
    "Active": "ActiveToken",
    "Applied": "ProgramChange",
    "Constraint": "TierRuleConstraint",
    "CreateUser": "CreateCustomerRequest",
    "CustomerHappened": "CustomerEvent",
    "Declaration": "ProgramDeclaration",
    "Inactive": "InactiveToken",
    "LevelView": "TierLevel",
    "ManyUsers": "CustomersReply",
    "NewCustomer": "CustomerCreation",
    "OneUser": "CustomerReply",
    "OwnProfile": "CustomProfileReply",
    "Player": "ListedCustomer",
    "Players": "CustomerPageReply",
    "RuleResult": "TierRuleResult",
    "RuleView": "TierRule",
    "Step": "ProgramStep",
    "Summary": "BalanceSummary",
    "TierLevelView": "TierMembership",
    "Triggered": "UserEventResult",
    "UpdateUser": "UpdateCustomerRequest",
    "User": "Customer",
}
"""Structs whose own names say too little outside of their module, or are not in the words of the domain."""

ENDINGS = {"View": "", "Form": "Declaration"}
"""What a struct's name may end with, and what a type's name then ends with."""

ENVELOPE = "Payload"

_MODULES = re.compile(r"\b(?:\w+\.)+(?=\w)")
_GENERIC = re.compile(r"(\w+)\[(.+)\]")
_VERSION = re.compile(r"v?\d+(?:\.\d+)?")
_WORD = re.compile(r"[A-Za-z0-9]+")
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete"}
_BY = {"external_id": "ByExternalId"}


def type_names(titles: Mapping[str, str]) -> dict[str, str]:
    """The name for each type, given its title, which is its Python type.

    Raises ValueError when two types would have one name, and for a type that is called as the maker of another one in
    Go, `NewThing` of `Thing`.
    """
    names = {key: type_name(title) for key, title in titles.items()}
    seen: dict[str, str] = {}
    for key, name in names.items():
        if seen.setdefault(name, key) != key:
            raise ValueError(f"two types would have the name {name}: {seen[name]} and {key}. Rename one of them.")
    for name in seen:
        if name.removeprefix("New") != name and name.removeprefix("New") in seen:
            raise ValueError(f"{name} is what Go calls the maker of {name.removeprefix('New')}. Rename it.")
    return names


def type_name(title: str) -> str:
    """The name of a type: without modules, an envelope as the reply that it is, what is in it first."""
    title = _MODULES.sub("", title)
    generic = _GENERIC.fullmatch(title)
    if generic is None:
        return TYPES.get(title) or _ended(title)
    outer, inner = generic[1], "".join(type_name(each.strip()) for each in generic[2].split(","))
    return f"{inner.removesuffix('Answer')}Reply" if outer == ENVELOPE else inner + outer


def _ended(name: str) -> str:
    for ending, instead in ENDINGS.items():
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending) + instead
    return name


def operation_id(route: Route, first: Route | None = None) -> str:
    """The name of an operation; at another address than its `first` one, that name and what is different there."""
    if first is not None and first.path != route.path:
        there = _segments(first.path)
        other = [each for each in _segments(route.path) if each not in there] or _segments(route.path)
        return f"{operation_id(first)}At{''.join(_capital(_version(each)) for each in other)}"
    name = route.operation.name if route.operation is not None else ""
    return (name or _from_address(route)) + "".join(_BY.get(each, "") for each in _places(route.path))


def _from_address(route: Route) -> str:
    """A verb and the words at the end of an address: an action there, as in `movement/move_user`, is all of it."""
    told = "external" if "{external_id}" in route.path else ""
    words = [each for each in _segments(route.path) if each not in ("priv", "api", "apps", told)]
    words = [each for each in words if not _VERSION.fullmatch(each)]
    if route.method == "POST" and "_" in words[-1]:
        return _camel(words[-1])
    if route.method == "POST" and "{" not in route.path and len(words) > 1:
        return _camel(words[-1]) + _capital(words[-2])
    return _VERBS.get(route.method, route.method.lower()) + "".join(map(_capital, words))


def _segments(path: str) -> list[str]:
    return [each for each in path.split("/") if each and not each.startswith("{")]


def _places(path: str) -> Sequence[str]:
    return [each[1:-1] for each in path.split("/") if each.startswith("{")]


def _version(segment: str) -> str:
    return f"v{segment.removesuffix('.0')}" if _VERSION.fullmatch(segment) else segment


def _capital(segment: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in _WORD.findall(segment))


def _camel(segment: str) -> str:
    whole = _capital(segment)
    return whole[:1].lower() + whole[1:]
