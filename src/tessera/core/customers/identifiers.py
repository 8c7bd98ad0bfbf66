"""Identifiers: the external ids of a customer, the latest last, and what a request does to them."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core import external_ids
from tessera.core.errors import Validation
from tessera.core.text import Line, Text

IDENTIFIERS_MAX = 100
"""External ids that one customer may have."""

DEFAULT_TYPE = "default"


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """One id by which another system knows the customer."""

    external_id: str
    external_id_type: str


class SentIdentifier(msgspec.Struct, frozen=True):
    """One id by which another system knows the customer; its type stays, or is `default`, when it is left out."""

    external_id: Text
    external_id_type: Line | UnsetType = UNSET


def given(
    external_id: str | UnsetType,
    external_id_type: str | UnsetType,
    identifiers: Sequence[SentIdentifier] | UnsetType,
) -> list[SentIdentifier]:
    """The ids that a request gives, each once and in its one form; `external_id` is the latest of them.

    Raises Validation for what cannot be an external id, and for a type without one.
    """
    found: dict[str, SentIdentifier] = {}
    for place, each in enumerate([] if identifiers is UNSET else identifiers):
        name = external_ids.checked(each.external_id, f"identifiers[{place}].external_id")
        found[name] = SentIdentifier(name, each.external_id_type)
    if external_id is UNSET and external_id_type is not UNSET:
        raise Validation(
            "external_id_type is given without external_id, whose type it is. Send both, or neither.",
            sent=external_id_type,
        )
    if external_id is not UNSET:
        name = external_ids.checked(external_id)
        listed = found.pop(name, None)
        kind = listed.external_id_type if listed is not None and external_id_type is UNSET else external_id_type
        found[name] = SentIdentifier(name, kind)
    return list(found.values())


def combined(known: Sequence[Identifier], sent: Sequence[SentIdentifier], *, clear: bool = False) -> list[Identifier]:
    """The identifiers of a customer with those that were sent, or these alone. Raises Validation for too many."""
    types = {each.external_id: each.external_id_type for each in known}
    after = {} if clear else dict(types)
    for each in sent:
        kept = types.get(each.external_id, DEFAULT_TYPE)
        after[each.external_id] = kept if each.external_id_type is UNSET else each.external_id_type
    if len(after) > IDENTIFIERS_MAX:
        raise Validation(f"external_id: a customer has at most {IDENTIFIERS_MAX}.")
    return [Identifier(*each) for each in after.items()]
