"""Flags that commands have in common, derived from the tree of commands."""

from pathlib import Path

import pytest

from tests.cli.command import commands, folder_with_application, run

NO_ID = {
    "audit export": "prints every entry whole",
    "audit verify": "tells about the whole chain",
    "backup": "writes a file that its caller named",
    "copy": "copies a whole database",
    "customers export": "prints one record whole, of a customer that its caller named",
    "customers purge": "erases what belongs to nobody any more",
    "demo generate": "counts the customers it makes, and keeps none of their ids",
    "doctor": "has findings, which have no ids",
    "loyalty export": "writes a whole declaration",
    "migrate": "changes a whole database",
    "restore": "restores a whole database",
    "serve": "runs until it is stopped",
    "token inspect": "may be about a token of nobody",
    "token request": "has a secret to print, and no id",
    "token revoke": "names the token by nothing but itself",
    "version": "prints one word already",
}
"""Commands without an id to print, and why."""

NOT_CHANGED = {"--org", "--client-id", "--client-secret-stdin", "--api-key", "--secret-stdin"}
"""Flags of `create` that decide for good: whose the new one is, and what it brings from another system."""

NOT_CREATED = {"--name", "--cut-off", "--yes", "-y", "--org"}
"""Flags of `set` that mean nothing for a new one; `create` takes the name as its argument."""


FLAGS = {
    name: {flag for each in command.params for flag in each.opts if flag.startswith("-")}
    for name, command in commands().items()
}
NOUNS = [
    name.removesuffix(" set")
    for name in FLAGS
    if name.endswith(" set") and f"{name.removesuffix('set')}create" in FLAGS
]


@pytest.mark.parametrize("name", FLAGS)
def test_each_command_with_an_id_to_print_prints_it_alone(name: str) -> None:
    """`-q` belongs to every command that has `--json`, but for those that have no id, each with its reason."""
    assert ({"--quiet", "-q"} <= FLAGS[name]) == (name not in NO_ID)
    assert "--json" in FLAGS[name] or name == "serve"


def test_no_exception_is_left_of_a_command_that_is_gone() -> None:
    """Every exception is a command."""
    assert NO_ID.keys() - FLAGS.keys() == set()


@pytest.mark.parametrize("noun", NOUNS)
def test_create_and_set_take_the_same_attributes(noun: str) -> None:
    """What can be changed later can be said at once, and what can be said at once can be changed later."""
    made, changed = FLAGS[f"{noun} create"], FLAGS[f"{noun} set"]
    assert made - NOT_CHANGED - {"--name"} == changed - NOT_CREATED


def test_nouns_with_attributes_are_found() -> None:
    """The test above is about every noun that is created and changed."""
    assert {"apps", "orgs", "properties", "webhooks"} <= set(NOUNS)


def test_an_application_is_created_with_every_attribute(tmp_path: Path) -> None:
    """Attributes of `create` are in force from the first moment, and shown as those of `set` are."""
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    flags = (
        "--scope", "profiles:read", "--token-lifetime", "12h", "--query-credentials", "deny", "--json-requests", "deny",
        "--token-format", "es256", "--token-binding", "dpop", "--token-reuse", "on", "--methods", "private_key_jwt",
        "--profile", "fapi2", "--algorithms", "ES256", "--assertion-audience", "issuer",
    )  # fmt: skip
    made = run("apps", "create", "New", *flags, *here)
    assert made.code == 0, made
    assert "has no active credential for private_key_jwt" in made.err
    assert run("apps", "set", "Partner", *flags, "--yes", *here).code == 0
    created, changed = (run("apps", "show", name, "--json", *here).document for name in ("New", "Partner"))
    own = {"name", "client_id", "created_at", "secrets"}
    assert {key: value for key, value in created.items() if key not in own} == {
        key: value for key, value in changed.items() if key not in own
    }
    assert (created["json_requests"], created["token_binding"], created["token_reuse"]) == ("deny", "dpop", True)


def test_an_application_that_could_not_sign_is_not_created(tmp_path: Path) -> None:
    """Options that exclude each other are refused together, and nothing is written."""
    folder, _ = folder_with_application(tmp_path)
    done = run("apps", "create", "New", "--profile", "fapi2", "--token-format", "rs256", "--data-dir", folder)
    assert done.code == 1
    assert "fapi2 does not allow RS256" in done.err
    assert len(run("apps", "list", "--json", "--data-dir", folder).document) == 1


def test_ids_of_what_is_done_to_credentials_and_webhooks(tmp_path: Path) -> None:
    """`-q` prints the name of a secret that was made or ended, and the id of whoever has a thing done to it."""
    folder, made = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    assert run("apps", "rotate", "Partner", "-q", *here).out == "secret-2\n"
    assert run("apps", "finish", "Partner", "--force", "-q", *here).out == "first\n"
    key = run("properties", "create", "Shop", "-q", *here).out
    assert run("properties", "limit", "Shop", "--requests-per-second", "5", "-q", *here).out == key
    assert run("properties", "secrets", "rotate", "Shop", "-q", *here).out == "secret-2\n"
    assert run("properties", "secrets", "finish", "Shop", "--force", "-q", *here).out == "first\n"
    run("resources", "create", "https://stock.example/", "--name", "Stock", "--scope", "a", *here)
    run("webhooks", "create", "hook", "--url", "https://93.184.216.34/hook", *here)
    client, retailer = f"{made['client_id']}\n", run("orgs", "show", "Aurora", "-q", *here).out
    for line, printed in (
        ("apps grant Partner Stock --scope a", client),
        ("apps access Partner", client),
        ("apps usage Partner", client),
        ("resources who a", client),
        ("apps ungrant Partner Stock", client),
        ("apps revoke-tokens Partner --yes", client),
        ("orgs revoke-tokens Aurora --yes", retailer),
        ("loyalty show", retailer),
        ("webhooks rotate hook", "hook\n"),
        ("webhooks deliveries hook", ""),
        ("events replay --webhook hook --failed", "hook\n"),
        ("explain --about nobody", ""),
    ):
        done = run(*line.split(), "-q", *here)
        assert (done.code, done.out) == (0, printed), (line, done)
    program = tmp_path / "program.yaml"
    program.write_text("point_sources: [{name: Till}]\n")
    assert run("loyalty", "apply", program, "--yes", "-q", *here).out == retailer


def test_an_import_prints_the_ids_of_its_customers(tmp_path: Path) -> None:
    """`-q` prints one id for each row that was not refused, in the order of the rows, and nothing else."""
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    rows = tmp_path / "rows.csv"
    rows.write_text("external_id,opted_in\nc-1,true\nc-2,perhaps\nc-3,true\n")
    done = run("customers", "import", rows, "-q", *here)
    assert done.code == 3
    assert "line 3" in done.err
    ids = [run("customers", "show", name, "-q", *here).out for name in ("c-1", "c-3")]
    assert done.out == "".join(ids)
    assert run("customers", "import", rows, "-q", *here).out == done.out
    for other in ("--dry-run", "--json"):
        assert run("customers", "import", rows, "-q", other, *here).code == 2
