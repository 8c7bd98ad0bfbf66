"""Rules of the floors: what may know what. Which room may import which is held by import-linter (`make lint`)."""

import ast
from collections.abc import Iterator

from tests.architecture.modules import Module

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

ASGI_FILES = frozenset({"web/asgi.py"})
PARSERS = frozenset({"core/wire.py", "core/keys/jws.py", "api/platform/fields.py"})
BUILT_BY_WIRING = frozenset({"Directory", "Context", "PostgresDatabase", "SQLStore", "SQLiteDatabase"})

PURGE_CLOCK = "app/runtime/purge_clock.py"
PURGE_TIMES = (PURGE_CLOCK, "store/conformance/")
"""The makers of times up to which rows are deleted: the purge clock; and the suite, whose times are of no clock."""

OWNERS: dict[str, tuple[str, ...]] = {
    "alembic": ("store/migrate.py", "store/migrations/"),
    "argon2": ("ops/slow_hash.py",),
    "cryptography": (
        "core/keys/sealing.py",
        "core/keys/wrapping.py",
        "core/keys/jws.py",
        "core/keys/public_keys.py",
        "core/clients/certificates.py",
        "ops/certificates.py",
        "ops/signing_keys.py",
    ),
    "idna": ("core/customers/emails.py",),
    "iso3166": ("core/customers/countries.py",),
    "httptools": ("web/server/head.py", "web/server/reader.py"),
    "httpcore2": ("ops/http_client.py",),
    "httpx2": ("ops/http_client.py",),
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
    "uvicorn": ("server.py", "web/server/management_listener.py", "web/server/protocol.py"),
    "uvloop": ("web/server/accepting.py",),
    "yaml": ("app/loyalty/program_files.py",),
}
"""Who may import what; `msgspec` is the context's vocabulary and may be used in every package."""

GOES_OUT = frozenset(
    {
        "ftplib", "http.client", "httpcore2", "httpx2", "imaplib", "opentelemetry.exporter", "poplib", "requests",
        "smtplib", "telnetlib", "urllib.request", "urllib3", "xmlrpc",
    }
)  # fmt: skip
"""Modules that open connections to elsewhere."""

GOES_OUT_CALLS = frozenset(
    {"create_connection", "create_datagram_endpoint", "getaddrinfo", "open_connection", "sock_connect", "urlopen"}
)
"""Functions that do, or that look up what to connect to."""

GOES_OUT_FILES: dict[str, str] = {
    "ops/http_client.py": "the guarded client",
    "ops/outbound.py": "the guard, which looks names up",
    "ops/tracing.py": "traces go to the endpoint that the operator has set",
    "cli/token_request.py": "a command asks the server that its user names",
    "server.py": "the address to listen on is looked up",
    "store/postgres/": "the database that the operator has set",
}
"""Files that may, and why: to a URL that somebody else chose leads the guarded client alone."""


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
    """What callers send is parsed once, strictly, at the edge: in the files of `PARSERS`."""
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
            found.append(f"line {node.lineno} decodes beside api/platform/fields: {name}")
    return found


_PRINTERS = ("cli/output.py", "cli/progress.py")
_MEASURER = "cli/tables.py"
"""Asks rich how wide a text is, and prints nothing."""
_WAYS = ("echo", "secho", "confirm", "prompt", "launch", "pause", "progressbar", "clear", "getpass", "print_exception")
_PRINTS = frozenset(
    {
        "print",
        "input",
        "sys.stdout",
        "sys.stderr",
        "sys.__stdout__",
        "sys.__stderr__",
        "os.write",
        *(f"typer.{way}" for way in _WAYS),
        *(f"traceback.{way}" for way in _WAYS),
    }
)
"""Names by which something could get to a terminal."""


def prints_around(module: Module) -> list[str]:
    """What the command line shows goes through `cli/output.py`, which escapes it: nothing else writes to a terminal."""
    if not module.within.startswith("cli/") or module.within in _PRINTERS:
        return []
    printers = {"click"} if module.within == _MEASURER else {"click", "rich"}
    found = [f"imports {name}" for name in imported(module.tree) if name in printers]
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Attribute | ast.Name):
            names = [ast.unparse(node)]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found += [f"line {node.lineno} says {name}" for name in names if name in _PRINTS]  # type: ignore[attr-defined]
    return found


def builds(module: Module) -> list[str]:
    """The big parts are put together in `wiring.py` and `bootstrap.py`, and nowhere else."""
    if module.within in {"", "bootstrap.py", "wiring.py"}:
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


def goes_out(module: Module) -> list[str]:
    """Connections to elsewhere are opened in one place, where the address is judged."""
    if not module.within or module.within.startswith(tuple(GOES_OUT_FILES)):
        return []
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in GOES_OUT_CALLS:
            found.append(f"line {node.lineno} goes out: {ast.unparse(node.func)}")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [f"line {node.lineno} imports {name}" for name in _whole_names(node) if _opens(name)]
    return found


def _whole_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Everything that a statement may import, by its whole name."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.Import):
        return names
    return [f"{node.module or ''}.{name}" for name in names]


def _opens(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in GOES_OUT)


MAKING_FILES = frozenset(
    {
        "NamedTemporaryFile", "TemporaryDirectory", "copy2", "copyfile", "copyfileobj", "copytree", "mkdtemp", "mkfifo",
        "mkstemp", "symlink_to", "write_bytes", "write_text",
    }
)  # fmt: skip
"""Functions and methods that make a file, or write over one."""


def makes_files(module: Module) -> list[str]:
    """Every file that is made is made by `files.py`: private, whole or not at all, and through nobody's link."""
    if module.within in {"", "files.py"}:
        return []
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"O_CREAT", "O_TRUNC"}:
            found.append(f"line {node.lineno} says {node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = ast.unparse(node.func).rpartition(".")[2]
            touches = name == "touch" and not node.args
            if name in MAKING_FILES or touches or (name in {"open", "fdopen"} and _may_make(node)):
                found.append(f"line {node.lineno} makes a file: {name}")
    return found


def _may_make(call: ast.Call) -> bool:
    """Whether a call of `open` has a mode that makes a file, or a named one that cannot be told."""
    place = 1 if ast.unparse(call.func) in {"open", "os.fdopen", "io.open"} else 0
    named = [each.value for each in call.keywords if each.arg == "mode"]
    given = named or call.args[place : place + 1]
    if not given:
        return False
    if isinstance(given[0], ast.Constant):
        return isinstance(given[0].value, str) and bool(set(given[0].value) & set("wax"))
    return bool(named) or place == 1
