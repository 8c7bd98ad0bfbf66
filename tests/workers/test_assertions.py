"""A client assertion is used once, over all workers, at one moment, and after a restart."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tessera.app.clients import applications, credentials
from tessera.app.context import Context
from tests.support import assertions, operator_session
from tests.support.server import Server, running, start

USES = 50


def _ask(server: Server, body: str) -> int:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return httpx.post(f"{server.url}/oauth/token", content=body, headers=headers, timeout=60).status_code


def test_of_fifty_uses_one_counts(tmp_path: Path) -> None:
    """Fifty requests at once with one assertion get one token, from two workers; a restart changes nothing."""
    folder, key = tmp_path / "data", assertions.new_key()

    async def furnish(context: Context) -> str:
        issued = await applications.create(context, "prover", 1)
        await credentials.add_key(context, issued.client_id, "key", assertions.jwk(key))
        return issued.client_id

    with running(folder, "--workers", "2") as server:
        client_id = operator_session.do(folder, furnish)
        bodies = []
        for _ in range(3):
            says = assertions.claims(client_id, server.url, time.time(), exp=int(time.time()) + 500)
            bodies.append(assertions.form(assertions.signed(key, says)))
            with ThreadPoolExecutor(USES) as pool:
                statuses = list(pool.map(_ask, [server] * USES, [bodies[-1]] * USES))
            assert sorted(statuses) == [200] + [401] * (USES - 1)
    again = start(folder, "--workers", "2", TESSERA_ISSUER=server.url)
    try:
        assert [_ask(again, body) for body in bodies] == [401] * 3
        fresh = assertions.claims(client_id, server.url, time.time())
        assert _ask(again, assertions.form(assertions.signed(key, fresh))) == 200
    finally:
        again.stop()
