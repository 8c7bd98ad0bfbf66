"""Everything that a user can touch is in the papers: settings, routes, errors, events."""

import ast
import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from tessera import wiring
from tessera.api.platform import fields
from tessera.app.clients import brute_force
from tessera.app.customers import activity
from tessera.app.webhooks.workers import BATCH_MAX
from tessera.core import errors, wire
from tessera.core.customers import custom_profiles, identifiers
from tessera.core.errors import Refusal
from tessera.core.event_types import DATA, EventType
from tessera.core.webhooks.deliveries import BACKOFF_SECONDS, RETRY_SCHEDULE_SECONDS
from tessera.core.webhooks.webhooks import TEST
from tessera.ops import metrics, slow_hash
from tessera.settings import Settings
from tessera.store import writer
from tessera.store.postgres import commit_queue
from tessera.web import errors as answers
from tessera.web.messages import Request, Response
from tessera.web.server import head
from tessera.web.server.exchange import Exchange
from tessera.web.surfaces import OAUTH, PLATFORM
from tests.architecture.modules import modules
from tests.architecture.test_refusals import refusals
from tests.docs import operator_errors_table, settings_table
from tests.docs.fences import paper
from tests.support.settings import settings_for

_ROUTE = re.compile(r"^#+ `(GET|POST|PUT|DELETE) (/\S*)`$", re.MULTILINE)
_ALSO = re.compile(r"^Also `(GET|POST|PUT|DELETE) (/\S*)`", re.MULTILINE)


def test_the_table_of_settings_is_current() -> None:
    """docs/settings.md shows every setting as it is declared; `python -m tests.docs.settings_table` writes it."""
    text = paper("docs/settings.md")

    assert settings_table.brought_up_to_date(text) == text
    assert set(re.findall(r"^\| `(\w+)` \| `TESSERA_", text, re.MULTILINE)) == set(Settings.model_fields)


def test_the_table_of_operators_errors_is_current() -> None:
    """docs/operator-errors.md has every code; `python -m tests.docs.operator_errors_table` writes it."""
    text = paper("docs/operator-errors.md")

    assert operator_errors_table.brought_up_to_date(text) == text


def test_every_setting_has_a_sentence() -> None:
    """A setting says what it is, in words that end."""
    silent = [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")]

    assert silent == []


def served(folder: Path) -> set[tuple[str, str]]:
    """Method and path of every route that is served."""
    settings = settings_for(folder)

    async def collect() -> set[tuple[str, str]]:
        async with wiring.open_context(settings) as context:
            return {(route.method, route.path) for route in wiring.routes(context)}

    return asyncio.run(collect())


def test_every_route_is_in_the_manual(tmp_path: Path) -> None:
    """docs/api.md has a heading, or an `Also` line, for every route that is served, and for no other."""
    text = paper("docs/api.md")

    assert {*_ROUTE.findall(text), *_ALSO.findall(text)} == served(tmp_path / "data")


def made(kind: type[Refusal]) -> Refusal:
    """A refusal of this kind."""
    if issubclass(kind, errors.InsufficientScope):
        return kind("The scope is missing.", scope="loyalty:read")
    if issubclass(kind, errors.MethodNotAllowed):
        return kind(("GET",))
    if issubclass(kind, errors.UseDPoPNonce):
        return kind("The nonce is missing.", nonce="a nonce")
    if issubclass(kind, errors.DPoPChallenge):
        return kind("The proof is missing.", error="invalid_dpop_proof")
    return kind("A sentence.")


def code_of(response: Response) -> str:
    """The error code in a response, of either family."""
    body = msgspec.json.decode(response.body)
    code: str = body["error"] if "error" in body else body["errors"]["code"]
    return code


def documented(text: str, heading: str) -> dict[tuple[str, str], str]:
    """Code and status of every row under a heading, with what to do."""
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| .+? \| (.+?) \|$", section, re.MULTILINE)
    return {(code, status): what for code, status, what in rows}


SURFACES = {"OAuth endpoints": OAUTH, "Platform API": PLATFORM}
FAMILIES = {"OAuth endpoints": errors.OAuthRefusal, "Platform API": errors.PlatformRefusal}


def answered(heading: str) -> set[tuple[str, str]]:
    """Code and status of every answer but success that this part of the service gives."""
    surface = SURFACES[heading]
    request = Request({}, Exchange({}, lambda: None))
    others = [family for name, family in FAMILIES.items() if name != heading]
    kinds = [kind for kind in refusals().values() if not issubclass(kind, tuple(others))]
    responses = [answers.respond(made(kind), surface, request) for kind in kinds]
    responses += [answers.unavailable(surface, request), answers.defect(surface, request)]
    return {(code_of(response), str(response.status)) for response in responses}


@pytest.mark.parametrize("heading", SURFACES)
def test_every_error_code_says_what_to_do(heading: str) -> None:
    """docs/errors.md has a row for every code and status that is answered, with what to do, and for no other."""
    rows = documented(paper("docs/errors.md"), heading)

    assert set(rows) == answered(heading)
    assert [key for key, what in rows.items() if not what.endswith(".")] == []


def test_the_limits_are_those_of_the_code() -> None:
    """docs/security.md names every limit by the number that is in force."""
    rows = dict(re.findall(r"^\| ([a-z].*?) \| (.+?) \| [45]\d\d", paper("docs/security.md"), re.MULTILINE))
    settings = Settings.model_fields
    expected = {
        "request line and headers": (settings["request_head_bytes_max"].default // 1024, head.HEADERS_MAX),
        "query string": (wire.QUERY_BYTES_MAX // 1024,),
        "body of an OAuth request": (wire.BODY_BYTES_MAX // 1024,),
        "parameters of an OAuth request": (wire.PARAMETERS_MAX, wire.VALUE_LENGTH_MAX),
        "parameters of a platform query": (wire.QUERY_PARAMETERS_MAX,),
        "custom profile of a customer": (custom_profiles.SIZE_MAX_BYTES // 1024, custom_profiles.DEPTH_MAX),
        "external ids of a customer": (identifiers.IDENTIFIERS_MAX,),
        "tags of a customer, and names of its events": (activity.NAMES_MAX,),
        "body of a platform request": (fields.BODY_BYTES_MAX // 1024,),
        "time to send a request whole": (int(settings["request_timeout_seconds"].default),),
        "open connections of a process": (settings["connections_max"].default,),
        "argon2id checks that wait": (slow_hash.WAITING_MAX,),
        "commits that wait": (writer.WAITING_MAX, commit_queue.WAITING_MAX),
        "argon2id checks that failed": tuple(
            factor * settings["failed_attempts_max"].default
            for factor in (brute_force.SLOW_CHECKS_FACTOR, brute_force.ADDRESS_FACTOR)
        ),
    }

    said = {what: tuple(int(each) for each in re.findall(r"\d+", text.replace(",", ""))) for what, text in rows.items()}

    assert said == expected


def told(text: str) -> dict[str, set[str]]:
    """The members that docs/webhooks.md explains, by kind of event."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        heading, _, rest = section.partition("\n")
        rows = re.findall(r"^\| (`.+?`) \| ", rest, re.MULTILINE)
        members = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        found |= dict.fromkeys(re.findall(r"`(\w+\.\w+)`", heading), members)
    return found


def test_every_kind_of_event_is_explained() -> None:
    """docs/webhooks.md has every kind of event that webhooks are told of, with every member of its data."""
    expected = {kind.value: set(DATA[kind].__struct_fields__) for kind in EventType}

    assert told(paper("docs/webhooks.md")) == expected | {TEST: {"webhook"}}


def test_the_schedule_of_tries_is_that_of_the_code() -> None:
    """docs/webhooks.md tells the pauses that are in force."""
    said = " ".join(paper("docs/webhooks.md").split())
    hours, halves, tens = (RETRY_SCHEDULE_SECONDS.count(each) for each in (14_400, 1800, 600))

    assert BACKOFF_SECONDS == (5, 30, 120, 300, 600)
    assert RETRY_SCHEDULE_SECONDS[:4] == (5, 30, 120, 300)
    assert (tens, halves, RETRY_SCHEDULE_SECONDS.count(3600), hours) == (6, 4, 4, 16)
    assert "six times every 10 minutes, four times every half hour, four times every hour and 16 times every 4" in said
    assert f"Up to {BATCH_MAX} messages" in said
    assert f"within {Settings.model_fields['webhook_timeout_seconds'].default:g} seconds" in said


def events() -> set[str]:
    """The name of every event that is logged."""
    return {
        ast.literal_eval(node.args[0])
        for module in modules()
        if module.within
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "log"
        if isinstance(node.args[0], ast.Constant)
    } | {
        ast.literal_eval(event)
        for module in modules()
        if module.within
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "OutageLog"
        for event in node.args
    }


MADE_BY_HAND = {"log_dropped", "request"}
"""Events that do not go by way of the logger."""


def test_every_metric_is_explained() -> None:
    """docs/monitoring.md has a row for every metric with its labels, and no alert asks for one that is not there."""
    text = paper("docs/monitoring.md")
    rows = re.findall(r"^\| `(tessera_\w+)` \| \w+ \|(.*?)\| ", text, re.MULTILINE)
    counters = {family.name for family in metrics.FAMILIES.values() if family.kind is metrics.Kind.COUNTER}
    declared = {
        family.name + ("_total" if family.name in counters else ""): ", ".join(family.labels)
        for family in metrics.FAMILIES.values()
    }
    named = {name.removesuffix("_bucket") for name in re.findall(r"\btessera_\w+", text)}

    assert {name: labels.strip() for name, labels in rows} == declared
    assert named - set(declared) == set()


def test_every_event_is_explained() -> None:
    """docs/operations.md has a row for every event of the log, and for no other."""
    rows = set(re.findall(r"^\| `(\w+)` \| \w+ \| ", paper("docs/operations.md"), re.MULTILINE))

    assert "defect" in events()
    assert rows == events() | MADE_BY_HAND
