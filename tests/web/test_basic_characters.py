"""HTTP Basic with imported ids and secrets of every printable ASCII character, form-encoded and as they are.

Both readings work at every endpoint where clients authenticate, wrong ones are refused, and how much work a request
costs depends on the form of what was sent alone: not on which of its readings is right.
"""

import asyncio
from base64 import b64decode
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import quote_plus, unquote_plus, urlencode

import pytest
from argon2 import PasswordHasher

from tessera import wiring
from tessera.app.clients import applications, slow_secrets
from tessera.app.context import Context
from tessera.core.clients import credentials
from tessera.core.clients.applications import Application
from tessera.core.errors import InvalidClient
from tessera.core.presented import RequestCredentials
from tessera.ops.slow_hash import Argon2
from tessera.ports import Store
from tessera.web.asgi import App, Served, opens_nothing
from tessera.web.routes import Routes
from tests.app.clients.test_slow_secrets import Counting
from tests.support import forms, raw
from tests.support.players import answer_of
from tests.support.raw import Answer
from tests.support.scene import Scene, play
from tests.support.target import Header

pytestmark = [pytest.mark.usefixtures("lent"), pytest.mark.engines("sqlite")]

EVERY = [chr(code) for code in range(0x20, 0x7F)]
LETTERS = "".join(each for each in EVERY if each.isalnum())
DECODED = (
    "%41", "%2B", "%25", "%3A", "%2b%2B", "%%41+", "%4", "%zz", "%C3%A9", "%ff", "a%00b", "++", "+%2B+",
)  # fmt: skip
"""Texts that are another one when they are decoded, or none."""

TEXTS = [*(each for each in EVERY if not each.isalnum()), *DECODED, LETTERS]
ENDPOINTS = ("token", "introspect", "revoke")
AT_ONCE = 12
HOURS_SECONDS = 7200.0


class Client(NamedTuple):
    """The credentials of an imported client."""

    client_id: str
    secret: str

    def header(self, *, encode: bool) -> Header:
        """The header of HTTP Basic, its halves form-encoded or as they are."""
        return raw.basic(*(quote_plus(each, safe="") if encode else each for each in self))


class Work(NamedTuple):
    """The work done for one request."""

    digests: int
    reads: int
    slow_checks: int


class CountedPepper(bytes):
    """A key of digests that counts them: it is looked up for each."""

    uses = 0

    def __hash__(self) -> int:
        self.uses += 1
        return super().__hash__()


class CountedStore:
    """A store that counts how often an application is read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def application(self, client_id: str) -> Application | None:
        """As `ports.Store`."""
        self.reads += 1
        return await self._store.application(client_id)


class OAuthEndpoints:
    """Sends requests with HTTP Basic to the endpoints of OAuth, and counts what they cost.

    Slow checks are real ones, at the least cost that argon2id has.
    """

    def __init__(self, context: Context) -> None:
        self._app = App(opens_nothing, Served(Routes(wiring.routes(context))))
        least = Argon2()
        least._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._slow = context.slow_hash = Counting(least)
        self._pepper = context.directory.pepper = CountedPepper(context.directory.pepper)
        self._store = CountedStore(context.store)
        context.store = cast("Store", self._store)
        context.directory.applications._reader = context.store
        self.token = ""

    async def ask(self, endpoint: str, header: Header) -> Answer:
        """The answer of an endpoint to a client."""
        form = {"grant_type": "client_credentials"} if endpoint == "token" else {"token": self.token}
        return await answer_of(self._app, "POST", f"/oauth/{endpoint}", [header, raw.FORM], urlencode(form).encode())

    async def work(self, endpoint: str, header: Header, status: int) -> Work:
        """Send a request that is answered with this status; the work that it costs."""
        before = self._pepper.uses, self._store.reads, self._slow.checks
        answer = await self.ask(endpoint, header)
        assert answer.status == status, (endpoint, presented(header), answer)
        after = self._pepper.uses, self._store.reads, self._slow.checks
        return Work(*(late - early for early, late in zip(before, after, strict=True)))


def presented(header: Header) -> str:
    """The decoded credentials of a header."""
    return b64decode(header[1].partition(" ")[2]).decode()


async def imported(scene: Scene, text: str, place: int, *, plain_id: bool = False) -> Client:
    """A client whose id and secret hold a text, at their beginning, inside and at their end."""
    client_id = f"client-{place}" if plain_id else f"{text}{place}{text}c{text}"
    client = Client(client_id, f"{text}s{text}{place}{text}")
    await applications.create(
        scene.context, f"imported {place}", 1, client_id=client.client_id, client_secret=client.secret
    )
    return client


def headers(client: Client) -> list[Header]:
    """The right headers: encoded, and as it is where no colon ends the id (RFC 7617)."""
    return [client.header(encode=encode) for encode in (True, False) if encode or ":" not in client.client_id]


def test_every_character_is_tried() -> None:
    """Each printable character of ASCII stands in one of the texts."""
    assert set("".join(TEXTS)) >= set(EVERY)


def wrong(client: Client) -> list[Header]:
    """Headers that are wrong by all of their readings."""
    secrets = [f"{client.secret}x", client.secret.swapcase(), unquote_plus(client.secret)]
    return [
        client._replace(secret=each).header(encode=encode)
        for each in secrets
        for encode in (True, False)
        if each.isascii()
        and each.isprintable()
        and client.secret not in (each, unquote_plus(each), quote_plus(each, safe="") if encode else each)
    ]


def test_both_readings_work_at_every_endpoint(tmp_path: Path) -> None:
    """Every character in an id and a secret: 200 encoded and as it is, and 401 for anything else."""

    async def scenario(scene: Scene) -> None:
        scene.context.settings = scene.context.settings.model_copy(update={"failed_attempts_max": 1_000_000})
        endpoints = OAuthEndpoints(scene.context)
        endpoints.token = (await scene.token()).access_token
        refused = []
        for place, text in enumerate(TEXTS):
            client = await imported(scene, text, place)
            for endpoint in ENDPOINTS:
                for header in headers(client):
                    answer = await endpoints.ask(endpoint, header)
                    assert answer.status == 200, (text, endpoint, header, answer)
            refused += [(ENDPOINTS[n % 3], header) for n, header in enumerate(wrong(client))]
        assert len(refused) > 3 * len(TEXTS)
        for start in range(0, len(refused), AT_ONCE):
            some = refused[start : start + AT_ONCE]
            statuses = await asyncio.gather(*(endpoints.work(*each, 401) for each in some))
            assert len(statuses) == len(some)
            scene.clock.step(HOURS_SECONDS)

    play(tmp_path, scenario)


FORMS = ((1, 1), (2, 1), (2, 2))


def form(header: Header) -> tuple[int, int]:
    """The form of what a header presents: how many readings it has, and of how many client ids."""
    try:
        read = credentials.present(forms.form(b"", b"", b""), RequestCredentials(header[1].encode()))
    except InvalidClient:
        return 0, 0  # it can be no id and secret
    assert isinstance(read, credentials.Presented)
    return len(read.readings), len({each.client_id for each in read.readings})


def test_the_right_reading_costs_what_the_other_one_would(tmp_path: Path) -> None:
    """Digests, reads and slow checks are the same for each header of one form, before and after re-keying."""

    async def scenario(scene: Scene) -> None:
        scene.context.settings = scene.context.settings.model_copy(update={"failed_attempts_max": 1_000_000})
        endpoints = OAuthEndpoints(scene.context)
        endpoints.token = (await scene.token()).access_token
        good: dict[tuple[int, int, bool], set[Work]] = defaultdict(set)
        bad: dict[tuple[int, int], set[Work]] = defaultdict(set)
        decoded: dict[tuple[int, int], set[bool]] = defaultdict(set)
        for place, text in enumerate(["+", "%2B", " ", ":", "a", "%", "+"]):
            client = await imported(scene, text, place, plain_id=place > 4)
            await endpoints.work("token", client.header(encode=True), 200)  # the first use is checked slowly
            for rekeyed in (False, True):
                for header in headers(client):
                    for endpoint in ENDPOINTS:
                        good[*form(header), rekeyed].add(await endpoints.work(endpoint, header, 200))
                    decoded[form(header)].add(unquote_plus(presented(header)) == ":".join(client))
                await slow_secrets.write_rekeyed(scene.context)
                await endpoints.work("token", client.header(encode=True), 200)  # it is read anew
            for header in (*wrong(client)[:3], *wrong(client._replace(client_id=f"nobody {client.client_id}"))[:3]):
                work = await endpoints.work(ENDPOINTS[place % 3], header, 401)
                bad[form(header)].add(work._replace(slow_checks=0))  # all failures are held back equally long
        assert {key: len(works) for key, works in good.items()} == dict.fromkeys(good, 1), good
        assert good[2, 1, True] == {Work(2, 0, 0)}
        assert decoded[2, 1] == decoded[2, 2] == {False, True}, "either reading was the right one"
        assert all(len(bad[key]) == 1 for key in FORMS), bad

    play(tmp_path, scenario)
