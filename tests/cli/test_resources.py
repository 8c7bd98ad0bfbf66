"""Resource servers, access and revoking many tokens at once, from the command line."""

from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, one_sentence, run

STOCK = "https://stock.example/api"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the application Partner, and with Stock, of which it may read."""
    folder, _ = folder_with_application(tmp_path)
    for arguments in (
        ("apps", "create", "Server", "--scope", "profiles:read"),
        ("apps", "create", "Buyer", "--no-platform"),
        ("resources", "create", STOCK, "--name", "Stock", "--scope", "write read", "--server", "Server"),
        ("apps", "grant", "Partner", "Stock", "--scope", "read"),
        ("apps", "grant", "Buyer", STOCK, "--scope", "write read"),
    ):
        assert run(*arguments, "--data-dir", folder).code == 0, arguments
    return folder


def test_a_resource_is_registered_changed_and_removed(folder: Path) -> None:
    """Each command tells the resource as it is then; what is not named stays as it is."""
    (listed,) = run("resources", "list", "--json", "--data-dir", folder).document
    assert {**listed, "created_at": ""} == {
        "identifier": STOCK,
        "name": "Stock",
        "scope": "read write",
        "token_format": None,
        "server": "Server",
        "created_at": "",
    }
    done = run("resources", "set", "Stock", "--token-format", "eddsa", "--server", "", "--json", "--data-dir", folder)
    assert done.document == {**listed, "token_format": "eddsa", "server": None}
    done = run(
        "resources", "set", STOCK, "--token-format", "application", "--name", "Stores", "--json", "--data-dir", folder
    )
    assert done.document == {**listed, "name": "Stores", "server": None}
    assert (
        run("resources", "show", "Stores", "--data-dir", folder).out.splitlines()[3]
        == "token format  the application's"
    )
    assert "--yes" in one_sentence(run("resources", "delete", "Stores", "--data-dir", folder))
    assert run("resources", "delete", "Stores", "--yes", "--data-dir", folder).code == 0
    assert run("resources", "list", "--json", "--data-dir", folder).document == []
    (platform,) = run("apps", "access", "Partner", "--json", "--data-dir", folder).document["places"]
    assert platform["resource"] is None


def test_what_an_application_may_do(folder: Path) -> None:
    """Place by place, in sentences; what the resource has no more is named as withheld."""
    told = run("apps", "access", "Partner", "--json", "--data-dir", folder).document
    assert [place["scope"] for place in told["places"]] == [["openid"], ["read"]]
    assert told["places"][1]["sentences"] == ["Whatever Stock lets the scope read do."]
    assert run("apps", "access", "Buyer", "--data-dir", folder).out.splitlines() == [
        "At the platform: nothing",
        f"At Stock ({STOCK}): read write",
        "  Whatever Stock lets the scope read do.",
        "  Whatever Stock lets the scope write do.",
    ]
    assert run("resources", "set", "Stock", "--scope", "read", "--data-dir", folder).code == 0
    assert run("apps", "disable", "Buyer", "--data-dir", folder).code == 0
    assert run("apps", "access", "Buyer", "--data-dir", folder).out.splitlines() == [
        "Buyer is disabled: it may do nothing now. Enabled, it may do this:",
        "At the platform: nothing",
        f"At Stock ({STOCK}): read",
        "  Whatever Stock lets the scope read do.",
        "  Granted, but Stock does not have it any more: write",
    ]
    assert run("apps", "ungrant", "Partner", "Stock", "--data-dir", folder).code == 0
    assert len(run("apps", "access", "Partner", "--json", "--data-dir", folder).document["places"]) == 1


def test_who_may_do_something(folder: Path) -> None:
    """By a scope of its own, or by `openid`, which does not hold what stands apart."""

    def who(scope: str) -> list[tuple[str, str | None, str]]:
        found = run("resources", "who", scope, "--json", "--data-dir", folder).document
        return [(each["name"], each["resource"], each["by"]) for each in found]

    assert who("read") == [("Partner", STOCK, "read"), ("Buyer", STOCK, "read")]
    assert who("write") == [("Buyer", STOCK, "write")]
    assert who("profiles:read") == [("Partner", None, "openid"), ("Server", None, "profiles:read")]
    assert who("openid") == [("Partner", None, "openid")]
    assert who("tokens:introspect") == who("loyalty:admin") == []
    assert "has a scope nothing" in one_sentence(run("resources", "who", "nothing", "--data-dir", folder))
    assert "Partner" in run("resources", "who", "read", "--data-dir", folder).out


def test_what_cannot_be_is_refused_in_one_sentence(folder: Path) -> None:
    """Each says why, and nothing is done."""
    before = run("resources", "list", "--json", "--data-dir", folder).document
    for sentence, *arguments in (
        ("absolute URI", "resources", "create", "stock", "--name", "B", "--scope", "a"),
        ("absolute URI", "resources", "create", "https://b.example/#a", "--name", "B", "--scope", "a"),
        ("identifies the platform", "resources", "create", "http://127.0.0.1:8000", "--name", "B", "--scope", "a"),
        ("already exists", "resources", "create", STOCK, "--name", "B", "--scope", "a"),
        ("already exists", "resources", "create", "urn:b", "--name", "Stock", "--scope", "a"),
        ("malformed", "resources", "create", "urn:b", "--name", "B", "--scope", "a\\"),
        ("malformed", "resources", "create", "urn:b", "--name", "B", "--scope", ""),
        ("no application named", "resources", "create", "urn:b", "--name", "B", "--scope", "a", "--server", "nobody"),
        ("no resource server", "resources", "show", "B"),
        ("no resource server", "apps", "grant", "Partner", "B", "--scope", "read"),
        ("no application named", "apps", "grant", "nobody", "Stock", "--scope", "read"),
        ("has no scope delete", "apps", "grant", "Partner", "Stock", "--scope", "read delete"),
        ("one scope at a time", "resources", "who", "read write"),
    ):
        assert sentence in one_sentence(run(*arguments, "--data-dir", folder)), arguments
    assert run("resources", "list", "--json", "--data-dir", folder).document == before
    assert run("resources", "set", "Stock", "--data-dir", folder).code == 2
    assert run("apps", "create", "C", "--no-platform", "--scope", "openid", "--data-dir", folder).code == 2


@pytest.mark.parametrize(("group", "name"), [("apps", "Partner"), ("orgs", "Aurora")])
def test_tokens_are_revoked_all_at_once_when_that_is_meant(folder: Path, group: str, name: str) -> None:
    """Not without saying so; then all of them, in one line or one document."""
    assert "--yes" in one_sentence(run(group, "revoke-tokens", name, "--data-dir", folder))
    done = run(group, "revoke-tokens", name, "--yes", "--data-dir", folder)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"{name}: All tokens so far are revoked, durably. Running servers refuse them within 250 ms.\n"
    told = run(group, "revoke-tokens", name, "--yes", "--json", "--data-dir", folder).document
    its_id = run(group, "show", name, "-q", "--data-dir", folder).out.strip()
    assert told == {"name": name, "client_id" if group == "apps" else "retailer_id": its_id, "revoked": True}
    one_sentence(run(group, "revoke-tokens", "nobody", "--yes", "--data-dir", folder))
