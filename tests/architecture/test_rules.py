"""Each home-made rule complains about a planted breach of it, and not about its neighbour that is sound."""

from collections.abc import Callable

import pytest

from tests.architecture import conventions, layers, rows, shape, words
from tests.architecture.modules import Module

Rule = Callable[[Module], list[str]]

CORE = "src/tessera/core/tokens/access_tokens.py"
APP = "src/tessera/app/tokens/verification.py"
API = "src/tessera/api/oauth/token.py"
STORE = "src/tessera/store/reads/identity.py"
CLI = "src/tessera/cli/apps/apps.py"
TEST = "tests/core/tokens/test_access_tokens.py"


def nested(depth: int) -> str:
    """Return a function with so many blocks inside one another."""
    kinds = ("async with x:", "for y in x:", "try:", "if y:", "while y:")
    lines = ["async def f():", *("    " * (each + 1) + kinds[each % len(kinds)] for each in range(depth))]
    ends = [
        "    " * (each + 1) + "finally: ..." for each in reversed(range(depth)) if kinds[each % len(kinds)] == "try:"
    ]
    return "\n".join([*lines, "    " * (depth + 1) + "...", *ends])


def chain(arms: int) -> str:
    """Return a function with a chain of `elif` of so many arms."""
    return "def f():\n    if x == 0: ...\n" + "".join(f"    elif x == {each}: ...\n" for each in range(1, arms))


BROKEN: tuple[tuple[Rule, str, str], ...] = (
    (shape.long_file, APP, "x = 1\n" * (shape.FILE_LINES_MAX + 1)),
    (shape.long_function, APP, "def f():\n" + "    x = 1\n" * shape.FUNCTION_LINES_MAX),
    (shape.deep_nesting, APP, nested(shape.NESTING_MAX + 1)),
    (shape.deep_nesting, APP, chain(shape.NESTING_MAX + 1)),
    (shape.unnamed_fields, APP, "made = Claims(1, 2, 3, 4, 5, 6)"),
    (shape.unnamed_fields, APP, "made = tokens.Claims(1, 2, *rest, 4, 5, 6)"),
    (shape.unnamed_fields, APP, "made = Entry(*row)"),
    (shape.unnamed_fields, APP, "from tessera.core.keys.wrapping import WrappedKey\nmade = WrappedKey(one, *row[1:])"),
    (shape.unnamed_fields, APP, "class Own(Struct):\n" + "    x: int\n" * 6 + "made = Own(*row)"),
    (rows.by_place, STORE, "name = found[0][8]"),
    (rows.by_place, STORE, "number, name = row[:2]"),
    (rows.by_place, STORE, "made = Owner(*row[:5])"),
    (rows.by_place, STORE, "options = tuple(found[0][14:23])"),
    (rows.by_place, STORE, "found = {row[-1]: Customer(*row[:-1]) for row in found}"),
    (rows.by_place, STORE, "made = [Entry._make(row) for row in found]"),
    (rows.by_place, STORE, "after = page[-1][0]"),
    (rows.by_place, STORE, "async def f(self):\n    for number, name in await self._rows(sql.RECORDS, {}): ..."),
    (rows.by_place, STORE, "def f(it):\n    _, frames, copied = it.execute('pragma wal_checkpoint').fetchone()"),
    (rows.by_place, STORE, "def f(row):\n    number, name, *rest = row"),
    (rows.by_place, STORE, "def f(result):\n    ((pid, timeline),) = decode_rows(result)"),
    (rows.by_place, STORE, "def f(look):\n    ((place, done),) = look.rows(MARK)"),
    (rows.by_place, STORE, "def f(look):\n    page = look.rows(ALL)\n    return {a: b for a, b in sorted(page)}"),
    (rows.by_place, STORE, "def f(look):\n    page = look.rows(ALL)\n    return [Entry(*each) for each in page]"),
    (rows.by_place, STORE, "async def f(self):\n    return NodeCount(*(await self._fetched(sql.OTHERS, {}))[0])"),
    (shape.banned_name, "src/tessera/app/utils.py", ""),
    (shape.banned_name, "tests/helpers/clock.py", ""),
    (shape.banned_name, "src/tessera/core/_base.py", ""),
    (shape.no_docstring, APP, "x = 1"),
    (shape.silent_room, "src/tessera/app/__init__.py", '"""Offers operations."""'),
    (shape.unsorted_exports, APP, '__all__ = ["b", "a"]'),
    (layers.impure, CORE, "import time"),
    (layers.impure, CORE, "def f():\n    from os import urandom"),
    (layers.impure, CORE, "async def f(): ..."),
    (layers.impure, CORE, "from datetime import datetime\nat = datetime.now()"),
    (layers.impure, CORE, "text = open('file')"),
    (layers.knows_asgi, API, 'message = {"type": "http.response.start"}'),
    (layers.parses_raw_input, API, "import json\nbody = json.loads(raw)"),
    (
        layers.parses_raw_input,
        "src/tessera/web/authorization.py",
        "from urllib.parse import parse_qs\nq = parse_qs(raw)",
    ),
    (layers.parses_raw_input, API, "asked = _decoder.decode(raw)"),
    (layers.builds, "src/tessera/cli/apps/apps.py", "context = Context(store, directory)"),
    (layers.decides_purge_time, APP, "until = PurgeTime(context.clock.now())"),
    (layers.decides_purge_time, APP, "until = times.PurgeTime(0)"),
    (layers.decides_purge_time, "src/tessera/store/sqlite.py", "until = cast('PurgeTime', now)"),
    (layers.prints_around, CLI, "print(name)"),
    (layers.prints_around, CLI, "show = print"),
    (layers.prints_around, CLI, "import sys\nsys.stdout.write(name)"),
    (layers.prints_around, CLI, "from sys import stderr"),
    (layers.prints_around, CLI, "import typer\ntyper.echo(name)"),
    (layers.prints_around, CLI, "from typer import confirm"),
    (layers.prints_around, CLI, "def f():\n    from rich.console import Console"),
    (layers.prints_around, CLI, "import click"),
    (layers.borrows, APP, "import structlog"),
    (layers.borrows, "src/tessera/wiring.py", "def f():\n    from uvicorn.config import Config"),
    (layers.goes_out, APP, "import http.client"),
    (layers.goes_out, APP, "def f():\n    from urllib import request"),
    (layers.goes_out, "src/tessera/ops/sender.py", "import httpx2"),
    (layers.goes_out, APP, "import asyncio\nasync def f():\n    await asyncio.open_connection('h', 1)"),
    (layers.makes_files, CLI, "path.write_text('secret')"),
    (layers.makes_files, CLI, "path.write_bytes(secret)"),
    (layers.makes_files, CLI, "path.touch(mode=0o600)"),
    (layers.makes_files, CLI, "with open(path, 'w') as file: ..."),
    (layers.makes_files, CLI, "with path.open('xb') as file: ..."),
    (layers.makes_files, CLI, "with path.open(mode=chosen) as file: ..."),
    (layers.makes_files, CLI, "file = os.open(path, os.O_WRONLY | os.O_CREAT)"),
    (layers.makes_files, CLI, "folder = tempfile.TemporaryDirectory()"),
    (layers.makes_files, CLI, "shutil.copyfile(one, other)"),
    (conventions.mocks, TEST, "from unittest.mock import Mock"),
    (conventions.mocks, TEST, "import unittest.mock"),
    (conventions.mocks, TEST, "def test_it(monkeypatch):\n    monkeypatch.setattr(context, 'clock', None)"),
    (conventions.excused, TEST, "@pytest.mark.xfail\ndef test_it(): ..."),
    (conventions.excused, TEST, "pytest.skip('not today')"),
    (conventions.silent_test, TEST, "def test_it(): ..."),
    (conventions.silent_test, TEST, 'def test_it():\n    """Tests it"""'),
    (conventions.long_sleep, TEST, "time.sleep(2)"),
)

SOUND: tuple[tuple[Rule, str, str], ...] = (
    (shape.long_file, APP, "x = 1\n" * shape.FILE_LINES_MAX),
    (shape.long_function, APP, "def f():\n" + "    x = 1\n" * (shape.FUNCTION_LINES_MAX - 1)),
    (shape.deep_nesting, APP, nested(shape.NESTING_MAX)),
    (shape.deep_nesting, APP, chain(shape.NESTING_MAX)),
    (shape.deep_nesting, APP, "async def f():\n    match x:\n" + "        case 1: ...\n" * (shape.NESTING_MAX + 1)),
    (shape.unnamed_fields, APP, "from tessera.core.customers.tags import Tag\nmade = Tag(*row)"),
    (shape.unnamed_fields, APP, "class Own(Struct):\n" + "    x: int\n" * 5 + "made = Own(*row)"),
    (shape.unnamed_fields, APP, "made = Entry(**row)\nread = entry(*row)"),
    (rows.by_place, STORE, "async def f(self):\n    return {row.id: row.at for row in await self._rows(sql.ALL, {})}"),
    (rows.by_place, STORE, "def f(look):\n    page = look.rows(ALL)\n    return page[0].number, page[-1].number"),
    (
        rows.by_place,
        STORE,
        "def f(look):\n    (count,) = look.values(sql.COUNT)\n    return page[start : start + count]",
    ),
    (rows.by_place, STORE, "def f(of):\n    for number, part in enumerate(of): ...\n    one, other = of"),
    (rows.by_place, rows.MAKES_ROWS, "def first(self, fetched):\n    return self.row(*fetched[0])"),
    (shape.banned_name, "src/tessera/app/state/usage.py", ""),
    (shape.no_docstring, APP, '"""Tokens."""'),
    (shape.silent_room, "src/tessera/app/__init__.py", '"""Offers operations. Must not know: HTTP."""'),
    (shape.unsorted_exports, APP, '__all__ = ["a", "b"]'),
    (layers.impure, CORE, "import hashlib\nfrom datetime import date"),
    (layers.knows_asgi, "src/tessera/web/asgi.py", 'message = {"type": "http.response.start"}'),
    (layers.parses_raw_input, "src/tessera/core/wire.py", "import json\nbody = json.loads(raw)"),
    (layers.parses_raw_input, API, "asked = fields.decode(_decoder, raw)"),
    (layers.builds, "src/tessera/wiring.py", "context = Context(store, directory)"),
    (layers.decides_purge_time, "src/tessera/app/runtime/purge_clock.py", "until = PurgeTime(latest - kept)"),
    (layers.decides_purge_time, "src/tessera/core/times.py", 'PurgeTime = NewType("PurgeTime", int)'),
    (layers.decides_purge_time, TEST, "until = PurgeTime(1)"),
    (layers.prints_around, CLI, "import typer\nfrom tessera.cli import output\noutput.data(name)\nraise typer.Exit(1)"),
    (layers.prints_around, "src/tessera/cli/output.py", "print(escaped(name))"),
    (layers.prints_around, "src/tessera/store/sqlite.py", "print(name)"),
    (layers.borrows, "src/tessera/ops/log.py", "import structlog"),
    (layers.borrows, "src/tessera/store/migrations/env.py", "from alembic import context"),
    (layers.goes_out, "src/tessera/ops/http_client.py", "import httpx2"),
    (layers.goes_out, APP, "from http import HTTPStatus\nfrom urllib.parse import urlsplit"),
    (layers.makes_files, CLI, "with path.open('rb') as file: ..."),
    (layers.makes_files, CLI, "with open(path) as file: ..."),
    (layers.makes_files, CLI, "file = os.open(path, os.O_RDONLY)"),
    (layers.makes_files, CLI, "token = ring.open(token, PURPOSE, now)"),
    (layers.makes_files, CLI, "counts.touch(number)"),
    (layers.makes_files, "src/tessera/files.py", "file = os.open(path, os.O_WRONLY | os.O_CREAT)"),
    (conventions.mocks, TEST, "def test_it(monkeypatch):\n    monkeypatch.setenv('TESSERA_PORT', '1')"),
    (conventions.excused, TEST, "@pytest.mark.parametrize('x', [1])\ndef test_it(x): ..."),
    (conventions.silent_test, TEST, 'def test_it():\n    """A token opens its door."""'),
    (conventions.long_sleep, TEST, "time.sleep(0.02)"),
)


def _name(case: object) -> str | None:
    return getattr(case, "__name__", None)


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN, ids=_name)
def test_a_breach_is_seen(rule: Rule, path: str, text: str) -> None:
    """A module that breaks the rule is complained about."""
    assert rule(Module(path, text)) != []


@pytest.mark.parametrize(("rule", "path", "text"), SOUND, ids=_name)
def test_a_sound_module_is_left_alone(rule: Rule, path: str, text: str) -> None:
    """A module that keeps the rule is not complained about."""
    assert rule(Module(path, text)) == []


def test_breaches_of_words_are_seen() -> None:
    """Loose ends, machine paths, registries and unquotable refusals are complained about."""
    quoted = Module(APP, """raise InvalidScope(f'The scope "{name}" is unknown.')""")
    sound = Module(APP, 'raise InvalidScope("The scope is unknown.")')

    assert words.loose_end("# " + "TO" + "DO: later") != []
    assert words.elsewhere("see /" + "home/somebody/notes") != []
    assert words.elsewhere("from https://" + "pypi" + ".org/simple") != []
    assert words.unquotable(quoted, frozenset({"InvalidScope"})) != []
    assert words.unquotable(sound, frozenset({"InvalidScope"})) == []
    assert words.elsewhere("GET /oauth/token and var/tessera.db, todo") == []
