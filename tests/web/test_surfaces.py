"""Surfaces: a refusal has the form of the route that refuses, an unknown address that of its neighbours."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from tessera import wiring
from tessera.api import management
from tessera.app.state.refusals import Refusals
from tessera.core.changes import RecordAuditEntry
from tessera.core.errors import InvalidScope, OAuthRefusal, PlatformRefusal, Refusal, TooManyRequests, Unavailable
from tessera.ops.request_record import RequestRecord
from tessera.ports import StoreError
from tessera.web.asgi import App, Served
from tessera.web.errors import STATUSES
from tessera.web.messages import Request, Response
from tessera.web.refusal_records import RefusalRecorder
from tessera.web.routes import Route, Routes
from tessera.web.surfaces import OAUTH, PLATFORM, Problem, Surface
from tests.architecture.test_refusals import refusals
from tests.docs.test_reference import made
from tests.support.clock import StepClock
from tests.support.players import answer_of
from tests.support.raw import Answer
from tests.support.settings import settings_for

BASIC_CALLER = [("Authorization", "Basic YTpi")]


def _line(problem: Problem, request: Request) -> Response:
    """One line of text, with the query string of the request."""
    text = f"{problem.code}|{problem.text}|{request.query.decode()}"
    return Response(problem.status, text.encode(), ((b"content-type", b"text/plain"), *problem.headers))


def _redirect(problem: Problem, request: Request) -> Response:
    """A redirect that tells the code, and whether a refusal or a defect of ours caused it."""
    cause = "defect" if problem.refusal is None else type(problem.refusal).__name__
    location = b"/back?error=%b&cause=%b&%b" % (problem.code.encode(), cause.encode(), request.query)
    return Response(302, b"", ((b"location", location),))


LINE = Surface(
    name="Line",
    render=_line,
    defect_code="oops",
    challenges=lambda _refusal, _challenge: (),
    codes={"temporarily_unavailable": "wait", "invalid_scope": "scope", "not_found": "gone"},
    content={},
)
"""A surface that is none of the service's: it renames a code that several families know, and one of each family."""

REDIRECT = Surface(
    name="Redirect",
    render=_redirect,
    defect_code="server_error",
    challenges=lambda _refusal, _challenge: (),
    codes={},
    content={},
)

OF_UNKNOWN = {"/.well-known/nowhere": OAUTH, "/oauth/nowhere": OAUTH, "/priv/v1/nowhere": PLATFORM, "/oauth": PLATFORM}
"""Addresses that the service does not have, and the surface of each."""


class Told(NamedTuple):
    """An answer, and the record of its request."""

    answer: Answer
    record: RequestRecord


class Records:
    """An observer that keeps the records."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []

    def answered(self, _scope: object, record: RequestRecord, *_rest: object) -> None:
        """Keep one record."""
        self.records.append(record)


def ask(routes: list[Route], method: str, target: str) -> Told:
    """Send one request to an application of these routes."""
    records = Records()
    app = App(cast("Any", None), Served(Routes(routes), cast("Any", records)))
    answer = asyncio.run(answer_of(app, method, target, BASIC_CALLER, b""))
    return Told(answer, records.records[0])


def counted(routes: list[Route], method: str, target: str) -> int:
    """How many refusals of a known client the audit counts, after one request of that client to these routes."""
    refusals = Refusals(lambda client: client == "a", StepClock())
    refusal_recorder = RefusalRecorder(refusals, StepClock(), (), str)
    app = App(cast("Any", None), Served(Routes(routes), refusal_recorder=refusal_recorder))
    asyncio.run(answer_of(app, method, target, BASIC_CALLER, b""))
    return sum(isinstance(change, RecordAuditEntry) for change in refusals.take(lambda: "id"))


def raising(problem: Exception, surface: Surface = LINE, path: str = "/line/{id}") -> list[Route]:
    """A route of a surface that fails in this way, among those of other surfaces."""

    async def fail(_request: Request) -> Response:
        raise problem

    return [
        Route("POST", "/oauth/token", fail, OAUTH),
        Route("GET", path, fail, surface),
        Route("GET", "/docs", fail, PLATFORM),
    ]


@pytest.mark.parametrize("kind", refusals().values(), ids=list(refusals()))
def test_every_kind_of_refusal_has_the_form_of_its_route(kind: type[Refusal]) -> None:
    """Status and text are those of the kind; form, code and challenges are the surface's, whichever family it is of."""
    refusal = made(kind)
    answer, record = ask(raising(refusal), "GET", "/line/1?state=x")
    code = LINE.codes.get(kind.code, kind.code)

    assert (answer.status, answer.body.decode()) == (STATUSES[kind], f"{code}|{refusal.message}|state=x")
    assert record.code == code
    assert answer.header("content-type") == "text/plain"
    assert answer.header("www-authenticate") is None
    assert (answer.header("retry-after") is not None) is (kind in (TooManyRequests, Unavailable))
    assert answer.header("x-request-id") == record.request_id


@pytest.mark.parametrize("path", ["/oauth/line/{id}", "/priv/line/{id}"])
def test_the_address_of_a_route_does_not_decide(path: str) -> None:
    """A refusal of a route has the form that the route names, even among addresses of another surface."""
    for surface in (LINE, OAUTH, PLATFORM):
        for problem in (made(Unavailable), StoreError("away"), ValueError("a mistake")):
            answer, record = ask(raising(problem, surface, path), "GET", path.format(id=1))
            code = surface.defect_code if isinstance(problem, ValueError) else surface.code(Unavailable)

            assert record.code == code
            assert code.encode() in answer.body
            assert (b'"errors"' in answer.body) is (surface is PLATFORM)
            assert (b'"error_description"' in answer.body) is (surface is OAUTH)


def test_an_outage_of_the_database_has_the_form_of_the_route() -> None:
    """It is 503 with `Retry-After`, and the code that the surface has for it."""
    answer, record = ask(raising(StoreError("the disk is full")), "GET", "/line/1")

    assert (answer.status, record.code, record.check) == (503, "wait", "store.unavailable")
    assert answer.body.startswith(b"wait|The service cannot store anything just now.")
    assert answer.header("retry-after") == "1"


def test_a_defect_has_the_form_of_the_route() -> None:
    """It is 500 with the surface's own code, and tells nothing else."""
    answer, record = ask(raising(ValueError("a secret")), "GET", "/line/1")

    assert (answer.status, record.code, record.check) == (500, "oops", "server.defect")
    assert answer.body == b"oops|Something went wrong on our side.|"


@pytest.mark.parametrize("path", ["/line/{id}", "/line", "/line/first/second"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_unknown_method_has_the_form_of_the_address(path: str, slash: str) -> None:
    """It is 405 with `Allow`, in the form of the routes of the address, with a slash at the end too."""
    answer, record = ask(raising(ValueError(), path=path), "DELETE", path.format(id="a%20b") + slash)

    assert (answer.status, record.code, record.check) == (405, "invalid_request", "address.method")
    assert answer.body == b"invalid_request|Use GET or HEAD for this address.|"
    assert answer.header("allow") == "GET, HEAD"


@pytest.mark.parametrize("path", ["/oauth/line", "/oauth/{id}/line", "/docs"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_unknown_method_has_not_the_form_of_the_neighbours(path: str, slash: str) -> None:
    """Where addresses that begin alike have several surfaces, that of the address counts, not that of the first."""
    _, others, *_ = raising(ValueError(), path=path)
    routes = [Route("POST", "/oauth/token", others.handler, OAUTH), Route("GET", "/docs/{id}", others.handler, OAUTH)]
    answer, record = ask([*routes, others], "PUT", path.format(id="a%20b") + slash)

    assert (answer.status, record.code) == (405, "invalid_request")
    assert answer.body == b"invalid_request|Use GET or HEAD for this address.|"


@pytest.mark.parametrize(
    ("path", "surface"),
    [
        ("/line/1/nowhere", LINE),
        ("/line/", LINE),
        ("/line//", LINE),
        ("/%6cine/1/nowhere", LINE),
        ("/line", PLATFORM),
        ("/lines/1", PLATFORM),
        ("/LINE/1/nowhere", PLATFORM),
        ("//line/1/nowhere", PLATFORM),
        ("/oauth/line", OAUTH),
        ("/.well-known/line", PLATFORM),
        ("/docs/line", PLATFORM),
        ("/", PLATFORM),
        ("*", PLATFORM),
    ],
)
def test_an_unknown_address_has_the_form_of_its_neighbours(path: str, surface: Surface) -> None:
    """It is 404 in the form of the routes that share its first segment, and in the platform's when there are none."""
    answer, record = ask(raising(ValueError()), "GET", path)
    bodies = {
        "Line": b"gone|Nothing answers at this address.|",
        "OAuth": b'{"error":"invalid_request","error_description":"Nothing answers at this address."}',
        "Platform": b'{"status":"error","errors":{"code":"not_found","message":"Nothing answers at this address."}}',
    }

    assert (answer.status, answer.body) == (404, bodies[surface.name])
    assert (record.code, record.check) == ("not_found", "address.unknown")


def test_the_first_route_of_a_segment_decides() -> None:
    """Where neighbours have several surfaces, an unknown address has that of the first of them in the table."""
    first = raising(ValueError(), path="/oauth/pages")
    last = [first[1], first[0]]

    assert ask(first, "GET", "/oauth/nowhere").answer.body.startswith(b'{"error":')
    assert ask(last, "GET", "/oauth/nowhere").answer.body.startswith(b"gone|")


def test_a_surface_may_answer_by_a_redirect() -> None:
    """A surface makes the whole response, from the refusal and the request: not only a body."""
    for problem, told in (
        (made(Unavailable), "error=temporarily_unavailable&cause=Unavailable"),
        (ValueError(), "error=server_error&cause=defect"),
    ):
        answer, _ = ask(raising(problem, REDIRECT), "GET", "/line/1?state=xyz")

        assert (answer.status, answer.header("location")) == (302, f"/back?{told}&state=xyz")


@pytest.mark.parametrize(
    ("method", "target", "count"),
    [("POST", "/oauth/token", 1), ("GET", "/oauth/nowhere", 1), ("GET", "/line/1", 0), ("GET", "/docs/nowhere", 0)],
)
def test_the_surface_says_whether_the_audit_counts_a_refusal(method: str, target: str, count: int) -> None:
    """OAuth's surface has every refusal of a known client counted, others only those that deny it access."""
    assert counted(raising(made(InvalidScope)), method, target) == count
    assert counted(raising(made(TooManyRequests)), "GET", "/line/1") == 1


def test_every_route_names_the_surface_that_it_had(tmp_path: Path) -> None:
    """OAuth endpoints and the documents about them answer in OAuth's form, everything else in the platform's."""

    async def collect() -> list[Route]:
        async with wiring.open_context(settings) as context:
            return [*wiring.routes(context), *management.routes(context, lambda: False)]

    settings = settings_for(tmp_path / "data")
    routes = asyncio.run(collect())
    oauth = [route.path.startswith(("/oauth/", "/.well-known/")) for route in routes]
    table = Routes(routes)
    foreign = {OAUTH: PlatformRefusal, PLATFORM: OAuthRefusal}

    assert [route.surface is OAUTH for route in routes] == oauth
    assert [route.surface is PLATFORM for route in routes] == [not each for each in oauth]
    unknown = {path: table.surface(path, path.encode()) for path in OF_UNKNOWN}
    assert unknown == OF_UNKNOWN
    for route in routes:
        for kind in route.operation.refusals if route.operation else ():
            assert not issubclass(kind, foreign[route.surface]), (route.path, kind)
