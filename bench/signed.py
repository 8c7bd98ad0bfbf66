"""Token requests whose cost is a signature: proved by an assertion, or answered by a JWT, beside the signature alone.

What the signature allows on one core is 1 / t, with t the time of the bare call of the cryptography library in a loop
of this process, taken before and after each load. Each assertion is good once, so every load has assertions of its own.
"""

import asyncio
import http.client
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256

from bench import wrk
from bench.folders import Folder
from bench.kinds import TOKEN_FORM, TOKEN_QUERY, Kind, request, token_requests, write
from bench.measure import Measured, Record, Subject, Turn, turn
from bench.processes import BenchError, Server
from bench.results import Line
from tessera import wiring
from tessera.app.clients import credentials
from tessera.core.changes import SetTokenFormat
from tessera.core.clients import assertions
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, PrivateKey
from tessera.settings import load

TARGET = 0.70
LIFE_SECONDS = 500
ALONE_SECONDS = 0.2
"""How long the signature alone is made or checked each time."""

ASSERTIONS_MAX = 60_000
"""Of one load."""

CALLERS = 3
"""One that proves itself by assertions, and one for each algorithm of JWTs."""

_SIGNED_BYTES = bytes(300)


class Case(NamedTuple):
    """A kind of request, its algorithm, whether it is proved by an assertion, and the caller's place in the folder."""

    kind: Kind
    algorithm: Algorithm
    asserts: bool
    caller: int
    target: float | None

    @property
    def alone(self) -> str:
        """What the signature alone is: its check, or its making."""
        return "check" if self.asserts else "signing"


def _case(name: str, title: str, algorithm: Algorithm, caller: int) -> Case:
    target = TARGET if algorithm is Algorithm.EDDSA else None
    whole = f"token, {title} ({algorithm.value})"
    return Case(
        Kind(f"{name}_{algorithm.value.lower()}", whole, TARGET), algorithm, name == "assertion", caller, target
    )


CASES = (
    _case("assertion", "private_key_jwt", Algorithm.EDDSA, 0),
    _case("assertion", "private_key_jwt", Algorithm.ES256, 0),
    _case("jwt", "JWT", Algorithm.EDDSA, 1),
    _case("jwt", "JWT", Algorithm.ES256, 2),
)


def prepare(folder: Folder) -> dict[Algorithm, PrivateKey]:
    """Give the first caller keys, whose private halves are returned, and the others their formats of tokens."""
    keys: dict[Algorithm, PrivateKey] = {
        Algorithm.EDDSA: ed25519.Ed25519PrivateKey.generate(),
        Algorithm.ES256: ec.generate_private_key(ec.SECP256R1()),
    }

    async def operation(path: Path) -> None:
        async with wiring.open_context(load(data_dir=path)) as context:
            for algorithm, key in keys.items():
                jwk = msgspec.json.encode(public_keys.jwk(key.public_key()))
                await credentials.add_key(context, folder.callers[0].client_id, algorithm.value, jwk)
            await context.commit(SetTokenFormat(folder.callers[1].client_id, TokenFormat.EDDSA))
            await context.commit(SetTokenFormat(folder.callers[2].client_id, TokenFormat.ES256))

    asyncio.run(operation(folder.path))
    return keys


def issuer(server: Server) -> str:
    """The issuer that a server says it is, for which assertions are made. Raises BenchError."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=wrk.ANSWER_SECONDS)
    try:
        connection.request("GET", "/.well-known/oauth-authorization-server")
        found: str = msgspec.json.decode(connection.getresponse().read())["issuer"]
    except (OSError, KeyError, msgspec.MsgspecError) as error:
        raise BenchError(f"{server.name} does not say which issuer it is: {error!r}.") from error
    finally:
        connection.close()
    return found


class Signed:
    """The rounds of all cases, each between two turns of the bare handler and two of the signature alone."""

    def __init__(
        self, bare: Subject, server: Server, folder: Folder, keys: dict[Algorithm, PrivateKey], length: Turn
    ) -> None:
        self._bare = bare
        self._server = server
        self._folder = folder
        self._work = folder.path.parent
        self._length = length
        self._keys = keys
        self._issuer = issuer(server)
        self._records = {case.kind.name: Record() for case in CASES}
        self._beside: dict[str, list[float]] = {case.kind.name: [] for case in CASES}

    def run(self, number: int) -> None:
        """One round."""
        for case in CASES:
            bare_before = turn(self._bare, TOKEN_QUERY, self._length, number).rate
            alone_before = self._alone(case)
            measured = self._asserted(case, alone_before) if case.asserts else self._issued(case, number)
            alone = mean((alone_before, self._alone(case)))
            bare = mean((bare_before, turn(self._bare, TOKEN_QUERY, self._length, number).rate))
            self._records[case.kind.name].add(measured, 1 / alone)
            self._beside[case.kind.name].append(measured.rate * (alone + 1 / bare))

    def _alone(self, case: Case) -> float:
        """The seconds of the bare call of the cryptography library."""
        return seconds_of(bare_call(self._keys[case.algorithm], checks=case.asserts))

    def _issued(self, case: Case, number: int) -> Measured:
        only = msgspec.structs.replace(self._folder, callers=[self._folder.callers[case.caller]])
        requests = token_requests(only, TOKEN_FORM, self._work / case.kind.name)
        return turn(Subject(self._server, {case.kind.name: requests}), case.kind, self._length, number)

    def _asserted(self, case: Case, alone: float) -> Measured:
        """As `turn`, but no assertion is sent twice."""
        warm, counted = (
            self._assertions(case, seconds, alone) for seconds in (self._length.warm_seconds, self._length.seconds)
        )
        wrk.load(self._server, warm, self._length.warm_seconds)
        before = self._server.cpu_seconds()
        figures = wrk.load(self._server, counted, self._length.seconds)
        if figures.requests > counted.count:
            raise BenchError(f"The assertions of {case.kind.title} did not last: ask for fewer seconds.")
        cpu_us = (self._server.cpu_seconds() - before) / figures.requests * 1e6
        return Measured(figures.rate, figures.p50_ms, figures.p99_ms, cpu_us, self._server.memory_mib())

    def _assertions(self, case: Case, seconds: float, alone: float) -> wrk.Requests:
        """More requests than can be answered in that time, each with an assertion of its own."""
        count = min(ASSERTIONS_MAX, ceil((seconds + 0.5) / alone) + wrk.CONNECTIONS)
        path = self._work / f"{case.kind.name}.{time.time_ns()}"
        return write(path, self._made(case, count))

    def _made(self, case: Case, count: int) -> Iterator[bytes]:
        key, client_id = self._keys[case.algorithm], self._folder.callers[case.caller].client_id
        now = int(time.time())
        run = os.urandom(8).hex()
        said = {"iss": client_id, "sub": client_id, "aud": self._issuer, "iat": now, "exp": now + LIFE_SECONDS}
        head = jws.head({"typ": "JWT"}, case.algorithm)
        fixed = {"grant_type": "client_credentials", "client_assertion_type": assertions.TYPE}
        for index in range(count):
            text = jws.signed(head, msgspec.json.encode({**said, "jti": f"{run}{index}"}), key, case.algorithm)
            body = f"{urlencode(fixed)}&client_assertion={text}"
            yield request("POST /oauth/token", body, Content_Type="application/x-www-form-urlencoded")

    def lines(self) -> list[Line]:
        """Of each case what is reached of the signature alone, and below it of the signature and a bare answer."""
        found = []
        for case in CASES:
            name, record = case.kind.name, self._records[case.kind.name]
            found.append(record.line(name, case.kind.title, f"of {case.alone}", case.target))
            title = f"  of {case.alone} and a bare answer"
            found.append(Line(f"{name}_beside", title, median(self._beside[name]), "of both"))
        return found


def bare_call(key: PrivateKey, *, checks: bool) -> Callable[[], object]:
    """The call of the cryptography library that checks a signature of this key, or makes one."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        if not checks:
            return partial(key.sign, _SIGNED_BYTES)
        return partial(key.public_key().verify, key.sign(_SIGNED_BYTES), _SIGNED_BYTES)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BenchError("Keys of this kind are not measured.")
    scheme = ec.ECDSA(SHA256())
    if not checks:
        return partial(key.sign, _SIGNED_BYTES, scheme)
    return partial(key.public_key().verify, key.sign(_SIGNED_BYTES, scheme), _SIGNED_BYTES, scheme)


def seconds_of(call: Callable[[], object]) -> float:
    """The seconds of one call, over a while of calls."""
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < ALONE_SECONDS:
        for _ in range(100):
            call()
        count += 100
    return (time.perf_counter() - began) / count
