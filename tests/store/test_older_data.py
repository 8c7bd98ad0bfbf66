"""A database that an early version filled, migrated by the command and used by the commands and the API of this one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command import run
from tests.support import engines, invariants, postgres, revisions, server
from tests.support.server import Server
from tests.support.settings import settings_of

OLDER = Path(__file__).parent / "older"
ISSUER = "https://id.example.com"

ACCEPTED = ("partner", "signed", "after_cut")
REFUSED = ("revoked", "cut", "stopped", "stock")
"""Revoked one by one, before a cut-off, of a disabled application, and for another resource server."""


class Older:
    """A data folder with the older database, and what was known to its partners."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.folder = folder
        self.known: dict[str, Any] = json.loads((OLDER / f"{engine}.json").read_text())
        self.server: Server | None = None

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed; its standard output."""
        done = run(*arguments, "--data-dir", self.folder)
        assert done.code == 0, (arguments, done)
        return done.out

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """An answer of the server, to the token that a partner got before, unless `options` say otherwise."""
        assert self.server is not None
        if "auth" not in options:
            options.setdefault("headers", {"Authorization": f"Bearer {self.known['tokens']['partner']}"})
        return httpx.request(method, self.server.url + path, timeout=30, **options)

    def profile(self, **options: Any) -> httpx.Response:
        """The answer to a read of the customer's profile."""
        path = f"/priv/v1/apps/{self.known['api_key']}/users/{self.known['customer']}"
        return self.ask("GET", f"{path}?user[user_profile]=true&show_identifiers=true", **options)

    def order(self, path: str, **body: object) -> Any:
        """What the platform answers to an order for the customer."""
        named = {"retailer_id": self.known["retailer_id"], "user_id": self.known["customer"], **body}
        return self.ask("POST", path, json=named).raise_for_status().json()

    def token(self, client_id: str, secret: str) -> int:
        """The status of the answer to a token request."""
        return self.ask(
            "POST", "/oauth/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
        ).status_code


@pytest.fixture(scope="module", params=engines.ENGINES)
def older(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Older]:
    """A server of this version on the migrated database, with the upgrade's refusals on the way."""
    folder = tmp_path_factory.mktemp("older") / "data"
    folder.mkdir(mode=0o700)
    with revisions.made(folder, request.param, "0005"):
        revisions.insert(folder, (OLDER / f"{request.param}.sql").read_text())
        made = Older(folder, request.param)
        (folder / "master.key").write_text(made.known["master_key"])
        for file in folder.iterdir():
            file.chmod(0o600)
        _upgrade(made)
        made.server = server.start_bare(folder, TESSERA_ISSUER=ISSUER)
        try:
            yield made
        finally:
            assert made.server.stop() == 0


def _upgrade(older: Older) -> None:
    before = engines.dump(older.folder)
    for command in ("serve", "apps list", "backup " + str(older.folder.with_name("early.db"))):
        refused = run(*command.split(), "--data-dir", older.folder)
        assert refused.code == 1
        assert "has an older schema" in refused.err
        assert "with the version that made it" in refused.err
        assert "tessera migrate" in refused.err
    examined = run("doctor", "--data-dir", older.folder)
    assert examined.code == 1
    assert "It is older than this version" in examined.out
    assert engines.dump(older.folder) == before
    older.run("migrate")
    older.run("migrate")


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_token_issued_before_is_accepted(older: Older, name: str) -> None:
    """Sealed and signed tokens, and one issued after a cut-off, still open the platform."""
    token = older.known["tokens"][name]

    assert older.profile(headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("name", REFUSED)
def test_a_token_refused_before_is_still_refused(older: Older, name: str) -> None:
    """No upgrade makes a revoked token valid again."""
    token = older.known["tokens"][name]

    assert older.profile(headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_token_of_a_resource_server_is_still_active(older: Older) -> None:
    """The resource server learns from introspection who may do what there."""
    found = older.ask(
        "POST", "/oauth/introspect", data={"token": older.known["tokens"]["stock"]},
        auth=tuple(older.known["clients"]["signed"]),
    ).json()  # fmt: skip

    assert found["active"] is True
    assert (found["aud"], found["scope"]) == ("https://stock.example/api", "stock:read")


def test_secrets_work_as_before(older: Older) -> None:
    """Each live secret gets a token, and opens the platform; an ended one and a disabled application get none."""
    clients = older.known["clients"]
    partner = clients["partner"][0]

    assert [older.token(*clients[name]) for name in ("partner", "signed", "cut", "stopped")] == [200, 200, 200, 401]
    assert [older.token(partner, older.known[name]) for name in ("second_secret", "ended_secret")] == [200, 401]
    assert older.profile(auth=(older.known["api_key"], older.known["property_secret"])).status_code == 200


def test_a_customer_is_as_before(older: Older) -> None:
    """The profile, the custom profile and the external ids are those of before; only a referrer code was added."""
    before, now = older.known["profile"]["user"], older.profile().json()["user"]

    assert {name: now[name] for name in before if name not in ("referrer_code", "available_points")} == {
        name: value for name, value in before.items() if name not in ("referrer_code", "available_points")
    }
    assert before["referrer_code"] == ""
    assert now["referrer_code"]
    found = older.ask(
        "GET", f"/priv/v1/apps/{older.known['api_key']}/users/search_users", params={"mobile_number": "12025550199"}
    ).json()
    assert [each["id"] for each in found["players"]] == [before["id"]]
    assert older.order("/api/1.0/user_tiers/tier_status") == older.known["tier_status"]


def test_a_deposit_of_before_is_known_and_a_new_one_adds_up(older: Older) -> None:
    """What was deposited before is answered again and not made again; the ledger agrees with every balance."""
    details = older.known["deposit"]["deposit_details"]
    spend = {"point_account_ids": [details[0]["point_account_id"]], "amount": 20, "idempotency_id": "basket"}

    def balance(path: str, **body: object) -> object:
        older.order(path, **body)
        return older.profile().json()["user"]["available_points"]

    assert balance("/api/1.0/user_points/deposit", deposit_details=details) == 30
    assert balance("/api/1.0/user_points/spend_multiple", spend_details=[spend]) == 30
    more = [{**details[0], "amount": 7.5, "idempotency_id": "new"}]
    assert balance("/api/1.0/user_points/deposit", deposit_details=more) == 37.5
    invariants.check(older.folder)
    invariants.proven(settings_of(older.folder))
    assert "every balance is the sum of its entries" in older.run("doctor", "--ledger")


def test_operators_go_on(older: Older) -> None:
    """The audit is one chain over the upgrade, the webhook has what it was not sent, and a key rotation is possible."""
    older.run("keys", "rotate", "--at-once")
    older.run("apps", "limit", "Partner", "--tokens-per-day", "500")
    listed = json.loads(older.run("audit", "list", "--limit", "500", "--json"))
    hook = json.loads(older.run("webhooks", "show", "shop", "--json"))

    assert "entries are intact" in older.run("audit", "verify")
    actions = json.dumps(listed)
    assert all(action in actions for action in ("organization.create", "application.revoke_tokens", "key.add"))
    assert (hook["state"], hook["position"]) == ("disabled", 0)
    assert hook["waiting"] >= 8
    assert json.loads(older.run("apps", "limit", "Partner", "--json"))


def test_a_backup_goes_to_the_other_engine(older: Older, tmp_path: Path) -> None:
    """A backup of the upgraded database is whole, and its tokens are accepted where it is restored."""
    file, restored = tmp_path / "backup.db", tmp_path / "restored"
    older.run("backup", str(file))
    restored.mkdir(mode=0o700)
    if engines.url(older.folder) is None:
        engines.name(restored, postgres.cluster().url(postgres.cluster().create_database()))
    (restored / "master.key").write_text(older.known["master_key"])
    (restored / "master.key").chmod(0o600)

    assert run("restore", file, "--data-dir", restored, "--keep-tokens").code == 0
    inspected = {
        name: json.loads(run("token", "inspect", older.known["tokens"][name], "--data-dir", restored, "--json").out)
        for name in ("partner", "revoked", "cut")
    }
    assert {name: found["live"] for name, found in inspected.items()} == {
        "partner": True, "revoked": False, "cut": False
    }  # fmt: skip
    invariants.check(restored)
