"""Erasure reaches every table: what can hold something of a customer is derived from the schema, and looked at."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from tessera import wiring
from tessera.app.administration import audit as reading
from tessera.app.customers import erasure
from tessera.app.customers.customers import CustomerRef
from tessera.app.state import refusals
from tessera.core.administration import audit
from tessera.core.administration.pseudonyms import REFUSAL
from tessera.core.customers.customers import Include
from tessera.ports import Search
from tessera.web.asgi import App, Served, opens_nothing
from tessera.web.routes import Routes
from tests.app.customers.personal_data import COLUMNS, Holds, unclassified
from tests.app.customers.test_erasure import MARK, marked, somebody
from tests.architecture.modules import ROOT
from tests.support import engines
from tests.support.engines import Reading
from tests.support.players import answer_of
from tests.support.scene import Scene, play

PAPER = (ROOT / "docs/operations.md").read_text()


def schema(database: Reading) -> dict[str, set[str]]:
    """The columns of every table."""
    if database.engine == engines.POSTGRES:
        asked = "select column_name from information_schema.columns where table_schema = 'public' and table_name = ?"
    else:
        asked = "select name from pragma_table_info(?)"
    return {table: {row[0] for row in database.rows(asked, table)} for table in database.tables()}


def holding(database: Reading, texts: list[str]) -> dict[str, list[str]]:
    """Columns in which one of these texts stands, however it is written."""
    found: dict[str, list[str]] = {}
    for table, columns in schema(database).items():
        for column in columns:
            values = " ".join(str(row[0]) for row in database.rows(f'select "{column}" from "{table}"')).casefold()
            held = [text for text in texts if text.casefold() in values]
            if held:
                found[f"{table}.{column}"] = held
    return found


def columns_that(*holds: Holds) -> set[str]:
    """The columns of these classes."""
    return {f"{table}.{name}" for table, columns in COLUMNS.items() for name, held in columns.items() if held in holds}


async def refused(scene: Scene, customer_id: str) -> None:
    """Requests about a customer that are refused, in every way that an id can stand in an address."""
    refusal_recorder = wiring._refusal_recorder(scene.context)
    app = App(opens_nothing, Served(Routes(wiring.routes(scene.context)), None, refusal_recorder))
    apps = f"/priv/v1/apps/{scene.shop.api_key}"
    for method, path, status in (
        ("GET", f"{apps}/users/{customer_id}", 401),
        ("DELETE", f"{apps}/external/users/{marked('card')}", 401),
        ("PUT", f"{apps}/users/{customer_id}", 401),
        ("GET", f"{apps}/users/{customer_id}/{marked('member')}", 404),
        ("TRACE", f"{apps}/external/users/{marked('card')}", 405),
        ("GET", f"/{MARK}@{MARK}.example", 404),
        ("GET", f"{apps}/users/search?email={MARK}@{MARK}.example", 401),
    ):
        answer = await answer_of(app, method, path, [("Authorization", "Bearer none")], b"")
        assert answer.status == status, (path, answer)
    while await refusals.write(scene.context.state.refusals, scene.context.store, scene.context.new_uuid):
        pass


def test_every_column_has_a_class(tmp_path: Path) -> None:
    """A new column or table has to be thought of here; one that is gone as well."""

    async def scenario(scene: Scene) -> None:
        with engines.reading(scene.folder) as database:
            assert unclassified(schema(database)) == set()
            assert unclassified({**schema(database), "customer": {"nickname"}}) >= {"customer.nickname", "customer.id"}

    play(tmp_path, scenario)


def erased(tmp_path: Path, look: Callable[[Scene, str], Awaitable[None]]) -> None:
    """Somebody with something in every column, of whom requests were refused, is exported and erased; then look."""

    async def scenario(scene: Scene) -> None:
        scene.context.actor = audit.operator("ada", None)
        customer_id = await somebody(scene)
        await refused(scene, customer_id)
        await scene.context.record("customer.export", scene.context.in_audit(customer_id), {})
        with engines.reading(scene.folder) as database:
            before = set(holding(database, [MARK, customer_id]))
        assert before <= columns_that(Holds.ERASED, Holds.EXPIRES), "a class is wrong"
        assert before >= {"customer.id", "customer.profile", "identifier.external_id", "event.user_id", "tag.name"}
        await erasure.erase(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), Include())
        await look(scene, customer_id)

    play(tmp_path, scenario)


def test_what_is_erased_is_gone_from_every_table(tmp_path: Path) -> None:
    """Nothing personal stands in any column; the id that the customer had, only where the papers say until when."""

    async def look(scene: Scene, customer_id: str) -> None:
        with engines.reading(scene.folder) as database:
            left = holding(database, [MARK, customer_id])
        assert left == {column: [customer_id] for column in columns_that(Holds.EXPIRES)}

    erased(tmp_path, look)


def test_what_is_noted_under_a_pseudonym_is_found_by_the_id(tmp_path: Path) -> None:
    """Refusals and the audit name the customer by pseudonyms, which differ; the chain of the audit is whole."""

    async def look(scene: Scene, customer_id: str) -> None:
        store = scene.context.store
        for id, count in ((customer_id, 2), (marked("card"), 1)):
            assert len(await store.refusals_with(scene.context.pseudonym(REFUSAL, id), 10)) == count
        found = await reading.newest(scene.context, Search(target=customer_id), before=None, limit=10)
        assert [each.action for each in found] == ["customer.erase", "customer.export"]
        assert {each.target for each in found} == {scene.context.in_audit(customer_id)}
        assert scene.context.pseudonym(REFUSAL, customer_id) not in scene.context.in_audit(customer_id)
        assert (await reading.verify(scene.context, head=None, number=None)).whole

    erased(tmp_path, look)


def test_the_papers_say_when_the_rest_is_gone() -> None:
    """Each table that keeps something of a customer for a time, or under a pseudonym, is in docs/operations.md."""
    section = PAPER.partition("## Erase a customer")[2].partition("\n## ")[0]
    tables = {column.partition(".")[0] for column in columns_that(Holds.EXPIRES, Holds.PSEUDONYM)}
    assert tables == {"audit_entry", "event", "refusal"}
    assert {table for table in tables if re.search(rf"`{table}`", section)} == tables
