"""The loyalty program of a caller's organization."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.core.errors import (
    NotFound,
)
from tessera.core.loyalty.program import Program
from tessera.core.text import same_id

T = TypeVar("T")


async def program(context: Context, organization: int) -> Program:
    """The loyalty program of an organization. Raises NotFound when it is gone."""
    programs = context.directory.programs
    known = programs.known.get(organization) or await programs.get(organization)
    if known is None:
        raise NotFound("The organization does not exist any more.")
    return known


async def with_program(context: Context, organization: int, make: Callable[[Program], T]) -> T:
    """What `make` makes of an organization's program.

    When the program in memory lacks a level or an account, which another process may just have added, it is read anew
    and `make` called again. Raises NotFound when the organization is gone.
    """
    try:
        return make(await program(context, organization))
    except LookupError:
        context.directory.programs.drop(organization)
        return make(await program(context, organization))


async def own_retailer(context: Context, caller: Caller, retailer_id: str, member: str = "retailer_id") -> Program:
    """The program that `retailer_id` names, under that name as it was sent, which is how it is echoed.

    Raises NotFound, naming the member in which it was sent, unless it is the caller's own.
    """
    known = await program(context, caller.organization)
    if not same_id(known.retailer_id, retailer_id):
        raise NotFound(f"{member} names no retailer of your organization.", sent=retailer_id)
    return known_as(known, retailer_id)


def known_as(loyalty: Program, retailer_id: str) -> Program:
    """A program under the name by which a caller knows it: a UUID may be in upper case."""
    if loyalty.retailer_id == retailer_id:
        return loyalty
    return msgspec.structs.replace(loyalty, retailer_id=retailer_id)
