"""Moving a customer's standing: read, decide, commit; read and decide again when somebody was quicker.

What moves points or levels decides on a book (`open_settled`), in which what was due has happened, and closes it for
the changes.

The first try is made at once. When others move the same customer meanwhile, this process lets its own callers go one
after the other, so that many at once on one customer all come through.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import program
from tessera.core.administration.audit import Actor
from tessera.core.changes import Change, JoinTier
from tessera.core.customers.customers import Customer
from tessera.core.errors import Unavailable, UserNotFound
from tessera.core.loyalty.ledger_session import LedgerSession, Owner
from tessera.core.loyalty.program import Program
from tessera.ports import Conflict

T = TypeVar("T")

Decide = Callable[[Customer], Awaitable[tuple[T, list[Change]]]]
"""Comes to an outcome and to changes, from a customer as it was read. It commits nothing, and may be called again."""

ATTEMPTS_MAX = 50
"""How often a move is decided anew when other processes moved the same customer meanwhile."""


NO_CUSTOMER = "No such customer in your organization."


async def move(
    context: Context,
    organization: int,
    customer_id: str,
    decide: Decide[T],
    by: Actor | None = None,
) -> T:
    """Commit what `decide` comes to for this customer, and return its outcome; `by` is who does it, for the audit.

    Raises UserNotFound, Unavailable when too many processes move the same customer, and what `decide` raises.
    """
    tried = await _attempt(context, organization, customer_id, decide, by)
    if tried is not None:
        return tried[0]
    async with context.state.customer_locks.turn(customer_id):
        for _ in range(ATTEMPTS_MAX):
            tried = await _attempt(context, organization, customer_id, decide, by)
            if tried is not None:
                return tried[0]
    raise Unavailable("Too many requests for this customer at once. Send it again.")


async def move_named(
    context: Context,
    organization: int,
    find: Callable[[], Awaitable[str]],
    decide: Decide[T],
    by: Actor | None = None,
) -> T:
    """The same for the customer whose id `find` gives, which is asked again when that one was merged meanwhile.

    Raises as `move` and `find` do.
    """
    customer_id = await find()
    while True:
        try:
            return await move(context, organization, customer_id, decide, by)
        except UserNotFound:
            former, customer_id = customer_id, await find()
            if customer_id == former:
                raise


async def _attempt(
    context: Context,
    organization: int,
    customer_id: str,
    decide: Decide[T],
    by: Actor | None,
) -> tuple[T] | None:
    """Read, decide and commit once; the outcome, or None when somebody else has moved the customer meanwhile."""
    customer = await context.store.customer(organization, customer_id)
    if customer is None:
        raise UserNotFound(NO_CUSTOMER)
    try:
        outcome, changes = await decide(customer)
    except LookupError:
        # The program in memory may lack a level or an account that another process has just added: read it again.
        context.directory.programs.drop(organization)
        outcome, changes = await decide(customer)
    if not changes:
        return (outcome,)
    try:
        await context.commit(*changes, by=by)
    except Conflict as conflict:
        if isinstance(conflict.change, JoinTier):  # perhaps to a level that another process just took away
            context.directory.programs.drop(organization)
        return None
    return (outcome,)


async def open_settled(
    context: Context, organization: int, customer: Customer, request: str | None = None
) -> tuple[LedgerSession, int]:
    """Open a customer's book and let happen what is due by now; the book and the time. Close it for the changes."""
    now = context.clock.now()
    session = open_session(context, customer, await program(context, organization), request)
    session.settle(now)
    return session, now


def open_session(context: Context, customer: Customer, program: Program, request: str | None = None) -> LedgerSession:
    """The book of a customer as it was read."""
    owner = Owner(customer.number, customer.id, customer.version)
    return LedgerSession(owner, customer.stands(), program, context.new_uuid, request)
