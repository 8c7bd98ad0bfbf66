"""Revoking all tokens, on nodes whose clocks differ: no earlier token is valid afterwards, and every later one is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tessera import wiring
from tessera.app import callers
from tessera.app.clients import application_settings, applications
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.tokens import inspection, revocation, verification
from tessera.core.clients.applications import TokenFormat
from tessera.core.errors import InvalidAuthToken
from tessera.core.presented import RequestCredentials
from tessera.core.wire import Params
from tessera.directory import feed
from tessera.ports import StoreError
from tests.support import asking
from tests.support.clock import StepClock
from tests.support.scene import Scene, play
from tests.support.settings import settings_of
from tests.support.stepped_store import SteppedStore

AHEAD_SECONDS = (-10 * 86_400, -600, -61, -5, -0.001, 0, 0.001, 1, 5, 61, 600, 10 * 86_400)
"""By how much the clock of a node is ahead of that of the command."""

FORMATS = (TokenFormat.OPAQUE, TokenFormat.EDDSA)

CutOff = Callable[[Context, Issued], Awaitable[object]]


async def _disable_and_enable(context: Context, issued: Issued) -> None:
    await applications.disable(context, issued.client_id)
    await applications.enable(context, issued.client_id)


async def _set_with_cut_off(context: Context, issued: Issued) -> None:
    await application_settings.change(context, issued.client_id, ApplicationChanges(cut_off=True))


async def _of_the_organization(context: Context, _issued: Issued) -> None:
    await organizations.revoke_tokens(context, await organizations.find(context, "Org"))


async def _disable_and_enable_the_organization(context: Context, _issued: Issued) -> None:
    disabled = await organizations.disable(context, await organizations.find(context, "Org"))
    await organizations.enable(context, disabled)


CUT_OFFS: dict[str, CutOff] = {
    "apps revoke-tokens": lambda context, issued: applications.revoke_tokens(context, issued.client_id),
    "apps set --cut-off": _set_with_cut_off,
    "apps disable and enable": _disable_and_enable,
    "orgs revoke-tokens": _of_the_organization,
    "orgs disable and enable": _disable_and_enable_the_organization,
}


@asynccontextmanager
async def node(scene: Scene, ahead_seconds: float) -> AsyncIterator[Context]:
    """Another node on the same database, whose clock is ahead of the scene's by so much."""
    clock = StepClock(scene.clock.now() + int(ahead_seconds * 1_000_000))
    async with wiring.open_context(settings_of(scene.folder), clock=clock) as context:
        context.store = SteppedStore(context.store, scene.clock).as_store()
        yield context


async def receive(context: Context) -> None:
    """Have a node hear what the others committed."""
    await feed.catch_up(context.directory, context.store)


async def token(context: Context, issued: Issued) -> str:
    """A token that a node issues."""
    asked = {"grant_type": "client_credentials", "client_id": issued.client_id}
    reply = await asking.issue(context, Params({}, {**asked, "client_secret": issued.client_secret or ""}))
    return reply.access_token


async def accepted(context: Context, *issued: str) -> list[bool]:
    """Whether a node accepts each of these tokens, which it does not say differently to an operator."""
    found = [await verification.check(context, each) is not None for each in issued]
    assert [(await inspection.inspect(context, each)).live for each in issued] == found
    return found


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CUT_OFFS)
def test_a_cut_off_depends_on_nobody_s_clock(tmp_path: Path, name: str, form: TokenFormat) -> None:
    """On a node that is ahead or behind, by a moment or by days: earlier tokens are dead, later ones live, twice."""

    async def scenario(scene: Scene) -> None:
        here, made = scene.context, scene.partner
        await application_settings.change(here, made.client_id, ApplicationChanges(token_format=form))
        for ahead in AHEAD_SECONDS:
            async with node(scene, ahead) as there:
                earlier = [await token(here, made), await token(there, made)]
                for _ in range(2):
                    assert await accepted(here, *earlier) == [True] * len(earlier)
                    assert await accepted(there, *earlier) == [True] * len(earlier)
                    await CUT_OFFS[name](here, made)
                    assert await accepted(here, *earlier) == [False] * len(earlier)
                    earlier.append(await token(there, made))  # this node has not heard yet
                    await receive(there)
                    later = [await token(here, made), await token(there, made)]
                    for context in (here, there):
                        assert await accepted(context, *earlier) == [False] * len(earlier), ahead
                        assert await accepted(context, *later) == [True, True], ahead
                    earlier = later

    play(tmp_path, scenario)


@pytest.mark.parametrize("years", [-10, 10])
@pytest.mark.parametrize("name", CUT_OFFS)
def test_a_command_with_a_very_wrong_clock_does_no_harm(tmp_path: Path, name: str, years: int) -> None:
    """It ends the tokens so far, and those that are issued right afterwards are valid, in this decade."""

    async def scenario(scene: Scene) -> None:
        earlier = (await scene.token()).access_token
        async with node(scene, years * 366 * 86_400) as command:
            await CUT_OFFS[name](command, scene.partner)
        await receive(scene.context)
        assert await accepted(scene.context, earlier, (await scene.token()).access_token) == [False, True]

    play(tmp_path, scenario)


@pytest.mark.parametrize("form", FORMATS)
def test_a_later_token_is_good_on_a_node_that_has_not_heard_of_the_cut_off(tmp_path: Path, form: TokenFormat) -> None:
    """Nobody who asks for a new token is turned away with it, and the read for it is made once."""

    async def scenario(scene: Scene) -> None:
        made = scene.partner
        await application_settings.change(scene.context, made.client_id, ApplicationChanges(token_format=form))
        async with node(scene, 0) as there:
            earlier = await token(there, made)
            await applications.revoke_tokens(scene.context, made.client_id)
            later = await token(scene.context, made)
            assert await accepted(there, earlier) == [True]
            assert await accepted(there, later, earlier) == [True, False]
            await there.store.close()
            assert [await verification.check(there, each) is not None for each in (later, earlier)] == [True, False]

    play(tmp_path, scenario)


def test_without_the_database_a_node_goes_on_with_the_tokens_that_it_knows(tmp_path: Path) -> None:
    """A token of a generation that it has not heard of cannot be judged: the failure says so, and harms no other."""

    async def scenario(scene: Scene) -> None:
        made = scene.partner
        async with node(scene, 0) as there:
            earlier = await token(there, made)
            await applications.revoke_tokens(scene.context, made.client_id)
            later = await token(scene.context, made)
            await there.store.close()
            with pytest.raises(StoreError):
                await verification.check(there, later)
            assert await verification.check(there, earlier) is not None

    play(tmp_path, scenario)


def test_a_dead_token_costs_no_read(tmp_path: Path) -> None:
    """A token from before a cut-off is refused from memory, however often it is sent."""

    async def scenario(scene: Scene) -> None:
        earlier = (await scene.token()).access_token
        await applications.revoke_tokens(scene.context, scene.partner.client_id)
        await scene.token()
        await scene.context.store.close()
        assert await verification.check(scene.context, earlier) is None

    play(tmp_path, scenario)


@pytest.mark.parametrize("form", FORMATS)
def test_a_single_token_of_a_later_generation_is_revoked(tmp_path: Path, form: TokenFormat) -> None:
    """Its id says which it is on every node; the tokens beside it live on."""

    async def scenario(scene: Scene) -> None:
        made = scene.partner
        await application_settings.change(scene.context, made.client_id, ApplicationChanges(token_format=form))
        await applications.revoke_tokens(scene.context, made.client_id)
        one, two = await token(scene.context, made), await token(scene.context, made)
        async with node(scene, 60) as there:
            assert await revocation.revoke(there, one) is not None
            await receive(scene.context)
            for context in (scene.context, there):
                assert await accepted(context, one, two) == [False, True]
        async with node(scene, -60) as fresh:
            assert await accepted(fresh, one, two) == [False, True]

    play(tmp_path, scenario)


def test_who_asks_why_is_told_of_the_cut_off(tmp_path: Path) -> None:
    """The record of the refusal and the inspection say that all tokens were revoked, although no clock shows it."""

    async def scenario(scene: Scene) -> None:
        async with node(scene, 600) as ahead:
            earlier = await token(ahead, scene.partner)
            await applications.revoke_tokens(scene.context, scene.partner.client_id)
            await receive(ahead)
            for context in (scene.context, ahead):
                with pytest.raises(InvalidAuthToken) as refused:
                    await callers.identify(context, RequestCredentials(b"Bearer " + earlier.encode()))
                assert refused.value.check == "token.ended"
                assert refused.value.detail == (
                    "all tokens of the application or its organization were revoked after it was issued"
                )
                (reason,) = (await inspection.inspect(context, earlier)).reasons
                assert "all tokens of its application or its organization were revoked" in reason

    play(tmp_path, scenario)


class _Given(NamedTuple):
    """A token, whose it is, and the cut-offs of that application which its node knew of when it issued the token."""

    text: str
    owner: int
    known: int


class _Model:
    """Nodes with clocks of their own and two applications, and what must be true of every token."""

    def __init__(self, random: Random, nodes: list[Context], owners: list[Issued]) -> None:
        self.random = random
        self.nodes = nodes
        self.owners = owners
        self.cut_offs = [0, 0]
        self.heard = [[0, 0] for _ in nodes]
        self.given: list[_Given] = []

    async def step(self) -> None:
        """Issue a token, cut off an application or the organization, hear, or set a clock."""
        place = self.random.randrange(len(self.nodes))
        context, owner = self.nodes[place], self.random.randrange(2)
        operation = self.random.choice(["issue", "issue", "issue", "cut off", "hear", "hear", "set the clock"])
        if operation == "issue":
            text = await token(context, self.owners[owner])
            self.given.append(_Given(text, owner, self.heard[place][owner]))
        elif operation == "cut off":
            await self.receive(place)
            name = self.random.choice(list(CUT_OFFS))
            await CUT_OFFS[name](context, self.owners[owner])
            for each in range(2):
                self.cut_offs[each] += each == owner or "orgs" in name
            await self.receive(place)
        elif operation == "hear":
            await self.receive(place)
        else:
            assert isinstance(context.clock, StepClock)
            context.clock.step(self.random.choice((-600, -3, -0.0001, 0.0001, 3, 600)))

    async def receive(self, place: int) -> None:
        """Hear, and read the applications now: what is not in memory would be read when a token is issued."""
        await receive(self.nodes[place])
        for owner in self.owners:
            await self.nodes[place].directory.applications.with_client_id(owner.client_id)
        self.heard[place] = list(self.cut_offs)

    async def hold(self) -> None:
        """On a node that has heard, a token is good exactly when nothing was cut off since its node knew."""
        for place, context in enumerate(self.nodes):
            if self.heard[place] != self.cut_offs:
                continue
            for each in self.given:
                is_good = await verification.check(context, each.text) is not None
                assert is_good is (each.known == self.cut_offs[each.owner]), (place, each)


@pytest.mark.parametrize("seed", range(4))
def test_random_cut_offs_leave_exactly_the_later_tokens(tmp_path: Path, seed: int) -> None:
    """Of three nodes with any clocks, which hear when they like, whatever is cut off from whichever of them."""

    async def scenario(scene: Scene) -> None:
        random = Random(seed)
        sister = await applications.create(
            scene.context, "sister", 1, options=ApplicationChanges(token_format=random.choice(FORMATS))
        )
        async with AsyncExitStack() as stack:
            aheads = (random.choice(AHEAD_SECONDS[1:-1]) for _ in range(3))
            nodes = [await stack.enter_async_context(node(scene, each)) for each in aheads]
            model = _Model(random, nodes, [scene.partner, sister])
            for place in range(len(nodes)):
                await model.receive(place)
            for _ in range(120):
                await model.step()
                await model.hold()
            for place in range(len(nodes)):
                await model.receive(place)
            await model.hold()
            assert {each.known for each in model.given} != {0}

    play(tmp_path, scenario)
