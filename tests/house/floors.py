"""Rules of the floors: what may know what. Which room may import which is held by import-linter (`make lint`)."""

import ast
from collections.abc import Iterator

from tests.house.modules import Module

IMPURE = frozenset(
    {
        "asyncio",
        "fcntl",
        "http",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "uuid",
    }
)
"""Modules that core must not import: I/O, the clock, randomness, logging, threads."""

CLOCK_CALLS = frozenset({"now", "today", "utcnow"})

ASGI_FILES = frozenset({"web/asgi.py", "web/messages.py", "web/protocol.py"})
PARSERS = frozenset({"core/wire.py", "core/jws.py", "api/fields.py"})
BUILT_BY_WIRING = frozenset({"Directory", "House", "PostgresDatabase", "SQLStore", "SQLiteDatabase"})

PURGE_CLOCK = "app/purge_clock.py"
PURGE_TIMES = (PURGE_CLOCK, "store/conformance/")
"""The makers of times up to which rows are deleted: the purge clock; and the suite, whose times are of no clock."""

OWNERS: dict[str, tuple[str, ...]] = {
    "alembic": ("store/migrate.py", "store/migrations/"),
    "argon2": ("ops/slow_hash.py",),
    "cryptography": (
        "core/sealing.py",
        "core/keys.py",
        "core/jws.py",
        "core/certificates.py",
        "ops/certificates.py",
        "ops/signing_keys.py",
    ),
    "httptools": (),
    "httpx2": ("ops/sender.py", "ops/fetcher.py"),
    "opentelemetry": ("ops/tracing.py",),
    "prometheus_client": ("ops/metrics.py",),
    "psycopg": ("store/postgres/",),
    "pydantic": ("settings.py",),
    "pydantic_settings": ("settings.py",),
    "rich": ("cli/",),
    "sqlalchemy": ("store/migrate.py", "store/migrations/", "store/postgres/schema.py"),
    "sqlite3": ("store/",),
    "structlog": ("ops/log.py",),
    "typer": ("cli/",),
    "uvicorn": ("server.py", "web/beside.py", "web/protocol.py"),
    "uvloop": (),
    "yaml": ("app/program_files.py",),
}
"""Who may import what; `msgspec` is the house's vocabulary and may be used in every room."""


def imported(tree: ast.AST) -> Iterator[str]:
    """The first part of every module that is imported, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def impure(module: Module) -> list[str]:
    """The ground floor is pure: it waits for nothing, and knows neither the time nor chance."""
    found = [f"imports {name}" for name in imported(module.tree) if name in IMPURE]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append(f"line {node.lineno} is async")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            found.append(f"line {node.lineno} asks the clock")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print"}:
            found.append(f"line {node.lineno} does I/O")
    return found


def knows_asgi(module: Module) -> list[str]:
    """ASGI's message types stay at the door."""
    if module.within in ASGI_FILES:
        return []
    return [
        f"line {node.lineno} names {node.value}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith(("http.request", "http.response", "http.disconnect", "lifespan.", "websocket."))
    ]


def parses_raw_input(module: Module) -> list[str]:
    """What callers send is parsed once, strictly, at the edge: in `core/wire.py`, `core/jws.py` and `api/fields.py`."""
    if module.within in PARSERS or not module.within.startswith(("core/", "web/", "api/")):
        return []
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        name = ast.unparse(node.func)
        if (
            name.rpartition(".")[2] in {"loads", "parse_qs", "parse_qsl", "unquote_plus"}
            or name == "msgspec.json.decode"
        ):
            found.append(f"line {node.lineno} parses: {name}")
        if module.within.startswith("api/") and name.endswith(".decode") and name != "fields.decode":
            found.append(f"line {node.lineno} decodes beside api/fields: {name}")
    return found


def builds(module: Module) -> list[str]:
    """The big parts are put together in `wiring.py`, and nowhere else."""
    if module.within in {"", "wiring.py"}:
        return []
    return [
        f"line {node.lineno} builds a {node.func.id}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILT_BY_WIRING
    ]


def decides_purge_time(module: Module) -> list[str]:
    """Up to which time expired rows may be deleted is said by the purge clock alone."""
    if not module.within or module.within.startswith(PURGE_TIMES):
        return []
    return [
        f"line {node.lineno} makes a time for a purge: {ast.unparse(node)}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (
            ast.unparse(node.func).rpartition(".")[2] == "PurgeTime"
            or (ast.unparse(node.func).rpartition(".")[2] == "cast" and "PurgeTime" in ast.unparse(node))
        )
    ]


def borrows(module: Module) -> list[str]:
    """A dependency is imported by its owner files alone, so that it can be replaced there."""
    if not module.within:
        return []
    return [
        f"imports {name}, which belongs to {' and '.join(OWNERS[name]) or 'no file'}"
        for name in imported(module.tree)
        if name in OWNERS and not module.within.startswith(OWNERS[name] or ("nobody",))
    ]
