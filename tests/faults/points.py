"""F2: processes that die at named points of a commit, and the control that shows what the ledger notices."""

import random
import secrets
from pathlib import Path

import msgspec

from tests.faults.callers import JSON
from tests.faults.ledger import Fact, Ledger
from tests.faults.load import Load, Row, loaded
from tests.faults.proof import Proof
from tests.faults.stage import Stage
from tests.support import raw
from tests.support.raw import Wire, bearer
from tests.support.waiting import wait_until

ARMED = "tests.faults.armed"
POINTS = ("before-commit", "after-commit")

COMMITS_MAX = 12
"""Commits before that at which a kill is armed, and itself."""

DEPOSITS_MAX = 20 * COMMITS_MAX
"""Deposits after which a server that still lives has no kill armed: each is a commit, or was answered 503."""


def points(stage: Stage, rounds: int, seed: int) -> Row:
    """Kill -9 at a point of a commit: before it nothing is left of the request, after it everything, once."""
    chance = random.Random(seed)
    wrong: list[str] = []
    with loaded(stage) as load:
        port = stage.start().port
        load.go()
        load.pause()
        stage.close()
        for number in range(rounds):
            point = POINTS[number % len(POINTS)]
            node = stage.start(port=port, module=ARMED, FAULTS_ARMED=f"{point}:{chance.randint(1, COMMITS_MAX)}")
            load.prove(seed=number)
            name = one_at_a_time(stage, load.ledger)
            node.wait_killed()
            there = stage.rows(f"select count(*) from ledger_entry where idempotency_id = '{name}'")[0][0]
            if there != (point == "after-commit"):
                wrong.append(f"killed {point}: {there} of the deposit {name}")
        load.shared.wrong += wrong
        stage.start(port=port)
        load.go()
        load.pause()
        load.prove(everything=True)
        return load.row("F2 kill -9 at a commit", rounds, seed)


def one_at_a_time(stage: Stage, ledger: Ledger) -> str:
    """Deposit until one is not answered; its id. Raises AssertionError when the server lives on."""
    with Wire(stage.ports[0], timeout=30) as wire:
        wire.send(raw.request("POST", "/oauth/token", stage.client.form(grant_type="client_credentials"), [raw.FORM]))
        answer = wire.answer()
        assert answer is not None
        token = msgspec.json.decode(answer.body)["access_token"]
        for _ in range(DEPOSITS_MAX):
            name = ledger.new_deposit()
            detail = {"point_account_id": stage.account, "amount": 1, "idempotency_id": name}
            body = {"retailer_id": stage.retailer_id, "user_id": stage.customers[0], "deposit_details": [detail]}
            ledger.sent("deposit", name, customer=stage.customers[0], units=10_000)
            path = "/api/1.0/user_points/deposit"
            wire.send(raw.request("POST", path, msgspec.json.encode(body), [bearer(token), JSON]))
            answer = wire.answer()
            if answer is None:
                return name
            assert answer.status in {200, 503}, answer
            if answer.status == 200:
                ledger.done("deposit", name)
    raise AssertionError(f"the server answered {DEPOSITS_MAX} deposits and lives: no kill is armed")


def answered_too_early(stage: Stage, rounds: int) -> int:
    """The control: a server that answers before it commits, killed; how many acknowledged answers were lost."""
    with loaded(stage) as load:
        node = stage.start(module=ARMED, FAULTS_ARMED="early-answer")
        for _ in range(rounds):
            _answer_and_kill(load)
            node.kill()
            node = stage.start(port=node.port, module=ARMED, FAULTS_ARMED="early-answer")
            load.pause()
            load.prove(late_seconds=0)
        return len(load.lost) + len(load.accepted)


def _answer_and_kill(load: Load) -> None:
    load.shared.go.set()
    before = load.ledger.answered
    wait_until(lambda: load.ledger.answered > before + 20)


def altered(stage: Stage, path: Path) -> dict[str, int]:
    """The control of the ledger itself: lines that tell of what never was, and how many of each were noticed."""
    node = stage.start()
    noticed: dict[str, int] = {}
    deposit: dict[str, Fact] = {"customer": stage.customers[0], "units": 10_000}
    token: dict[str, Fact] = {"client": stage.client.client_id, "scope": "openid", "until": 1}
    never: dict[str, dict[str, Fact]] = {
        "token": token,
        "deposit": deposit,
        "revoke": {},
        "application": {"secret": "0" * 64},
    }
    for kind, facts in never.items():
        ledger = Ledger(path.with_name(f"{path.name}.{kind}"))
        name = ledger.new_deposit() if kind == "deposit" else secrets.token_hex(32)
        if kind == "revoke":
            name = _token(node.port, stage, ledger)
        ledger.done(kind, name, **facts)
        verdict = Proof(stage, ledger, node.port, late_seconds=0).of()
        noticed[kind] = len(verdict.lost) + len(verdict.accepted)
        ledger.close()
    stage.close()
    return noticed


def _token(port: int, stage: Stage, ledger: Ledger) -> str:
    form = stage.client.form(grant_type="client_credentials")
    members = msgspec.json.decode(raw.ask(port, "POST", "/oauth/token", form, [raw.FORM]).body)
    token: str = members["access_token"]
    until = members["created_at"] + members["expires_in"]
    ledger.done("token", token, client=stage.client.client_id, scope=members["scope"], until=until)
    return token
