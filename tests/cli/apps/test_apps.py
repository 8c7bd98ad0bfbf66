"""Applications and their secrets from the command line."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, one_sentence, run


def test_a_created_application_is_shown_with_its_secret_once(tmp_path: Path) -> None:
    """Creating prints id and secret, one a line; listing and showing never print the secret again."""
    folder, made = folder_with_application(tmp_path)
    secret = made["client_secret"]
    assert len(secret) == len(made["client_id"]) == 64
    for command in (["apps", "list"], ["apps", "show", "Partner"], ["apps", "secrets", "list", "Partner"]):
        for form in ([], ["--json"]):
            done = run(*command, *form, "--data-dir", folder)
            assert done.code == 0, done
            assert secret not in done.out + done.err
            assert command[1] == "list" or secret[-4:] in done.out


def test_created_credentials_stand_one_a_line(tmp_path: Path) -> None:
    """Id and secret are printed whole and outside any table, so that they can be copied."""
    folder, _ = folder_with_application(tmp_path)
    done = run("apps", "create", "Other", "--data-dir", folder)
    values = dict(line.rsplit("  ", 1) for line in done.out.splitlines())
    assert [name.strip() for name in values] == ["client id", "client secret", "secret name"]
    assert "shown this once" in done.err


def test_an_application_is_set_up_as_the_flags_say(tmp_path: Path) -> None:
    """Scope, lifetime and the policy on URLs are those of the flags."""
    folder, _ = folder_with_application(tmp_path)
    flags = ("--scope", "loyalty:read profiles:read", "--token-lifetime", "12h", "--query-credentials", "deny")
    run("apps", "create", "Reader", *flags, "--data-dir", folder)
    shown = run("apps", "show", "Reader", "--json", "--data-dir", folder).document
    assert shown["scope"] == "profiles:read loyalty:read"
    assert shown["token_lifetime_seconds"] == 12 * 3600
    assert shown["query_credentials"] == "deny"


def test_an_application_is_told_what_to_bind_tokens_to(tmp_path: Path) -> None:
    """`--token-binding` is shown and listed from then on, beside another option too; nothing to change is an error."""
    folder, _ = folder_with_application(tmp_path)
    for flags, binding in ((("--token-binding", "dpop"), "dpop"), (("--token-binding", "none"), "none")):
        done = run("apps", "set", "Partner", *flags, "--query-credentials", "warn", "--data-dir", folder)
        assert done.code == 0, done
        assert f"bound to: {binding}" in done.out + done.err
        shown = run("apps", "show", "Partner", "--json", "--data-dir", folder).document
        assert (shown["token_binding"], shown["query_credentials"]) == (binding, "warn")
        assert binding in run("apps", "list", "--data-dir", folder).out
    assert run("apps", "set", "Partner", "--data-dir", folder).code == 2


def test_an_application_is_held_to_forms(tmp_path: Path) -> None:
    """`--json-requests` is shown from then on, and recorded by its name."""
    folder, made = folder_with_application(tmp_path)
    for policy in ("deny", "allow", "deny"):
        done = run("apps", "set", "Partner", "--json-requests", policy, "--data-dir", folder)
        assert f"JSON at the OAuth endpoints is now: {policy}." in done.err
        shown = run("apps", "show", "Partner", "--json", "--data-dir", folder).document
        assert shown["json_requests"] == policy
        assert re.search(rf"JSON requests +{policy}", run("apps", "show", "Partner", "--data-dir", folder).out)
    told = run("audit", "list", "--action", "application.set", "--json", "--data-dir", folder).document
    assert [each["detail"] for each in told][-1] == {"json_requests": "deny"}
    assert told[-1]["target"] == made["client_id"]


def test_an_application_is_told_how_to_sign(tmp_path: Path) -> None:
    """Profile, algorithms and audience are shown from then on; a set that names nothing is wrong usage."""
    folder, made = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    flags = ("--profile", "fapi2", "--algorithms", "PS256,ES256", "--assertion-audience", "issuer_or_endpoint")
    done = run("apps", "set", "Partner", *flags, *here)
    assert done.code == 0, done
    assert "It may sign with: ES256,PS256." in done.err
    shown = run("apps", "show", "Partner", "--json", *here).document
    told = (shown["security_profile"], shown["signing_algorithms"], shown["assertion_audience"])
    assert told == ("fapi2", "ES256,PS256", "issuer_or_endpoint")
    assert "ES256,PS256" in run("apps", "show", "Partner", *here).out
    refused = run("apps", "set", "Partner", "--algorithms", "HS256", *here)
    assert refused.code == 2
    assert "EdDSA" in refused.err
    sentence = one_sentence(run("apps", "set", "Partner", "--algorithms", "RS256", *here))
    assert "leaves no algorithm" in sentence
    assert run("apps", "show", "Partner", "--json", *here).document == shown
    assert made["client_id"] == shown["client_id"]


def test_every_attribute_of_an_application_can_be_set(tmp_path: Path) -> None:
    """Name, scopes and lifetime are changed in one step, and the sentence says what happens to tokens from before."""
    folder, made = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    flags = ("--name", "Partner of 2030", "--scope", "loyalty:read profiles:read", "--token-lifetime", "12h")
    done = run("apps", "set", "Partner", *flags, *here)
    assert done.code == 0, done
    assert "Tokens issued before stay as they are" in done.err
    shown = run("apps", "show", "Partner of 2030", "--json", *here).document
    assert (shown["client_id"], shown["scope"]) == (made["client_id"], "profiles:read loyalty:read")
    assert shown["token_lifetime_seconds"] == 12 * 3600
    ended = run("apps", "set", made["client_id"], "--no-platform", "--cut-off", *here)
    assert "All existing tokens are revoked." in ended.err
    assert run("apps", "show", made["client_id"], "--json", *here).document["scope"] == ""
    for wrong in (("--scope", " "), ("--scope", "openid", "--no-platform"), ("--cut-off",), ("--token-lifetime", "x")):
        assert run("apps", "set", made["client_id"], *wrong, *here).code == 2
    sentence = one_sentence(run("apps", "set", "Partner", "--name", "Other", *here))
    assert "There is no application named Partner" in sentence


@pytest.mark.parametrize("command", ["create", "set"])
def test_a_misspelt_scope_is_refused_with_the_nearest_name(tmp_path: Path, command: str) -> None:
    """A scope that the platform does not have would open nothing, so nobody gets it."""
    folder, _ = folder_with_application(tmp_path)
    before = run("apps", "list", "--json", "--data-dir", folder).document
    name = "Other" if command == "create" else "Partner"
    sentence = one_sentence(run("apps", command, name, "--scope", "openid profile:read", "--data-dir", folder))
    assert "The platform has no scope profile:read. Did you mean profiles:read?" in sentence
    escaped = one_sentence(run("apps", command, name, "--scope", "\x1b[31mopenid", "--data-dir", folder))
    assert "\x1b" not in escaped
    assert run("apps", "list", "--json", "--data-dir", folder).document == before


def test_a_client_id_is_no_uuid(tmp_path: Path) -> None:
    """The sentence says why and what to do, and no application is made."""
    folder, _ = folder_with_application(tmp_path)
    uuid = "0190b1a2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
    flags = ("--client-id", uuid, "--client-secret-stdin", "--data-dir", folder)
    sentence = one_sentence(run("apps", "create", "Old", *flags, stdin="their own secret\n"))
    assert "must not be a UUID" in sentence
    assert uuid not in sentence
    assert len(run("apps", "list", "--json", "--data-dir", folder).document) == 1


def test_a_secret_brought_along_comes_from_standard_input(tmp_path: Path) -> None:
    """An imported secret is read from standard input and never printed."""
    folder, _ = folder_with_application(tmp_path)
    flags = ("--client-id", "old-partner", "--client-secret-stdin", "--data-dir", folder)
    done = run("apps", "create", "Old", *flags, stdin="their own secret\n")
    assert done.code == 0
    assert "old-partner" in done.out
    assert "their own secret" not in done.out + done.err
    (secret,) = run("apps", "show", "old-partner", "--json", "--data-dir", folder).document["secrets"]
    assert secret["kind"] == "argon2id"
    added = run("apps", "secrets", "add", "Old", "--stdin", "--json", "--data-dir", folder, stdin="another\n")
    assert added.document == {"client_id": "old-partner", "secret_name": "secret-2"}


def test_no_option_takes_a_secret_as_an_argument() -> None:
    """A secret in the arguments would be seen by every user of the machine."""
    refused = run("apps", "create", "X", "--client-secret", "hunter2")
    assert refused.code == 2
    assert "--client-secret-stdin" in refused.err


def test_all_applications_are_listed_beyond_a_page(tmp_path: Path) -> None:
    """The list reads page after page until there is none."""
    from tessera.app.clients import applications

    folder, _ = folder_with_application(tmp_path)
    before, applications.PAGE_ROWS = applications.PAGE_ROWS, 2
    try:
        for name in ("b", "c", "d", "e"):
            run("apps", "create", name, "--data-dir", folder)
        listed = run("apps", "list", "--json", "--data-dir", folder).document
    finally:
        applications.PAGE_ROWS = before
    assert [each["name"] for each in listed] == ["Partner", "b", "c", "d", "e"]


def test_disable_enable_set_and_delete(tmp_path: Path) -> None:
    """An application goes through its life; doing a thing twice is refused with a sentence."""
    folder, made = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    assert run("apps", "disable", "Partner", "--json", *at).document["enabled"] is False
    assert "already disabled" in one_sentence(run("apps", "disable", "Partner", *at))
    assert run("apps", "enable", made["client_id"], "--json", *at).document["enabled"] is True
    assert "already enabled" in one_sentence(run("apps", "enable", "Partner", *at))
    changed = run("apps", "set", "Partner", "--query-credentials", "warn", "--json", *at)
    assert changed.document["query_credentials"] == "warn"
    assert "Say --yes" in one_sentence(run("apps", "delete", "Partner", *at))
    assert run("apps", "show", "Partner", *at).code == 0
    assert run("apps", "delete", "Partner", "--yes", *at).code == 0
    assert "no application named Partner" in one_sentence(run("apps", "show", "Partner", *at))


def test_a_secret_is_added_listed_and_expired(tmp_path: Path) -> None:
    """Two secrets live side by side; the old one can be ended, and stays ended."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    added = run("apps", "secrets", "add", "Partner", "--expires", "90d", "--json", *at).document
    assert added["secret_name"] == "secret-2"
    assert run("apps", "secrets", "expire", "Partner", "first", *at).code == 0
    first, second = run("apps", "secrets", "list", "Partner", "--json", *at).document
    assert (first["state"], second["state"]) == ("ended", "ending")
    assert second["last_four"] == added["client_secret"][-4:]
    assert datetime.fromisoformat(second["ends_at"]) - datetime.fromisoformat(second["created_at"]) >= timedelta(
        days=90
    )
    again = run("apps", "secrets", "expire", "Partner", "first", "--in", "7d", "--yes", *at)
    assert "already ended" in one_sentence(again)


def test_the_last_secret_is_not_ended_by_accident(tmp_path: Path) -> None:
    """Ending the last live secret ends all tokens, so it needs --yes, now and at a time to come."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    for when in ([], ["--in", "7d"], ["--at", "2100-01-01T00:00:00Z"]):
        assert "last active credential of Partner" in one_sentence(
            run("apps", "secrets", "expire", "Partner", "first", *when, *at)
        )
    run("apps", "secrets", "add", "Partner", "--name", "short", "--expires", "1d", *at)
    assert "last active credential" in one_sentence(
        run("apps", "secrets", "expire", "Partner", "first", "--in", "7d", *at)
    )
    assert run("apps", "secrets", "expire", "Partner", "first", "--in", "12h", *at).code == 0
    assert run("apps", "secrets", "expire", "Partner", "short", "--yes", *at).code == 0


def test_a_secret_cannot_end_before_it_begins(tmp_path: Path) -> None:
    """An end in the past is a mistake, not an order."""
    folder, _ = folder_with_application(tmp_path)
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    added = run("apps", "secrets", "add", "Partner", "--expires", past, "--data-dir", folder)
    assert "already passed" in one_sentence(added)
    ended = run("apps", "secrets", "expire", "Partner", "first", "--at", past, "--yes", "--data-dir", folder)
    assert "already passed" in one_sentence(ended)


@pytest.mark.parametrize(
    "flags",
    [
        ("--token-lifetime", "soon"),
        ("--token-lifetime", "999999999999w"),
        ("--query-credentials", "maybe"),
    ],
)
def test_a_flag_that_makes_no_sense_is_wrong_usage(tmp_path: Path, flags: tuple[str, str]) -> None:
    """What cannot be read ends with code 2, and nothing is made."""
    folder, _ = folder_with_application(tmp_path)
    assert run("apps", "create", "X", *flags, "--data-dir", folder).code == 2
    assert len(run("apps", "list", "--json", "--data-dir", folder).document) == 1


def test_an_organization_must_be_named_among_several(tmp_path: Path) -> None:
    """With two organizations --org is needed, and the sentence names them."""
    folder, _ = folder_with_application(tmp_path)
    run("orgs", "create", "Borealis", "--data-dir", folder)
    assert "The organizations are: Aurora, Borealis." in one_sentence(run("apps", "create", "X", "--data-dir", folder))
    made = run("apps", "create", "X", "--org", "Borealis", "--json", "--data-dir", folder).document
    assert made["organization"] == "Borealis"


def test_properties_are_made_and_listed(tmp_path: Path) -> None:
    """A property's secret is shown when it is made, and only its end afterwards."""
    folder, _ = folder_with_application(tmp_path)
    made = run("properties", "create", "Web shop", "--json", "--data-dir", folder).document
    listed = run("properties", "list", "--json", "--data-dir", folder)
    assert made["property_secret"] not in listed.out
    (shown,) = listed.document
    assert (shown["api_key"], shown["enabled"]) == (made["api_key"], True)
    assert made["api_key"] in run("properties", "list", "--data-dir", folder).out
