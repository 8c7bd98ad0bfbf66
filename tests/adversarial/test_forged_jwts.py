"""Forged JWTs as access tokens: none of them opens anything, and none is our defect."""

import json
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from tessera.app.clients import application_settings
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.app.tokens import formats, inspection, verification
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys.jws import Algorithm
from tessera.core.keys.signing import SigningKey
from tessera.core.tokens.jwt_access_tokens import FORMATS
from tests.support import operator_session, raw
from tests.support.forgeries import Forger
from tests.support.raw import bearer
from tests.support.scene import Scene, play
from tests.support.target import Target

SIGNED = [TokenFormat.EDDSA, TokenFormat.ES256, TokenFormat.RS256]


async def forger(scene: Scene, form: TokenFormat) -> Forger:
    """A forger with a good token of this form."""
    await application_settings.change(scene.context, scene.partner.client_id, ApplicationChanges(token_format=form))
    good = (await scene.token()).access_token
    return Forger(good, scene.context.directory.signing.signing(FORMATS[form], scene.clock.now()))


@pytest.mark.parametrize("form", SIGNED)
def test_no_forgery_is_a_token(tmp_path: Path, form: TokenFormat) -> None:
    """Whoever signed it, and whatever it says: only what we issued as an access token is one."""

    async def scenario(scene: Scene) -> None:
        made = await forger(scene, form)
        forgeries = list(made.everything())
        assert len({name for name, _ in forgeries}) == len(forgeries) > 250
        now = scene.clock.now()
        taken = [name for name, text in forgeries if await formats.read(scene.context, text, now) is not None]
        assert taken == []
        assert await verification.check(scene.context, made.good) is not None
        still = [name for name, text in forgeries if await verification.check(scene.context, text) is not None]
        assert still == []

    play(tmp_path, scenario)


def test_what_only_looks_odd_is_a_token(tmp_path: Path) -> None:
    """The forger signs as we do: what it leaves alone, adds to the claims, or writes in another case is taken."""

    async def scenario(scene: Scene) -> None:
        made = await forger(scene, TokenFormat.EDDSA)
        for header, claims in (
            (made.header, made.claims),
            ({**made.header, "typ": "application/at+jwt"}, made.claims),
            ({**made.header, "typ": "AT+JWT"}, made.claims),
            ({**made.header, "jku": "https://attacker.example", "x5u": "https://attacker.example"}, made.claims),
            (made.header, {**made.claims, "more": [1]}),
        ):
            assert await verification.check(scene.context, made.ours(header, claims)) is not None, (header, claims)

    play(tmp_path, scenario)


def test_an_operator_is_told_that_a_forgery_is_none_of_ours(tmp_path: Path) -> None:
    """Inspecting a forgery ends in a sentence; only another issuer's name on our own signature is looked past."""

    async def scenario(scene: Scene) -> None:
        for name, text in (await forger(scene, TokenFormat.ES256)).everything():
            found = await inspection.inspect(scene.context, text)
            assert not found.live or name.startswith("iss "), name

    play(tmp_path, scenario)


def test_over_the_wire_a_forgery_is_401(target: Target) -> None:
    """At the platform and at introspection forgeries are dead tokens, or bad requests, and never a defect."""
    made = operator_session.make_partner(
        target.folder, "signed", options=ApplicationChanges(token_format=TokenFormat.EDDSA)
    )
    form = f"grant_type=client_credentials&client_id={made.client_id}&client_secret={made.client_secret}"
    good = json.loads(target.ask_token("", form).body)["access_token"]
    key = operator_session.do(target.folder, _signing_key)
    assert target.read(bearer(good)).status == 200
    ask = f"client_id={made.client_id}&client_secret={made.client_secret}&token="
    for name, text in Forger(good, key).everything():
        if len(text) > 16_000 or any(each in text for each in "\n\0"):
            continue
        sent = text.encode().decode("latin-1")
        answer = target.read(bearer(sent))
        assert answer.status == (200 if text.rstrip(" \t").lstrip(" ") == good else 401), (name, answer)
        body = (ask + quote_plus(text)).encode()
        answer = raw.ask(target.port, "POST", "/oauth/introspect", body, [raw.FORM])
        assert answer.status in (200, 400), (name, answer)
        assert answer.status == 400 or answer.body == b'{"active":false}', (name, answer)


async def _signing_key(context: Context) -> SigningKey:
    """The key that signs now."""
    return context.directory.signing.signing(Algorithm.EDDSA, context.clock.now())
