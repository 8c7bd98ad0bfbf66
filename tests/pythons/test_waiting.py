"""Everything in which a request or a command waits for something, tried once on each engine.

It is tried on every Python that is found: what waits depends on how that Python runs coroutines.
"""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tessera.app.demo import demo
from tests.cli.command import run
from tests.pythons.place import CERTIFICATE, SECONDS, Place, place
from tests.support import pki, raw
from tests.support.possession import Holder
from tests.support.postgres import Cluster
from tests.support.server import Server, running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.engines("sqlite", "postgres")

AT_ONCE = 20


@pytest.fixture(scope="module")
def here(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that the tests share."""
    with place(tmp_path_factory.mktemp("pythons") / "data") as made:
        yield made


def test_a_secret_gets_a_token_in_each_place(here: Place) -> None:
    """A token by a secret in the query, in a form, in JSON and by HTTP Basic; a wrong one gets none."""
    secret = {"client_id": here.server.demo["client_id"], "client_secret": here.server.demo["client_secret"]}
    asked = {"grant_type": "client_credentials", **secret}

    assert here.ask("/oauth/token", params=asked).status_code == 200
    assert here.ask("/oauth/token", data=asked).status_code == 200
    assert here.ask("/oauth/token", json=asked).status_code == 200
    assert here.token().status_code == 200
    assert here.ask("/oauth/token", data=asked | {"client_secret": "wrong"}).status_code == 401


def test_a_key_gets_a_token(here: Place) -> None:
    """A token by an assertion, which is used once, with a key that is registered and with one that is published."""
    for client in (here.clients.key, here.clients.published):
        form = here.assertion(client)
        headers = dict([raw.FORM])
        assert here.ask("/oauth/token", content=form, headers=headers).status_code == 200
        assert here.ask("/oauth/token", content=form, headers=headers).status_code == 401


def test_a_certificate_gets_a_token(here: Place) -> None:
    """A token by a certificate, which opens the platform with it and with no other."""
    own = {"Client-Cert": pki.header(CERTIFICATE.der).decode()}
    form = {"grant_type": "client_credentials", "client_id": here.clients.certificate.client_id}

    token = here.ask("/oauth/token", data=form, headers=own).json()["access_token"]

    values = here.server.demo
    path = f"/priv/v1/apps/{values['api_key']}/users/{values['customer_id']}"
    bearer = {"Authorization": f"Bearer {token}"}
    assert here.caller.get(path, headers=bearer | own).status_code == 200
    assert here.caller.get(path, headers=bearer).status_code == 401


def test_a_proof_binds_a_token_and_is_used_once(here: Place) -> None:
    """The nonce that is asked for is taken, and the proof is refused when it comes again."""
    holder, address = Holder(), f"{here.server.url}/oauth/token"
    asked = here.token(headers={"DPoP": holder.proof("POST", address)})
    assert asked.json()["error"] == "use_dpop_nonce"
    proof = {"DPoP": holder.proof("POST", address, nonce=asked.headers["dpop-nonce"])}

    first, again = here.token(headers=proof), here.token(headers=proof)

    assert first.json()["token_type"] == "DPoP"
    assert again.json()["error"] == "invalid_dpop_proof"


def test_a_token_is_asked_about_and_ended(here: Place) -> None:
    """Introspection says that it is active until it is revoked; the revocation is answered."""
    token = here.token().json()["access_token"]
    values = here.server.demo
    auth = (values["client_id"], values["client_secret"])

    assert here.ask("/oauth/introspect", data={"token": token}, auth=auth).json()["active"] is True
    assert here.ask("/oauth/revoke", data={"token": token}, auth=auth).status_code == 200
    wait_until(lambda: here.ask("/oauth/introspect", data={"token": token}, auth=auth).json() == {"active": False})


def test_a_customer_comes_changes_and_goes(here: Place) -> None:
    """A customer is created, updated, read and forgotten."""
    bearer, users = here.bearer(), f"/priv/v1/apps/{here.server.demo['api_key']}"
    one = f"{users}/external/users/python-1"

    made = here.ask(f"{users}/users", headers=bearer, json={"user": {"external_id": "python-1"}})
    changed = here.caller.put(one, headers=bearer, json={"user": {"city": "Rome"}})

    assert (made.status_code, changed.status_code) == (200, 200)
    assert here.caller.get(one, headers=bearer).json()["user"]["city"] == "Rome"
    assert here.caller.delete(one, headers=bearer).status_code == 200
    assert here.caller.get(one, headers=bearer).status_code == 404


def test_points_come_and_go_and_are_told(here: Place) -> None:
    """A deposit and a spend are answered, and the webhook receives both."""
    values, bearer = here.server.demo, here.bearer()
    who = {"retailer_id": values["retailer_id"], "user_id": values["customer_id"]}
    deposit = {"deposit_details": [{"point_account_id": here.point_account, "amount": 12.5}]}
    spend = {"spend_details": [{"point_account_ids": [here.point_account], "amount": 2.5}]}

    assert here.ask("/api/1.0/user_points/deposit", headers=bearer, json=who | deposit).status_code == 200
    assert here.ask("/api/1.0/user_points/spend_multiple", headers=bearer, json=who | spend).status_code == 200

    wait_until(lambda: {"points.earned", "points.spent"} <= {each.kind for each in here.receiver.taken})


def test_a_program_is_applied(here: Place) -> None:
    """A client that may do so declares an event, and the program has it."""
    admin = here.clients.admin
    got = here.ask("/oauth/token", data={"grant_type": "client_credentials", "scope": "loyalty:admin"},
                   auth=(admin.client_id, admin.client_secret or ""))  # fmt: skip
    bearer = {"Authorization": f"Bearer {got.json()['access_token']}"}
    event = {"lookup": "python_tried", "name": "Python tried", "awards": [{"account": "Beans", "points": 1}]}
    asked = {"retailer_id": here.server.demo["retailer_id"], "program": {"events": [event]}}

    answer = here.ask("/api/1.0/programs/apply", headers=bearer, json=asked)

    assert answer.status_code == 200, answer.text
    assert answer.json()["payload"]["applied"] is True


def test_many_wait_at_once(here: Place) -> None:
    """Writes on many connections at the same moment are all answered."""
    bearer, path = here.bearer(), f"/priv/v1/apps/{here.server.demo['api_key']}/users"

    def create(number: int) -> int:
        body = {"user": {"external_id": f"python-many-{number}"}}
        return here.ask(path, headers=bearer, json=body).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(create, range(4 * AT_ONCE))) == {200}


def test_an_import_a_backup_and_a_restore(here: Place, tmp_path: Path) -> None:
    """Beside the server: customers from a file, a backup with them in it, and a folder that is restored from it."""
    rows, file, restored = tmp_path / "customers.csv", tmp_path / "backup.db", tmp_path / "restored"
    rows.write_text("external_id,city\npython-2,Rome\n")
    folder = here.server.folder

    imported = run("customers", "import", rows, "--org", demo.ORGANIZATION, "--json", "--data-dir", folder)
    made = run("backup", file, "--data-dir", folder)
    restored.mkdir(mode=0o700)
    (restored / "master.key").write_text((folder / "master.key").read_text())
    back = run("restore", file, "--data-dir", restored)

    assert imported.code == made.code == back.code == 0, (imported, made, back)
    assert imported.document["created"] == 1
    assert "python-2" in run("customers", "show", "python-2", "--json", "--data-dir", restored).out


def test_a_server_ends_under_load(engine: str, tmp_path: Path) -> None:
    """SIGTERM while requests wait: what began is answered, and the server ends in order."""
    with running(tmp_path / "data") as server, _calling(server) as caller:

        def create(number: int) -> int | None:
            try:
                return _create(server, caller, f"python-{number}")
            except httpx.TransportError:
                return None

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [pool.submit(create, number) for number in range(20 * AT_ONCE)]
            wait_until(lambda: sum(each.done() for each in answers) > AT_ONCE)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(SECONDS) == 0
    statuses = [each.result() for each in answers]
    assert set(statuses) <= {200, None}
    assert statuses.count(200) > AT_ONCE
    assert "Traceback" not in server.output


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    """Writes are refused with 503 while PostgreSQL is stopped, and taken again when it is back."""
    made = Cluster()
    try:
        made.start()
        made.execute("create role tessera login")
        made.execute("create database t0 owner tessera")
        with running(tmp_path / "data", "--database", made.url("t0")) as server:
            with _calling(server) as caller:
                assert _create(server, caller, "before") == 200
                made.stop("immediate")
                assert {_create(server, caller, f"away-{number}") for number in range(5)} == {503}
                made.start()
                wait_until(lambda: _create(server, caller, "after") in {200, 400})
            assert "Traceback" not in server.output
    finally:
        made.remove()


def _calling(server: Server) -> httpx.Client:
    """A caller with a token."""
    bearer = {"Authorization": f"Bearer {server.token()}"}
    return httpx.Client(base_url=server.url, timeout=SECONDS, headers=bearer)


def _create(server: Server, caller: httpx.Client, name: str) -> int:
    """The status of the creation of a customer."""
    path = f"/priv/v1/apps/{server.demo['api_key']}/users"
    return caller.post(path, json={"user": {"external_id": name}}).status_code
