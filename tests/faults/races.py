"""F9 and F17: answers that are lost on their way, and one thing asked for by many at once, over two nodes."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tessera.app.clients import applications, credentials, limit_settings
from tessera.app.clients.applications import Issued
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tests.faults.callers import JSON, Shared
from tests.faults.load import Load, Row, loaded
from tests.faults.stage import Client, Stage
from tests.support import assertions, raw
from tests.support.raw import Answer, Wire, bearer

CALLERS = 16
TOKENS_A_DAY = 20

TRIES = 50
AGAIN_SECONDS = 0.1


def lost_answers(stage: Stage, rounds: int, seed: int) -> Row:
    """Deposits and revocations whose caller goes before the answer comes, and who asks again: done once."""
    with loaded(stage, operated=False) as load:
        port = stage.start().port
        load.go()
        token = _token(port, stage.client)
        for _ in range(rounds):
            name, body = _deposit(load.shared)
            _gone_before_the_answer(port, "/api/1.0/user_points/deposit", body, bearer(token), JSON)
            if raw.ask(port, "POST", "/api/1.0/user_points/deposit", body, [bearer(token), JSON]).status == 200:
                load.ledger.done("deposit", name)
            ended = _token(port, stage.client)
            load.ledger.sent("revoke", ended)
            _gone_before_the_answer(port, "/oauth/revoke", stage.client.form(token=ended), raw.FORM)
            if raw.ask(port, "POST", "/oauth/revoke", stage.client.form(token=ended), [raw.FORM]).status == 200:
                load.ledger.done("revoke", ended)
        load.pause()
        load.prove(everything=True)
        return load.row("F9 answers lost", rounds, seed)


def _gone_before_the_answer(port: int, path: str, body: bytes, *headers: tuple[str, str]) -> None:
    with Wire(port) as wire:
        wire.send(raw.request("POST", path, body, list(headers)))


def _deposit(shared: Shared) -> tuple[str, bytes]:
    stage, name = shared.stage, shared.ledger.new_deposit()
    shared.ledger.sent("deposit", name, customer=stage.customers[1], units=25_000)
    detail = {"point_account_id": stage.account, "amount": 2.5, "idempotency_id": name}
    body = {"retailer_id": stage.retailer_id, "user_id": stage.customers[1], "deposit_details": [detail]}
    return name, json.dumps(body).encode()


def _token(port: int, client: Client) -> str:
    answer = raw.ask(port, "POST", "/oauth/token", client.form(grant_type="client_credentials"), [raw.FORM])
    assert answer.status == 200, answer
    token: str = json.loads(answer.body)["access_token"]
    return token


def races(stage: Stage, rounds: int, seed: int) -> Row:
    """One assertion, one deposit, the last tokens of a day, each asked for by many at once at two nodes: one winner."""
    key = assertions.new_key()

    async def furnish(context: Context) -> tuple[Issued, Issued]:
        prover = await applications.create(context, f"prover {secrets.token_hex(4)}", 1)
        await credentials.add_key(context, prover.client_id, "key", assertions.jwk(key))
        limited = f"limited {secrets.token_hex(4)}"
        made = await applications.create(context, limited, 1)
        await limit_settings.change(context, limited, LimitChanges(tokens_per_day=TOKENS_A_DAY))
        return prover, made

    prover, limited = stage.do(furnish)
    with loaded(stage, kinds=1, operated=False) as load:
        stage.start()
        stage.start()
        load.go()
        for _ in range(rounds):
            says = assertions.claims(prover.client_id, "http://127.0.0.1:1", time.time())
            form = assertions.form(assertions.signed(key, says)).encode()
            _won(load, "assertion", _at_once(stage.ports, "/oauth/token", form, raw.FORM), 1)
            name, body = _deposit(load.shared)
            token = _token(stage.ports[0], stage.client)
            answers = _at_once(stage.ports, "/api/1.0/user_points/deposit", body, bearer(token), JSON)
            _won(load, "deposit", answers, CALLERS)
            load.ledger.done("deposit", name)
        assert limited.client_secret is not None
        form = Client(limited.client_id, limited.client_secret).form(grant_type="client_credentials")
        day = time.time() // 86_400
        answers = [each for _ in range(3) for each in _at_once(stage.ports, "/oauth/token", form, raw.FORM)]
        if time.time() // 86_400 == day:
            _won(load, "tokens of a day", answers, TOKENS_A_DAY, beyond=3)
        load.pause()
        load.prove(everything=True)
        return load.row("F17 races", rounds, seed)


def _at_once(ports: Sequence[int], path: str, body: bytes, *headers: tuple[str, str]) -> list[Answer]:
    """The answers to one request that many send at the same moment, in turn to each port; 503 is asked again."""
    ready = Barrier(CALLERS)

    def one(place: int) -> Answer:
        with Wire(ports[place % len(ports)], timeout=30) as wire:
            ready.wait(30)
            for tries_left in reversed(range(TRIES)):
                wire.send(raw.request("POST", path, body, list(headers)))
                answer = wire.answer()
                assert answer is not None, f"{path} was not answered"
                if answer.status != 503 or not tries_left:
                    return answer
                time.sleep(AGAIN_SECONDS)
        raise AssertionError("never asked")

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(one, range(CALLERS)))


def _won(load: Load, what: str, answers: Sequence[Answer], wanted: int, beyond: int = 0) -> None:
    """So many were answered 200; counting without locks may let a few through `beyond` that."""
    found = Counter(answer.status for answer in answers)
    if not wanted <= found[200] <= wanted + beyond or max(found) >= 500:
        load.shared.wrong.append(f"{what}: {dict(found)}, not {wanted} of 200")
