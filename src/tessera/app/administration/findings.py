"""What an operator should know of a data folder: facts in, findings out, each with what to do."""

from collections.abc import Iterator

import msgspec

from tessera.app.administration import certificate_settings
from tessera.core.administration.finding import Finding, Level
from tessera.core.clients.expiry_warnings import ENDING_DAYS, Warned, endings, wasteful_clients
from tessera.core.keys.wrapping import KeyPurpose, MasterKey
from tessera.core.times import SECOND, incentives_time
from tessera.settings import Settings
from tessera.store.checkup import DatabaseFacts, FileFacts, FolderFacts
from tessera.store.migrate import SchemaState
from tessera.store.server_facts import ServerFacts

FREE_BYTES_LOW = 1024**3
FREE_BYTES_MIN = 64 * 1024**2
SQLITE_MIN = (3, 39)
"""The statements need `is not distinct from`."""

CLOCK_TOLERANCE = 5 * SECOND

SKEW_MAX = SECOND
"""By how much the clocks of node and database may differ."""

CONNECTIONS = 5
"""Connections to PostgreSQL that each process holds."""

_FOR_OTHERS = 0o077


class KeyFacts(msgspec.Struct, frozen=True):
    """The master key: the key itself or the sentence why there is none; `file` is None when a setting holds it."""

    key: MasterKey | None
    problem: str
    file: FileFacts | None


def findings(facts: FolderFacts, master: KeyFacts, now: int, workers: int = 1) -> list[Finding]:
    """Everything that is to be said of a node of so many processes, in the order in which it is best put right."""
    found = list(_folder(facts.folder))
    if not facts.folder.exists:
        return found
    found += _private(facts.database_file, "database file", 0o600) if facts.database_file is not None else []
    found += _private(facts.demo, "demo.json", 0o600) if facts.demo.exists else []
    found += _master_key(master, facts.database)
    found += _sqlite(facts.sqlite_version) if facts.sqlite_version is not None else []
    found += _server(facts.server, workers) if facts.server is not None else []
    found += _database(facts.database)
    found += _disk(facts.free_bytes)
    found += _clock(facts.database, now)
    found += _secrets(facts.database, now)
    found += _tokens(facts.database)
    found += _url_credentials(facts.database)
    return found


def pepper(master: KeyFacts, database: DatabaseFacts) -> bytes | None:
    """The pepper, when the master key opens it."""
    wrapped = [key for key in database.keys if key.purpose is KeyPurpose.PEPPER]
    return master.key.unwrap(wrapped[-1]) if master.key is not None and wrapped else None


def _ok(about: str, text: str) -> Finding:
    return Finding(Level.OK, about, text)


def _warn(about: str, text: str, code: str = "", **parameters: str) -> Finding:
    return Finding(Level.WARN, about, text, code, parameters)


def _fail(about: str, text: str, code: str = "", **parameters: str) -> Finding:
    return Finding(Level.FAIL, about, text, code, parameters)


def _folder(folder: FileFacts) -> Iterator[Finding]:
    if not folder.exists:
        yield _fail("data folder", f"{folder.path} is not there.", "folder_missing", path=str(folder.path))
        return
    yield from _private(folder, "data folder", 0o700)


def _private(file: FileFacts, about: str, mode: int) -> Iterator[Finding]:
    if not file.exists:
        yield _fail(about, f"{file.path} is not there.")
    elif file.mode & _FOR_OTHERS:
        yield _warn(
            about, f"{file.path} is open to other users (mode {file.mode:04o}). Run `chmod {mode:o} '{file.path}'`."
        )
    elif not file.own:
        yield _warn(about, f"{file.path} belongs to another user. Run Tessera as that user, or give it this one.")
    else:
        yield _ok(about, f"{file.path}, mode {file.mode:04o}.")


def _master_key(master: KeyFacts, database: DatabaseFacts) -> Iterator[Finding]:
    if master.key is None:
        yield _fail("master key", master.problem)
        return
    if master.file is not None:
        yield from _private(master.file, "master key", 0o600)
    else:
        yield _ok("master key", "It comes from TESSERA_MASTER_KEY.")
    if database.problem is not None or database.damage or database.state is not SchemaState.CURRENT:
        return
    purposes = {key.purpose for key in database.keys}
    if not {KeyPurpose.SEALING, KeyPurpose.PEPPER} <= purposes:
        yield _fail("key ring", "The database holds no keys. Restore it from a backup.")
    elif any(master.key.unwrap(key) is None for key in database.keys):
        yield _fail(
            "key ring",
            "The master key does not open it: it is not the one this database was made with. Put the right one back.",
        )
    else:
        yield _ok("key ring", f"The master key opens all {len(database.keys)} keys.")


def _sqlite(version: str) -> Iterator[Finding]:
    if tuple(int(part) for part in version.split(".")[:2]) < SQLITE_MIN:
        wanted = ".".join(str(part) for part in SQLITE_MIN)
        yield _fail("SQLite", f"Python brings SQLite {version}; {wanted} or later is needed. Use a newer Python.")
    else:
        yield _ok("SQLite", f"Version {version}.")


def _server(server: ServerFacts, workers: int) -> Iterator[Finding]:
    yield _ok("PostgreSQL", f"Version {server.version}.")
    if server.fsync == "on" and server.synchronous_commit != "off":
        yield _ok("durability", f"fsync is on, synchronous_commit is {server.synchronous_commit}.")
    yield from _standbys(server)
    yield from _connections(server, workers)
    if abs(server.skew) > SKEW_MAX:
        yield _warn(
            "database clock",
            f"It is {abs(server.skew) / SECOND:.1f} s {'ahead of' if server.skew > 0 else 'behind'} this machine's. Set"
            " both by the same source of time.",
        )
    if server.direct is not None:
        yield _fail("direct", f"The setting database_direct cannot be used: {server.direct.rstrip('.')}.")
    elif server.pooled and not server.has_direct:
        yield _warn(
            "pooler",
            "The database is reached through a pooler, by which nodes hear of changes a quarter of a second later. Name"
            " a URL that leads past it by database_direct.",
        )
    elif server.pooled:
        yield _ok("pooler", "There is one, and database_direct leads past it.")


def _standbys(server: ServerFacts) -> Iterator[Finding]:
    if server.synchronous_standby_names:
        text = f"Commits wait for a standby ({server.synchronous_standby_names}); {server.standbys} are connected."
        lonely = not server.standbys and server.synchronous_commit not in ("local", "off")
        yield _fail("standby", f"{text} Without one no write ends: start it.") if lonely else _ok("standby", text)
    elif server.standbys:
        yield _warn(
            "standby",
            f"{server.standbys} standbys are connected, but no commit waits for one: should this server be lost with"
            " its disk, so is what it last acknowledged. Set synchronous_standby_names.",
        )


def _connections(server: ServerFacts, workers: int) -> Iterator[Finding]:
    left = server.connections_max - server.connections
    needed = CONNECTIONS * workers
    text = f"{server.connections} of {server.connections_max} are taken; a node of {workers} needs {needed}."
    if left < needed:
        yield _warn("connections", f"{text} Unless it runs already: raise max_connections, or run fewer workers.")
    else:
        yield _ok("connections", text)


def _database(database: DatabaseFacts) -> Iterator[Finding]:
    if database.problem is not None:
        yield _fail("database", database.problem)
    elif database.damage:
        yield _fail("database", f"It is damaged ({database.damage[0]}). Restore it from a backup.")
    elif database.state is SchemaState.EMPTY:
        yield _fail("schema", "The database is empty.", "database_empty")
    elif database.state is SchemaState.OLDER:
        yield _fail(
            "schema",
            "It is older than this version. Back it up with the version that made it.",
            "schema_older",
        )
    else:
        yield _ok("database", "It reads whole, and its schema is the one of this version.")


def _disk(free: int | None) -> Iterator[Finding]:
    if free is None:
        yield _warn("disk", "It cannot be asked how much is free.")
        return
    text = f"{free / 1024**3:.1f} GiB free"
    if free < FREE_BYTES_MIN:
        yield _fail("disk", f"Only {free // 1024**2} MiB free: writing will soon be refused. Make room.")
    elif free < FREE_BYTES_LOW:
        yield _warn("disk", f"{text}: make room before it is full.")
    else:
        yield _ok("disk", f"{text}.")


def _clock(database: DatabaseFacts, now: int) -> Iterator[Finding]:
    newest_at = max(filter(None, (database.newest_at, database.noted_at)), default=0)
    if newest_at > now + CLOCK_TOLERANCE:
        yield _fail(
            "clock",
            f"It says {incentives_time(now)}, but the database has something of {incentives_time(newest_at)}. Set the"
            " clock: tokens and secrets live by it.",
        )
    else:
        yield _ok("clock", f"{incentives_time(now)}, not before anything in the database.")


def _secrets(database: DatabaseFacts, now: int) -> Iterator[Finding]:
    if database.state is not SchemaState.CURRENT:
        return
    told = {warned.about: warned for warned in endings(database.ending, now)}
    yield from (_warned("secret", warned) for warned in told.values())
    planned = [each for each in database.ending if each not in told]
    if planned:
        first = planned[0]
        yield _ok(
            "secrets",
            f"{len(planned)} with a successor end within {ENDING_DAYS[-1]} days, {first.name} of"
            f" {first.owner.application} first, at {incentives_time(first.ends_at)}.",
        )
    elif not told:
        yield _ok("secrets", f"None ends within {ENDING_DAYS[-1]} days.")


def _tokens(database: DatabaseFacts) -> Iterator[Finding]:
    newest = {each.number: each for each in database.wasteful_clients}
    yield from (_warned("tokens", warned) for warned in wasteful_clients(newest.values()))


def _warned(about: str, warned: Warned) -> Finding:
    return Finding(Level.WARN, about, warned.text, warned.code, warned.parameters)


def _url_credentials(database: DatabaseFacts) -> Iterator[Finding]:
    for application, used in database.warned:
        yield _warn(
            "URL credentials",
            f"{application} has sent its secret in a URL {used} times, where logs keep it. Have its partner send it in"
            " the body or by Basic.",
            "url_credentials_used",
            application=application,
        )


def certificates(settings: Settings, database: DatabaseFacts) -> list[Finding]:
    """What is to be said of certificates of clients; nothing when they are taken, or nobody counts on them."""
    problem = certificate_settings.ignored(settings, database.by_certificate)
    return [_warn("client certificates", problem)] if problem else []
