"""Whoever authenticates, in whichever way, is named by the request log, the trace, `explain` and the audit."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args
from urllib.parse import urlencode

import msgspec
import pytest

from tessera import wiring
from tessera.app.clients import applications, properties
from tessera.app.clients import credentials as client_credentials
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.core.administration.explanations import Explanation
from tessera.core.clients import assertions as core_assertions
from tessera.core.clients import credentials
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Assertion, Certificate, Place, Presented
from tessera.ports import Search
from tests.server.test_traces import Collector, attributes, collecting
from tests.support import assertions, operator_session, pki, raw
from tests.support.operator import Operated, operated, until
from tests.support.possession import Holder
from tests.support.raw import Answer

Header = tuple[str, str]


class Sent(NamedTuple):
    """Credentials of a request: headers, and parameters of query and body."""

    headers: list[Header]
    query: dict[str, str] = {}
    body: dict[str, str] = {}


class Way(NamedTuple):
    """One way of authenticating: what it is by the code's own enumerations, and how a request shows it.

    `show` is given the method and the path of the request; `wrong` is the same with something wrong in it.
    """

    what: tuple[object, ...]
    show: Callable[[str, str], Sent]
    wrong: Callable[[str, str], Sent]
    named: str


class Partner:
    """A client with every kind of credential, and a property."""

    def __init__(self, served: Operated) -> None:
        self.server = served.server
        self.requests = 0
        self.issuer = self.server.url
        self.pair = pki.certificate("Partner")
        self.other_pair = pki.certificate("Other")
        self.key = assertions.new_key()
        self.holder = Holder()
        operator_session.do(self.server.folder, self._furnish)
        self.bearer = self._token(Sent([], {}, self._secret()))
        self.by_certificate = self._token(self._certificate(self.pair))
        self.by_dpop = self._token(Sent([self._proof("POST", "/oauth/token")], {}, self._secret()))

    async def _furnish(self, context: Context) -> None:
        made = await applications.create(context, "every way", 1)
        shop = await properties.create(context, (await organizations.every(context))[0], "another shop")
        self.client_id, self.secret = made.client_id, made.client_secret or ""
        self.api_key, self.property_secret = shop.api_key, shop.property_secret
        await client_credentials.add_certificate(context, made.client_id, "certificate", self.pair.pem)
        await client_credentials.add_key(context, made.client_id, "key", assertions.jwk(self.key))

    def _secret(self, secret: str | None = None) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": secret or self.secret}

    def _certificate(self, pair: pki.Pair) -> Sent:
        return Sent([("Client-Cert", pki.header(pair.der).decode())], {}, {"client_id": self.client_id})

    def _assertion(self, key: Any) -> dict[str, str]:
        says = assertions.claims(self.client_id, self.issuer, time.time())
        return {
            "client_assertion_type": core_assertions.TYPE,
            "client_assertion": assertions.signed(key, says),
        }

    def _proof(self, method: str, path: str, token: str | None = None) -> Header:
        return "DPoP", self.holder.proof(method, self.issuer + path, token=token)

    def _token(self, sent: Sent) -> str:
        self.requests += 1
        answer = ask(self.server.port, "POST", "/oauth/token", sent)
        assert answer.status == 200, answer
        token: str = msgspec.json.decode(answer.body)["access_token"]
        return token

    def as_client(self) -> list[Way]:
        """The ways of an OAuth client at the OAuth endpoints."""

        def presented(place: Place, show: Callable[[str], Sent]) -> Way:
            return Way((Presented, place), lambda *_: show(self.secret), lambda *_: show("f" * 64), self.client_id)

        other = assertions.new_key()
        return [
            presented(Place.QUERY, lambda secret: Sent([], self._secret(secret))),
            presented(Place.BODY, lambda secret: Sent([], {}, self._secret(secret))),
            presented(Place.BASIC, lambda secret: Sent([raw.basic(self.client_id, secret)])),
            Way(
                (Assertion, Place.QUERY),
                lambda *_: Sent([], self._assertion(self.key)),
                lambda *_: Sent([], self._assertion(other)),
                self.client_id,
            ),
            Way(
                (Assertion, Place.BODY),
                lambda *_: Sent([], {}, self._assertion(self.key)),
                lambda *_: Sent([], {}, self._assertion(other)),
                self.client_id,
            ),
            Way(
                (Certificate, Place.CONNECTION),
                lambda *_: self._certificate(self.pair),
                lambda *_: self._certificate(self.other_pair),
                self.client_id,
            ),
        ]

    def by_token(self) -> list[Way]:
        """The ways of whoever holds a token: unbound tokens go wrong by the address, which holds them too."""
        bearer = [raw.bearer(self.bearer)]
        bound = raw.bearer(self.by_certificate)
        return [
            Way(
                (TokenBinding.NONE,),
                lambda *_: Sent(bearer),
                lambda *_: Sent(bearer, {"access_token": "x"}),
                self.client_id,
            ),
            Way(
                (TokenBinding.TLS,),
                lambda *_: Sent([bound, *self._certificate(self.pair).headers]),
                lambda *_: Sent([bound]),
                self.client_id,
            ),
            Way(
                (TokenBinding.DPOP,),
                lambda method, path: Sent(
                    [("Authorization", f"DPoP {self.by_dpop}"), self._proof(method, path, self.by_dpop)]
                ),
                lambda _, path: Sent(
                    [("Authorization", f"DPoP {self.by_dpop}"), self._proof("TRACE", path, self.by_dpop)]
                ),
                self.client_id,
            ),
        ]

    def by_property(self) -> Way:
        """The way of a digital property."""
        return Way(
            ("property",),
            lambda *_: Sent([raw.basic(self.api_key, self.property_secret)]),
            lambda *_: Sent([raw.basic(self.api_key, "wrong")]),
            self.api_key,
        )


def ask(port: int, method: str, path: str, sent: Sent) -> Answer:
    """A request that authenticates so."""
    form = {"grant_type": "client_credentials", "token": "00", **sent.body} if path.startswith("/oauth/") else None
    raw_body = b"" if method == "GET" else urlencode(form).encode() if form is not None else b"{}"
    kind = [raw.FORM] if form is not None else [("Content-Type", "application/json")]
    target = f"{path}?{urlencode(sent.query)}" if sent.query else path
    return raw.ask(port, method, target, raw_body, [*sent.headers, *(kind if raw_body else [])])


class Stage(NamedTuple):
    """The server, what it sends as traces, the client, and every operation that asks who calls, by its kind.

    `requests` holds how many were sent by now.
    """

    served: Operated
    collector: Collector
    partner: Partner
    operations: list[tuple[str, str, str]]
    requests: list[int]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server behind a proxy that hands certificates over."""
    folder = tmp_path_factory.mktemp("named") / "data"
    with collecting() as (collector, endpoint):
        environment = {
            "TESSERA_OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.1",
            "TESSERA_LOG_PATHS": "true",
            "TESSERA_DPOP_NONCES": "off",
        }
        with operated(folder, **environment) as served:
            partner = Partner(served)
            yield Stage(served, collector, partner, operator_session.do(folder, operations), [partner.requests])


async def operations(context: Context) -> list[tuple[str, str, str]]:
    """Method, path and kind of access of every operation, with its parameters filled in with something."""
    return [
        (route.method, route.path.replace("{", "").replace("}", ""), route.operation.access)
        for route in wiring.routes(context)
        if route.operation is not None and route.operation.access != "public"
    ]


def test_every_way_is_tried(stage: Stage) -> None:
    """A new kind of credential, place or binding has to be added here, and each kind of access has its ways."""
    tried = [way.what for way in stage.partner.as_client()]
    assert {what[0] for what in tried} == set(get_args(credentials.Credentials))
    assert {what[1] for what in tried} == set(Place)
    assert {way.what[0] for way in stage.partner.by_token()} == set(TokenBinding)
    assert {access for *_, access in stage.operations} == {"client", "bearer", "platform"}


def ways(stage: Stage, access: str, path: str = "") -> list[Way]:
    """The ways of authenticating for an operation of this kind; at introspection by another token too."""
    partner = stage.partner
    if access == "client":
        return [*partner.as_client(), *(partner.by_token() if path == "/oauth/introspect" else [])]
    return partner.by_token() if access == "bearer" else [*partner.by_token(), partner.by_property()]


def named(stage: Stage) -> list[dict[str, Any]]:
    """The events of the requests so far, without those of the start."""
    return [each for each in stage.served.events() if each["path"] != "/"]


@pytest.mark.parametrize("good", [True, False])
def test_whoever_calls_is_named(stage: Stage, good: bool) -> None:
    """By each way at each operation, whatever comes of the request: when it is let in, and when it is refused."""
    port, expected, answers = stage.served.server.port, [], []
    sent = stage.requests[0]
    until(lambda: len(named(stage)), lambda count: count == sent)
    for method, path, access in stage.operations:
        for way in ways(stage, access, path):
            answers.append(ask(port, method, path, (way.show if good else way.wrong)(method, path)))
            expected.append((f"{method} {path}", way.named))
            if not good:
                assert answers[-1].status >= 400, (path, way.what, answers[-1])
    stage.requests[0] += len(expected)
    events = until(lambda: named(stage)[sent:], lambda events: len(events) >= len(expected))
    assert [(f"{each['method']} {each['path']}", each.get("client")) for each in events] == expected
    assert [each["status"] for each in events] == [each.status for each in answers]
    traced = Counter((each["route"], each["client"]) for each in named(stage) if "client" in each)
    spans = until(lambda: Counter(span_names(stage)), lambda spans: sum(spans.values()) >= sum(traced.values()))
    assert spans == traced
    for answer, (_, name) in zip(answers, expected, strict=True):
        if answer.status >= 400:
            assert explained(stage, answer) == (name, True)


def span_names(stage: Stage) -> list[tuple[object, object]]:
    """Route and client of every span that names a client."""
    found = [attributes(span) for span in stage.collector.spans]
    return [(each.get("http.route"), each["tessera.client_id"]) for each in found if "tessera.client_id" in each]


def explained(stage: Stage, answer: Answer) -> tuple[str, bool]:
    """Client that `tessera explain` names for a refusal, and whether as one that is known."""
    request_id = answer.header("x-request-id") or ""
    text = until(
        lambda: operator_session.do(stage.served.server.folder, lambda context: context.store.refusal(request_id)),
        lambda text: text is not None,
    )
    assert text is not None
    refusal = msgspec.json.decode(text, type=Explanation)
    return refusal.client, refusal.known


def test_the_audit_names_who_was_refused(stage: Stage) -> None:
    """By each check that turned a known client or property down."""
    refused = {
        (way.named, check)
        for way, check in zip(
            [*stage.partner.by_token()[1:], stage.partner.by_property()],
            ("binding.certificate", "dpop.proof", "caller.property"),
            strict=True,
        )
    }

    async def recorded(context: Context) -> set[tuple[str, str]]:
        found = await context.store.audit_entries_before(2**62, 1000, Search(action="client.refused"))
        return {(each.target, msgspec.json.decode(each.detail)["check"]) for each in found}

    path = next(path for method, path, access in stage.operations if access == "platform" and method == "GET")
    for way in ways(stage, "platform"):
        stage.requests[0] += 1
        ask(stage.served.server.port, "GET", path, way.wrong("GET", path))
    until(lambda: operator_session.do(stage.served.server.folder, recorded), lambda found: refused <= found)
