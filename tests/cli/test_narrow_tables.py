"""Every table at terminals of many widths: on one line for each row, and nothing folded."""

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len

from tessera.app.context import Context
from tessera.cli import tables
from tessera.cli.tables import Column
from tessera.core.administration.explanations import Explanation
from tessera.core.administration.pseudonyms import REFUSAL
from tessera.core.changes import AddDelivery, KeepRefusal
from tests.cli.command import commands, folder_with_application, run
from tests.support import operator_session

WIDTHS = (60, 80, 100, 200)
LONG = "Partner with a name that no table of any terminal was ever made for, and more of it"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32}")
PROGRAM = f"""
point_accounts: [{{name: "{LONG}", group: Tier}}]
point_sources: [{{name: "{LONG}"}}]
tier_systems:
- name: "{LONG}"
  levels: [{{name: Low}}, {{name: "{LONG}", points: 100, accounts: ["{LONG}"]}}]
events:
- lookup: survey
  awards: [{{account: "{LONG}", points: 25, source: "{LONG}"}}]
"""

TABLES = (
    "apps list",
    "apps show {long}",
    "apps limit {long}",
    "apps secrets list {long}",
    "apps keys list {long}",
    "apps certificates list {long}",
    "orgs list",
    "properties list",
    "properties show {long}",
    "properties limit {long}",
    "properties secrets list {long}",
    "resources list",
    "resources who loyalty:read",
    "customers list --org {long}",
    "loyalty show --org {long}",
    "webhooks list",
    "webhooks deliveries {long} --org {long}",
    "events list --org {long}",
    "keys list",
    "audit list",
    "explain --about card-1",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything has a long name."""
    tmp_path = tmp_path_factory.mktemp("narrow")
    data, _ = folder_with_application(tmp_path)
    here = ("--data-dir", data)
    run("orgs", "set", "Aurora", "--name", LONG, *here)
    run("apps", "set", "Partner", "--name", LONG, "--scope", "profiles:read profiles:write loyalty:read", *here)
    run("apps", "limit", LONG, "--networks", " ".join(f"10.{n}.0.0/16" for n in range(30)), *here)
    run("apps", "secrets", "add", LONG, "--name", f"secret {LONG}", *here)
    run(
        "apps",
        "keys",
        "add",
        LONG,
        "--jwks-uri",
        "https://93.184.216.34/a/long/path/of/keys.json",
        "--name",
        LONG,
        *here,
    )
    run("apps", "certificates", "add", LONG, "--subject", f"san_dns:{'a' * 60}.partner.example", *here)
    run("properties", "create", LONG, *here)
    run("properties", "secrets", "add", LONG, "--name", LONG, *here)
    run("resources", "create", f"https://stock.example/{'a' * 100}", "--name", LONG, "--scope", "a b c", *here)
    run("webhooks", "create", LONG, "--url", f"https://93.184.216.34/{'a' * 100}", *here)
    rows, program = tmp_path / "rows.csv", tmp_path / "program.yaml"
    rows.write_text(
        f"external_id,first_name,last_name,email\ncard-{'xy' * 28},{'日本' * 20},{LONG[:40]},{'q' * 60}@b.example\n"
    )
    program.write_text(PROGRAM)
    run("customers", "import", rows, *here)
    assert run("loyalty", "apply", program, "--yes", *here).code == 0
    operator_session.do(data, _failures)
    return data


async def _failures(context: Context) -> None:
    """A delivery that failed, and a request that was refused."""
    (event,) = await context.store.events_after(1, 0, 1)
    now = context.clock.now()
    ids = {"external_id": context.pseudonym(REFUSAL, "card-1")}
    refusal = Explanation(
        "5b2f0c9d8e7a46139c0d1e2f3a4b5c6d", now, "GET", f"/{'a' * 90}", "::1", 401, "x", "token.dead", "No", ids=ids
    )
    await context.commit(
        AddDelivery(1, event.number, 3, now, "the receiver answered 500, and a lot of text with it, again and again"),
        KeepRefusal(refusal.request_id, now, msgspec.json.encode(refusal).decode()),
    )


@pytest.mark.parametrize("command", TABLES)
def test_a_table_fits_and_folds_nothing(folder: Path, command: str) -> None:
    """No line is wider than the terminal, a row is one line, and an id is whole or visibly cut."""
    words = [word.replace("{long}", LONG) for word in command.split()]
    whole = run(*words, "--data-dir", folder).out
    ids = set(ID.findall(whole))
    for width in WIDTHS:
        done = run(*words, "--data-dir", folder, columns=width)
        assert done.code == 0, done
        lines = done.out.splitlines()
        under_tables = lines[next(place for place, line in enumerate(lines) if line.startswith("─")) :]
        assert max(map(cell_len, under_tables)) <= width, done.out
        assert len(lines) == len(whole.splitlines()), done.out
        assert not re.search(r"\d{4}-\d\d-\d\dT[\d:]*…", done.out), "a time is cut"
        heads = re.findall(r"(?:^|  )([0-9a-f-]{4,})…(?=  |$)", done.out, re.MULTILINE)
        assert command == "audit list" or not any(each.startswith(head) for head in heads for each in ids), done.out
        assert ("--wide" in done.err) == (done.out != whole)
    assert run(*words, "--wide", "--data-dir", folder, columns=60).out == whole


def test_an_id_is_cut_to_both_of_its_ends() -> None:
    """Ids of one moment begin alike: what is shown of them tells them apart."""
    assert tables.shortened("0190e5a1-77f3-7c21-8d3a-1f2e3d4c5b6a", 17, id=True) == "0190e5a1…3d4c5b6a"
    assert tables.shortened("a name that is long", 10) == "a name th…"
    assert tables.shortened("日本語日本語", 6) == "日本…"


def test_ids_stay_whole_where_they_can() -> None:
    """Texts are cut before ids, ids before columns go, and the column with the greatest `drop` goes first."""
    columns = [Column("name", short=20), Column("id", short=9, id=True), Column("b", drop=1), Column("c", drop=2)]
    cells = [["n" * 40, "0123456789abcdef", "b" * 10, "c" * 10]]

    def titles(room: int) -> tuple[list[str], str]:
        shown = tables.fitted(columns, cells, room)
        assert tables.total(shown.widths) <= room
        return [each.title for each in shown.columns], shown.cells[0][1]

    whole, cut = "0123456789abcdef", "0123…cdef"
    assert titles(82) == titles(52) == (["name", "id", "b", "c"], whole)
    assert titles(51) == titles(45) == (["name", "id", "b", "c"], cut)
    assert titles(44) == titles(40) == (["name", "id", "b"], whole)
    assert titles(39) == titles(33) == (["name", "id", "b"], cut)
    assert titles(32) == titles(28) == (["name", "id"], whole)
    assert titles(27) == titles(21) == (["name", "id"], cut)
    assert titles(12)[0] == ["name", "id"]
    columns[3] = Column("c", drop=3)
    assert titles(52) == (["name", "id", "b"], whole)


def _calls(work: Callable[..., Any]) -> set[Callable[..., Any]]:
    """The functions of the command line that a function calls by name, here or in another of its modules."""
    module = inspect.getmodule(work)
    found: set[Callable[..., Any]] = set()
    for node in ast.walk(ast.parse(inspect.getsource(work).lstrip())):
        owner: Any = module
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = getattr(module, node.value.id, None)
        elif not isinstance(node, ast.Name):
            continue
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        called = getattr(owner, name, None)
        if inspect.isfunction(called) and called.__module__.startswith("tessera.cli"):
            found.add(called)
    return found


def _draws(work: Callable[..., Any]) -> bool:
    from tessera.cli import output

    seen: set[Callable[..., Any]] = set()
    left = {inspect.unwrap(work)}
    while left:
        each = left.pop()
        seen.add(each)
        left |= _calls(each) - seen
    return output.table in seen


def test_each_command_that_draws_a_table_can_show_it_whole() -> None:
    """`--wide` belongs to the commands that may say "--wide shows all", and to no other; the lists are tried above."""
    drawing, wide = set(), set()
    for name, command in commands().items():
        if _draws(command.callback):
            drawing.add(name)
        if any("--wide" in each.opts for each in command.params):
            wide.add(name)
    assert wide == drawing
    tried = {name for name in drawing if any(each.startswith(name) for each in TABLES)}
    assert drawing - tried == {"apps keys add", "apps certificates add", "keys rotate"}
