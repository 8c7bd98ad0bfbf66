"""Asking about a token with another one of the same client (RFC 7662 section 2.1), at the endpoint itself."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tessera import wiring
from tessera.app.clients import application_settings, applications, limit_settings
from tessera.app.clients.applications import Issued
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.organizations import organizations
from tessera.app.tokens import resource_servers, revocation
from tessera.core.clients.applications import JSONRequests
from tessera.core.presented import RequestCredentials
from tessera.web.asgi import App, Served
from tessera.web.routes import Routes
from tests.support import asking, forms, raw
from tests.support.players import answer_of
from tests.support.possession import Holder
from tests.support.raw import Answer
from tests.support.scene import FORM, Scene, play

pytestmark = pytest.mark.usefixtures("lent")

STOCK = "https://stock.example/api"

Ask = Callable[..., Awaitable[Answer]]


def at_the_door(folder: Path, scenario: Callable[[Scene, Ask], Awaitable[None]]) -> None:
    """Play a scenario with what asks about tokens: `ask(token, *headers, **parameters)`."""

    async def whole(scene: Scene) -> None:
        app = App(partial(wiring.serving, scene.context.settings), Served(Routes(wiring.routes(scene.context))))

        async def ask(token: str, *headers: tuple[str, str], **more: str) -> Answer:
            body = urlencode({"token": token, **more}).encode()
            return await answer_of(app, "POST", "/oauth/introspect", [*headers, raw.FORM], body)

        await scenario(scene, ask)

    play(folder, whole)


def told(answer: Answer) -> dict[str, Any]:
    """The members of a good answer."""
    assert answer.status == 200, answer
    members: dict[str, Any] = json.loads(answer.body)
    return members


def refused(answer: Answer, error: str, status: int = 401) -> None:
    """The answer is a refusal of an OAuth endpoint with this error."""
    assert (answer.status, json.loads(answer.body)["error"]) == (status, error), answer


async def new(scene: Scene, issued: Issued | None = None) -> str:
    """A token."""
    return (await scene.token(issued)).access_token


def test_another_token_of_the_same_client_authorizes(tmp_path: Path) -> None:
    """The answer is the one that the client's credentials bring; the client may be named beside it."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        one, two = await new(scene), await new(scene)
        by_secret = await ask(two, raw.basic(scene.partner.client_id, scene.partner.client_secret or ""))
        for scheme in ("Bearer", "bearer", "BEARER"):
            assert told(await ask(two, ("Authorization", f"{scheme} {one}"))) == told(by_secret)
        assert told(await ask(two, raw.bearer(one), client_id=scene.partner.client_id))["active"] is True
        assert told(await ask("00", raw.bearer(one))) == {"active": False}
        refused(await ask(two, raw.bearer(one), client_id="somebody"), "invalid_request", 400)

    at_the_door(tmp_path, scenario)


def test_an_application_that_may_not_send_json_may_not_here_either(tmp_path: Path) -> None:
    """Authorized by a token as by a secret, a JSON body is refused where the application's policy denies it."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        one, two = await new(scene), await new(scene)
        app = App(partial(wiring.serving, scene.context.settings), Served(Routes(wiring.routes(scene.context))))
        headers = [raw.bearer(one), ("Content-Type", "application/json")]

        async def in_json() -> Answer:
            return await answer_of(app, "POST", "/oauth/introspect", headers, json.dumps({"token": two}).encode())

        assert told(await in_json())["active"] is True
        await application_settings.change(
            scene.context,
            scene.partner.client_id,
            application_settings.ApplicationChanges(json_requests=JSONRequests.DENY),
        )
        refused(await in_json(), "invalid_request", 400)
        assert told(await ask(two, raw.bearer(one)))["active"] is True

    at_the_door(tmp_path, scenario)


def test_a_token_does_not_authorize_questions_about_itself(tmp_path: Path) -> None:
    """Whoever finds a token cannot ask with it whether it is live."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        token = await new(scene)
        refused(await ask(token, raw.bearer(token)), "invalid_token")
        await revocation.revoke(scene.context, token)
        refused(await ask(token, raw.bearer(token)), "invalid_token")

    at_the_door(tmp_path, scenario)


def test_it_tells_of_the_client_s_own_tokens_alone(tmp_path: Path) -> None:
    """Also where its credentials would tell of more: of the organization's, or of those for its resource."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        scope = "openid tokens:introspect"
        server = await applications.create(scene.context, "server", 1, scope=scope)
        await resource_servers.create(scene.context, STOCK, "Stock", "read", server="server")
        record = await applications.find(scene.context, "partner")
        await resource_servers.grant(scene.context, record, await resource_servers.find(scene.context, STOCK), "read")
        elsewhere = await organizations.create(scene.context, "Elsewhere")
        stranger = await applications.create(scene.context, "stranger", elsewhere.number)
        theirs, own = await new(scene, server), await new(scene)
        form = {"grant_type": "client_credentials", "client_id": scene.partner.client_id, "resource": STOCK}
        form["client_secret"] = scene.partner.client_secret or ""
        for_stock = await asking.issue(scene.context, forms.form(b"", urlencode(form).encode(), FORM))
        by_secret = raw.basic(server.client_id, server.client_secret or "")
        for subject in (own, for_stock.access_token):
            assert told(await ask(subject, by_secret))["active"] is True
            assert told(await ask(subject, raw.bearer(theirs))) == {"active": False}
            assert told(await ask(subject, raw.bearer(await new(scene, stranger)))) == {"active": False}
            assert told(await ask(subject, raw.bearer(await new(scene))))["active"] is True
        refused(await ask(own, raw.bearer(for_stock.access_token)), "invalid_token")

    at_the_door(tmp_path, scenario)


def test_a_dead_token_authorizes_nothing(tmp_path: Path) -> None:
    """Revoked, expired, of a disabled client, or none: 401 with a challenge, and no word about the other token."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        subject, revoked = await new(scene), await new(scene)
        await revocation.revoke(scene.context, revoked)
        for dead in (revoked, "00", subject[:-2], ""):
            answer = await ask(subject, ("Authorization", f"Bearer {dead}"))
            refused(answer, "invalid_token")
            assert any(each.startswith("Bearer ") for each in answer.all("www-authenticate"))
        last = await new(scene)
        await applications.disable(scene.context, scene.partner.client_id)
        refused(await ask(subject, raw.bearer(last)), "invalid_token")

    at_the_door(tmp_path, scenario)


def test_a_bound_token_needs_its_proof(tmp_path: Path) -> None:
    """Sent as a plain bearer token it authorizes nothing; with a proof it does, and the proof is used up."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        scene.context.settings = scene.context.settings.model_copy(update={"dpop_nonces": "off"})
        holder, subject, issuer = Holder(), await new(scene), scene.context.issuer
        now = scene.clock.now() / 1_000_000
        form = f"grant_type=client_credentials&client_id={scene.partner.client_id}"
        params = forms.form(b"", f"{form}&client_secret={scene.partner.client_secret}".encode(), FORM)
        proof = holder.proof("POST", f"{issuer}/oauth/token", at=now).encode()
        shown = RequestCredentials(None, "", None, (), (proof,), "POST", "/oauth/token")
        bound = (await asking.issue(scene.context, params, shown)).access_token
        refused(await ask(subject, raw.bearer(bound)), "invalid_token")
        refused(await ask(subject, ("Authorization", f"DPoP {bound}")), "invalid_token")
        sent = "DPoP", holder.proof("POST", f"{issuer}/oauth/introspect", token=bound, at=now)
        assert told(await ask(subject, ("Authorization", f"DPoP {bound}"), sent))["active"] is True
        refused(await ask(subject, ("Authorization", f"DPoP {bound}"), sent), "invalid_token")

    at_the_door(tmp_path, scenario)


def test_limits_hold_for_it(tmp_path: Path) -> None:
    """A client that may not come from here gets no answer by its token either, and its requests are counted."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        one, two = await new(scene), await new(scene)
        await limit_settings.change(scene.context, "partner", LimitChanges(networks=("192.0.2.0/24",)))
        refused(await ask(two, raw.bearer(one)), "invalid_token")
        await limit_settings.change(scene.context, "partner", LimitChanges(requests_per_second=1, none=("networks",)))
        assert (await ask(two, raw.bearer(one))).status == 200
        assert (await ask(two, raw.bearer(one))).status == 429

    at_the_door(tmp_path, scenario)


def test_it_is_one_way_among_others(tmp_path: Path) -> None:
    """A token beside the client's secret or assertion is one way too many; at the other endpoints it is none."""

    async def scenario(scene: Scene, ask: Ask) -> None:
        one, two = await new(scene), await new(scene)
        secret = {"client_id": scene.partner.client_id, "client_secret": scene.partner.client_secret or ""}
        refused(await ask(two, raw.bearer(one), **secret), "invalid_request", 400)
        refused(await ask(two, raw.bearer(one), client_assertion="a.b.c"), "invalid_request", 400)
        app = App(partial(wiring.serving, scene.context.settings), Served(Routes(wiring.routes(scene.context))))
        for path in ("/oauth/revoke", "/oauth/token"):
            form = urlencode({"token": two, "grant_type": "client_credentials"}).encode()
            refused(await answer_of(app, "POST", path, [raw.bearer(one), raw.FORM], form), "invalid_client")
        assert told(await ask(two, raw.bearer(one)))["active"] is True

    at_the_door(tmp_path, scenario)
