"""A grant that carries state: what it brings is committed once, and only with everything else that a request needs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from tessera.app import callers
from tessera.app.clients import application_settings, applications, limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tessera.app.grants import token_endpoint
from tessera.app.grants.grant import Authorization, TokenRequest
from tessera.app.tokens import formats, introspection, resource_servers
from tessera.core import scopes, wire
from tessera.core.changes import SetScope
from tessera.core.clients.applications import TokenFormat
from tessera.core.clients.assertions import TYPE
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import (
    InvalidAuthToken,
    InvalidClient,
    InvalidDPoPProof,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    Refusal,
    TooManyRequests,
    Unavailable,
    UnsupportedGrantType,
)
from tessera.core.keys import jws
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.tokens.access_tokens import Claims, TokenReply
from tests.app.clients.test_private_key_jwt import good, keyed
from tests.app.tokens.test_dpop import nonce_of, request_credentials
from tests.support import asking, tickets
from tests.support.possession import Holder
from tests.support.scene import FORM, Scene, play
from tests.support.tickets import Tickets

STOCK = "https://stock.example/api"


async def ask(
    scene: Scene, grant: Tickets, ticket: str, shown: RequestCredentials = NOTHING, **more: str
) -> TokenReply:
    """A token for a ticket. Raises as the endpoint would answer."""
    grants = grant.grants()
    return (await asking.grant(scene.context, tickets.params(scene, grants, ticket, **more), shown, grants)).reply


async def claims_of(scene: Scene, token: str) -> Claims:
    """The claims of a token of ours."""
    claims = await formats.read(scene.context, token, scene.clock.now())
    assert claims is not None
    return claims


@pytest.mark.parametrize("form", [TokenFormat.OPAQUE, TokenFormat.EDDSA])
def test_a_token_is_about_its_subject(tmp_path: Path, form: TokenFormat) -> None:
    """Subject and grant stand in the claims, `sub` in introspection and JWTs, and the holder is told the owner."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, application_settings.ApplicationChanges(token_format=form)
        )
        ticket = await scene.customer("ann")
        token = (await ask(scene, Tickets(), ticket)).access_token
        claims = await claims_of(scene, token)
        assert (claims.subject, claims.grant, claims.scopes) == (ticket, tickets.NUMBER, ("openid",))
        values = {"client_id": scene.partner.client_id, "client_secret": scene.partner.client_secret, "token": token}
        told = await asking.introspect(scene.context, wire.Params({}, msgspec.convert(values, dict[str, str])))
        assert told is not None
        assert (told.sub, told.client_id) == (ticket, scene.partner.client_id)
        info = await introspection.holder_s(scene.context, RequestCredentials(b"Bearer " + token.encode()))
        assert msgspec.to_builtins(info)["resource_owner_id"] == ticket
        if form is not TokenFormat.OPAQUE:
            said = msgspec.json.decode(jws.split(token).payload)
            assert (said["sub"], said["client_id"]) == (ticket, scene.partner.client_id)

    play(tmp_path, scenario)


def test_a_token_about_a_person_opens_nothing_for_servers(tmp_path: Path) -> None:
    """It is neither taken by the platform API, nor as the client's own credential, whatever its scopes are."""

    async def scenario(scene: Scene) -> None:
        token = (await ask(scene, Tickets(), await scene.customer("ann"))).access_token
        shown = RequestCredentials(f"Bearer {token}".encode())
        with pytest.raises(InvalidAuthToken) as refused:
            await callers.identify(scene.context, shown)
        assert refused.value.check == "token.subject"
        with pytest.raises(InvalidToken) as unknown:
            await introspection.by_token(scene.context, wire.Params({}, {"token": token}), shown)
        assert unknown.value.check == "token.subject"

    play(tmp_path, scenario)


def test_a_ticket_is_good_for_one_token(tmp_path: Path) -> None:
    """The second request is refused, and so is one for a customer who is not there."""

    async def scenario(scene: Scene) -> None:
        ticket, grant = await scene.customer("ann"), Tickets()
        await ask(scene, grant, ticket)
        assert await tickets.used(scene, ticket)
        for other in (ticket, scene.context.new_uuid()):
            with pytest.raises(InvalidRequest):
                await ask(scene, grant, other)

    play(tmp_path, scenario)


class Meeting(Tickets):
    """Tickets that are presented at once: none goes on before so many have been read."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._met = asyncio.Barrier(parties)
        self._parties = parties

    async def authorize(self, context: Context, request: TokenRequest, client: Authenticated) -> Authorization:
        """Read, and wait for the others who read for the first time."""
        authorization = await super().authorize(context, request, client)
        if self.calls <= self._parties:
            await self._met.wait()
        return authorization


async def at_once(*requests: Awaitable[TokenReply]) -> list[TokenReply | BaseException]:
    """The outcomes of requests that are under way together."""
    return await asyncio.gather(*requests, return_exceptions=True)


def test_of_two_at_once_one_gets_a_token(tmp_path: Path) -> None:
    """Both read the ticket unused; the one whose commit comes second reads again, and is refused."""

    async def scenario(scene: Scene) -> None:
        ticket, grant = await scene.customer("ann"), Meeting(2)
        found = await at_once(ask(scene, grant, ticket), ask(scene, grant, ticket))
        assert sorted(type(each).__name__ for each in found) == ["InvalidRequest", "TokenReply"]
        assert grant.calls == 3

    play(tmp_path, scenario)


def test_a_grant_that_never_settles_is_given_up(tmp_path: Path) -> None:
    """Changes that conflict again and again end in a refusal that asks to try later."""

    class Stale(Tickets):
        async def authorize(self, context: Context, request: TokenRequest, client: Authenticated) -> Authorization:
            """Rely on a fact that does not hold."""
            found = await super().authorize(context, request, client)
            stale = tuple(msgspec.structs.replace(each, was_user_profile="{}") for each in found.changes)
            return msgspec.structs.replace(found, changes=stale)

    async def scenario(scene: Scene) -> None:
        ticket, grant = await scene.customer("ann"), Stale()
        with pytest.raises(Unavailable):
            await ask(scene, grant, ticket)
        assert grant.calls == token_endpoint.ATTEMPTS_MAX
        assert not await tickets.used(scene, ticket)

    play(tmp_path, scenario)


Obstacle = Callable[[Scene], Awaitable[object]]


async def nothing(_: Scene) -> None:
    """Put nothing in the way: the request itself is wrong."""


async def no_more_tokens(scene: Scene) -> None:
    """Let the application have one token an hour, and have it."""
    await limit_settings.change(scene.context, "partner", LimitChanges(tokens_per_hour=1))
    await scene.token()


@pytest.mark.parametrize(
    ("obstacle", "wrong", "refusal"),
    [
        (nothing, {"scope": "loyalty:write"}, InvalidScope),
        (nothing, {"scope": "nonsense"}, InvalidScope),
        (nothing, {"resource": STOCK}, InvalidTarget),
        (nothing, {"resource": "https://unknown.example"}, InvalidTarget),
        (no_more_tokens, {}, TooManyRequests),
    ],
)
def test_a_refusal_leaves_nothing_committed(
    tmp_path: Path, obstacle: Obstacle, wrong: dict[str, str], refusal: type[Refusal]
) -> None:
    """Scope, target and limits: a request that any of them turns down leaves ticket, assertion and proof unused."""

    async def scenario(scene: Scene) -> None:
        assertion = good(scene, await keyed(scene))
        await with_stock(scene, "profiles:read loyalty:write")
        ticket, grant = await scene.customer("ann"), Tickets(target=0, scopes=("profiles:read", "unknown"))
        holder = Holder()
        shown = request_credentials(scene, holder, await nonce_of(scene, holder))
        await obstacle(scene)
        proved = {"client_assertion": assertion, "client_assertion_type": TYPE}
        for _ in range(2):
            with pytest.raises(refusal):
                await ask(scene, grant, ticket, shown, **proved, **wrong)
            assert not await tickets.used(scene, ticket)
        await limit_settings.change(scene.context, "partner", LimitChanges(none=("tokens-hour",)))
        reply = await ask(scene, grant, ticket, shown, **proved)
        assert (reply.scope, reply.token_type) == ("profiles:read", "DPoP")

    play(tmp_path, scenario)


async def with_stock(scene: Scene, scope: str) -> int:
    """A resource server where the partner may read, its number; at the platform the partner may do this."""
    await resource_servers.create(scene.context, STOCK, "Stock", "read write")
    await scene.context.commit(SetScope(scene.partner.client_id, scope))
    record = await applications.find(scene.context, "partner")
    stock = await resource_servers.find(scene.context, STOCK)
    await resource_servers.grant(scene.context, record, stock, "read")
    return stock.number


def test_a_used_assertion_or_proof_leaves_the_ticket_unused(tmp_path: Path) -> None:
    """All are used up in one commit, or none: a replay leaves the ticket, and a used ticket the assertion and proof."""

    async def scenario(scene: Scene) -> None:
        key, holder, grant = await keyed(scene), Holder(), Tickets()
        nonce = await nonce_of(scene, holder)
        first, second = await scene.customer("ann"), await scene.customer("ben")
        spent, unspent = good(scene, key), good(scene, key)
        proof, other = request_credentials(scene, holder, nonce), request_credentials(scene, holder, nonce)

        async def proved(ticket: str, assertion: str, shown: RequestCredentials) -> TokenReply:
            return await ask(scene, grant, ticket, shown, client_assertion=assertion, client_assertion_type=TYPE)

        await proved(first, spent, proof)
        with pytest.raises(InvalidClient):
            await proved(second, spent, other)
        with pytest.raises(InvalidDPoPProof):
            await proved(second, unspent, proof)
        with pytest.raises(InvalidRequest):
            await proved(first, unspent, other)
        assert not await tickets.used(scene, second)
        assert (await proved(second, unspent, other)).token_type == "DPoP"

    play(tmp_path, scenario)


def test_what_was_committed_is_answered(tmp_path: Path) -> None:
    """Two that were within the limit when they began to commit both get their token; the next one gets none."""

    async def scenario(scene: Scene) -> None:
        await limit_settings.change(scene.context, "partner", LimitChanges(tokens_per_hour=1))
        grant = Meeting(2)
        first, second, third = [await scene.customer(name) for name in ("ann", "ben", "cid")]
        found = await at_once(ask(scene, grant, first), ask(scene, grant, second))
        assert [type(each) for each in found] == [TokenReply, TokenReply]
        with pytest.raises(TooManyRequests):
            await ask(scene, grant, third)
        number = (await applications.find(scene.context, "partner")).number
        assert scene.context.counts.tokens(number, scene.clock.now()) == (2, 2)
        assert not await tickets.used(scene, third)

    play(tmp_path, scenario)


def test_the_authorization_has_its_own_target(tmp_path: Path) -> None:
    """A request need not name it, may name it, and cannot change it; the client's own grants there are the most."""

    async def scenario(scene: Scene) -> None:
        stock = await with_stock(scene, "openid")
        grant = Tickets(target=stock, scopes=("read", "write"))
        for number, more in enumerate(({}, {"resource": STOCK}, {"scope": "read"})):
            reply = await ask(scene, grant, await scene.customer(f"c{number}"), NOTHING, **more)
            claims = await claims_of(scene, reply.access_token)
            assert (claims.resource, claims.scopes) == (stock, ("read",))
        ticket = await scene.customer("last")
        for wrong, refusal in (
            ({"resource": scene.context.issuer}, InvalidTarget),
            ({"scope": "write"}, InvalidScope),
            ({"scope": "openid"}, InvalidScope),
        ):
            with pytest.raises(refusal):
                await ask(scene, grant, ticket, NOTHING, **wrong)
        with pytest.raises(InvalidScope):
            await ask(scene, Tickets(target=stock, scopes=("write",)), ticket)
        assert not await tickets.used(scene, ticket)

    play(tmp_path, scenario)


def test_a_live_token_is_not_handed_out_for_a_ticket(tmp_path: Path) -> None:
    """Token reuse is for tokens that cost nothing: what a ticket pays for is new, and nobody else gets it."""

    async def scenario(scene: Scene) -> None:
        await application_settings.change(
            scene.context, scene.partner.client_id, application_settings.ApplicationChanges(token_reuse=True)
        )
        grant = Tickets()
        own = (await scene.token()).access_token
        ann, ben = await scene.customer("ann"), await scene.customer("ben")
        issued = [await ask(scene, grant, ann), await ask(scene, grant, ben)]
        await tickets.renew(scene, ann)
        issued.append(await ask(scene, grant, ann))
        assert (await scene.token()).access_token == own
        assert len({own, *(each.access_token for each in issued)}) == 4

    play(tmp_path, scenario)


def test_no_grant_is_for_a_client_without_a_credential(tmp_path: Path) -> None:
    """A request that names its client and proves nothing is refused, even where no credential is live any more."""

    async def scenario(scene: Scene) -> None:
        ticket, grant = await scene.customer("ann"), Tickets()
        values = {"client_id": scene.partner.client_id, "grant_type": tickets.NAME, "ticket": ticket}
        params = wire.form(b"", urlencode(values).encode(), FORM, grant.grants().parameters)
        with pytest.raises(InvalidClient):
            await asking.grant(scene.context, params, NOTHING, grant.grants())
        await applications.expire_secret(scene.context, scene.partner.client_id, "first")
        scene.clock.step(1)
        with pytest.raises(InvalidClient):
            await asking.grant(scene.context, params, NOTHING, grant.grants())
        assert (grant.calls, await tickets.used(scene, ticket)) == (0, False)

    play(tmp_path, scenario)


def test_the_parameters_of_a_grant_are_defined_where_it_is_known(tmp_path: Path) -> None:
    """Its parameter is sent once, whatever grant is asked for; where the grant is not in the table it is ignored."""

    async def scenario(scene: Scene) -> None:
        body = urlencode({"grant_type": tickets.NAME, "ticket": "a"}).encode() + b"&ticket=b"
        with pytest.raises(InvalidRequest, match="ticket was sent twice"):
            wire.form(b"", body, FORM, Tickets().grants().parameters)
        params = wire.form(b"", body, FORM, token_endpoint.GRANTS.parameters)
        assert params.values == {"grant_type": tickets.NAME}
        with pytest.raises(UnsupportedGrantType, match=r"Use client_credentials\."):
            await asking.issue(scene.context, params)

    play(tmp_path, scenario)


def test_a_grant_is_given_its_own_parameters_alone(tmp_path: Path) -> None:
    """What it declares, where it was sent, and the scope; neither the client's credentials nor anybody else's."""
    given: list[tuple[dict[str, str], str | None]] = []

    class Looking(Tickets):
        async def authorize(self, context: Context, request: TokenRequest, client: Authenticated) -> Authorization:
            """Note what the grant is given."""
            given.append((dict(request.parameters), request.scope))
            return await super().authorize(context, request, client)

    async def scenario(scene: Scene) -> None:
        ticket, grant = await scene.customer("ann"), Looking()
        await ask(scene, grant, ticket, scope=scopes.EVERYTHING, username="ann", resource="")
        with pytest.raises(InvalidRequest):
            await ask(scene, grant, "")
        assert given == [({"ticket": ticket}, scopes.EVERYTHING), ({}, None)]

    play(tmp_path, scenario)


def test_the_key_is_looked_at_before_the_target(tmp_path: Path) -> None:
    """A request with several faults is told of the sender's first, then of the target, then of the scope."""

    async def scenario(scene: Scene) -> None:
        holder, ticket = Holder(), await scene.customer("ann")
        nonce = await nonce_of(scene, holder)
        wrong = {"resource": "https://unknown.example", "scope": "nonsense"}
        with pytest.raises(InvalidDPoPProof):
            await ask(scene, Tickets(), ticket, request_credentials(scene, holder, nonce, at=-3600), **wrong)
        with pytest.raises(InvalidTarget):
            await ask(scene, Tickets(), ticket, request_credentials(scene, holder, nonce), **wrong)
        with pytest.raises(InvalidScope):
            await ask(scene, Tickets(), ticket, request_credentials(scene, holder, nonce), scope="nonsense")

    play(tmp_path, scenario)


def test_client_credentials_waits_on_nothing(tmp_path: Path) -> None:
    """In the steady state the whole token request is one step of its coroutine."""

    async def scenario(scene: Scene) -> None:
        await scene.token()
        known = scene.partner
        values = {"client_id": known.client_id, "client_secret": known.client_secret or ""}
        params = wire.Params({}, {"grant_type": "client_credentials", **values})
        request = asking.grant(scene.context, params)
        with pytest.raises(StopIteration) as done:
            request.send(None)
        assert await scene.alive(done.value.value.reply)

    play(tmp_path, scenario)
