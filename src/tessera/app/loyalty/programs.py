"""What is done with loyalty programs: propose a change, make it, write a program down as it is declared."""

from collections.abc import Iterable
from typing import NamedTuple

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import own_retailer
from tessera.app.operators import OperatorError, check_text, commit
from tessera.app.organizations import organizations
from tessera.core.administration.audit import Actor
from tessera.core.changes import AddOrganization
from tessera.core.errors import ArgumentError, ChangedMeanwhile, NotFound, Validation
from tessera.core.loyalty.declaration import Declaration, declared
from tessera.core.loyalty.drafts import UUID, Imported, Leaving
from tessera.core.loyalty.plan import Plan, plan
from tessera.core.loyalty.program import Program
from tessera.core.organizations import OrganizationRecord
from tessera.core.text import canonical_id, same_id
from tessera.ports import Conflict

HOLDERS_MAX = 10_000
"""Up to how many customers who hold a level are counted."""

MEANWHILE = "The program changed meanwhile, and nothing was done. Look at the plan again."


class Held(NamedTuple):
    """A level that cannot go, and how many customers hold it."""

    level: Leaving
    customers: int

    @property
    def sentence(self) -> str:
        """What is in the way, by name, and what to do."""
        many = "1 customer holds" if self.customers == 1 else f"{_count(self.customers)} customers hold"
        return (
            f"{many} the tier level {self.level.name} of {self.level.system}, which is left out. Move them to"
            " another level (movement/move_user), or keep it."
        )


class Proposal(NamedTuple):
    """What would happen to the program of an organization, and the levels that are in the way of it."""

    organization: int
    plan: Plan
    held: list[Held]


async def propose(context: Context, organization: int, wanted: Declaration) -> Proposal:
    """Plan the way to what is wanted, from the database as it is now.

    Raises NotFound when the organization is gone, and ArgumentError, MissingData and Validation for a declaration that
    cannot be.
    """
    whole = await context.store.whole_program(organization)
    if whole is None:
        raise NotFound("The organization does not exist any more.")
    return await _proposal(context, whole, wanted)


async def _proposal(context: Context, whole: Program, wanted: Declaration) -> Proposal:
    planned = plan(whole, wanted, context.new_uuid, context.clock.now())
    await _check_free(context, planned.brought)
    counted = [Held(level, await context.store.holders(level.number, HOLDERS_MAX + 1)) for level in planned.leaving]
    return Proposal(whole.organization, planned, [held for held in counted if held.customers])


async def _check_free(context: Context, brought: Iterable[Imported]) -> None:
    for each in brought:
        if await context.store.is_taken(each.id):
            raise ArgumentError(
                f"{each.place} is the id of something else. Leave it out, and one is made.", sent=each.id
            )


def _count(customers: int) -> str:
    return f"more than {HOLDERS_MAX}" if customers > HOLDERS_MAX else str(customers)


async def carry_out(context: Context, proposal: Proposal, by: Actor | None = None) -> None:
    """Do what was proposed, in one commit, as done `by` somebody else than who acts in this process.

    Raises Validation for a level that customers hold, ChangedMeanwhile.
    """
    for held in proposal.held:
        raise Validation(
            f"{held.level.place} leaves out a level that customers hold: {_count(held.customers)}. Move them to"
            " another level, or keep it."
        )
    try:
        await context.commit(*proposal.plan.changes, by=by)
    except Conflict:
        raise ChangedMeanwhile(MEANWHILE) from None


class Draft(NamedTuple):
    """What an operator is shown before anything is done; `organization` is None for one that is still to be made."""

    name: str
    organization: OrganizationRecord | None
    retailer_id: str
    proposal: Proposal


async def draft(context: Context, wanted: Declaration, org: str | None) -> Draft:
    """What a declaration would do to the organization that it or `org` names, or to the only one there is.

    Raises OperatorError, and as `propose` does.
    """
    if None not in (org, wanted.organization) and org != wanted.organization:
        raise OperatorError("organization_named_differently")
    known = {each.name: each for each in await context.store.organizations()}
    if wanted.organization is not None and wanted.organization not in known:
        return await _first_draft(context, wanted, wanted.organization)
    found = await organizations.find(context, org or wanted.organization)
    if wanted.retailer_id is not None and not same_id(wanted.retailer_id, found.retailer_id):
        raise OperatorError("retailer_id_differs", name=found.name)
    return Draft(found.name, found, found.retailer_id, await propose(context, found.number, wanted))


async def _first_draft(context: Context, wanted: Declaration, name: str) -> Draft:
    check_text("organization", name)
    retailer_id = canonical_id(wanted.retailer_id or context.new_uuid())
    if not UUID.fullmatch(retailer_id):
        raise OperatorError("retailer_id_malformed")
    return Draft(name, None, retailer_id, await _proposal(context, Program(0, retailer_id, (), ()), wanted))


async def carry_out_draft(context: Context, drawn: Draft, wanted: Declaration) -> None:
    """Do what an operator was shown. An organization that is new is made first, in a commit of its own.

    Raises OperatorError, Validation, ChangedMeanwhile.
    """
    proposal = drawn.proposal
    if drawn.organization is None:
        await commit(context, AddOrganization(drawn.name, drawn.retailer_id, context.clock.now()))
        made = await organizations.find(context, drawn.name)
        proposal = await propose(context, made.number, wanted)
    if proposal.plan.steps:
        await carry_out(context, proposal)


async def export(context: Context, organization: OrganizationRecord) -> Declaration:
    """The program of an organization as it is declared. Raises NotFound when the organization is gone."""
    found = await context.store.program(organization.number)
    if found is None:
        raise NotFound("The organization does not exist any more.")
    return declared(found, organization.name)


async def fetch(context: Context, caller: Caller, retailer_id: str) -> Declaration:
    """The caller's program as it is declared. Raises NotFound for a retailer that is not the caller's."""
    found = await own_retailer(context, caller, retailer_id)
    return declared(found, (await _own(context, caller)).name)


async def apply(context: Context, caller: Caller, retailer_id: str, wanted: Declaration, *, dry_run: bool) -> Proposal:
    """Make the caller's program what is wanted, unless this is a dry run; what was planned.

    Raises NotFound, ArgumentError, MissingData, Validation, ChangedMeanwhile.
    """
    await own_retailer(context, caller, retailer_id)
    if wanted.organization is not None and wanted.organization != (await _own(context, caller)).name:
        raise Validation("program.organization names another organization. Leave it out.")
    if wanted.retailer_id not in (None, retailer_id):
        raise Validation("program.retailer_id names another retailer. Leave it out.")
    proposal = await propose(context, caller.organization, wanted)
    if proposal.plan.steps and not dry_run:
        await carry_out(context, proposal, caller.actor())
    return proposal


async def _own(context: Context, caller: Caller) -> OrganizationRecord:
    for each in await context.store.organizations():
        if each.number == caller.organization:
            return each
    raise NotFound("The organization does not exist any more.")
