"""Digital properties and their secrets from the command line."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, one_sentence, run

SECRET = "S2s/" + "x7+=" * 9


def folder_with_property(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A data folder with the property Shop, and what its creation answered."""
    folder, _ = folder_with_application(tmp_path)
    made: dict[str, str] = run("properties", "create", "Shop", "--json", "--data-dir", folder).document
    return folder, made


def test_a_property_is_shown_with_its_secrets(tmp_path: Path) -> None:
    """By name or API key: what it is, and of its secrets the last four characters, never more."""
    folder, made = folder_with_property(tmp_path)
    shown = run("properties", "show", made["api_key"], "--json", "--data-dir", folder).document
    assert (shown["name"], shown["organization"], shown["enabled"]) == ("Shop", "Aurora", True)
    ((secret),) = shown["secrets"]
    assert (secret["name"], secret["last_four"], secret["state"]) == ("first", made["property_secret"][-4:], "live")
    text = run("properties", "show", "Shop", "--data-dir", folder).out
    assert made["api_key"] in text
    assert made["property_secret"] not in text
    assert "no property named Nobody" in one_sentence(run("properties", "show", "Nobody", "--data-dir", folder))


def test_a_property_is_renamed_disabled_enabled_and_deleted(tmp_path: Path) -> None:
    """Each says what it did; deleting asks for --yes, and nothing is done without."""
    folder, made = folder_with_property(tmp_path)
    assert "Online now" in run("properties", "set", "Shop", "--name", "Online", "--data-dir", folder).err
    assert "Disabled." in run("properties", "disable", "Online", "--data-dir", folder).err
    listed = run("properties", "list", "--json", "--data-dir", folder).document
    assert [(each["name"], each["enabled"]) for each in listed] == [("Online", False)]
    assert "already disabled" in one_sentence(run("properties", "disable", "Online", "--data-dir", folder))
    enabled = run("properties", "enable", "Online", "--json", "--data-dir", folder).document
    assert (enabled["api_key"], enabled["enabled"]) == (made["api_key"], True)
    assert "--yes" in one_sentence(run("properties", "delete", "Online", "--data-dir", folder))
    assert run("properties", "delete", "Online", "--yes", "--data-dir", folder).code == 0
    assert run("properties", "list", "--json", "--data-dir", folder).document == []
    actions = [each["action"] for each in run("audit", "list", "--json", "--data-dir", folder).document]
    named = [each for each in actions if each.startswith("property")]
    assert named == [
        "property.delete",
        "property.enable",
        "property.disable",
        "property.set",
        "property_secret.add",
        "property.create",
    ]


def test_nothing_to_change_is_wrong_usage(tmp_path: Path) -> None:
    """`set` without a flag ends with code 2."""
    folder, _ = folder_with_property(tmp_path)
    assert run("properties", "set", "Shop", "--data-dir", folder).code == 2


def test_secrets_are_added_and_expired(tmp_path: Path) -> None:
    """A secret is shown once; ending the last live one asks for --yes."""
    folder, _ = folder_with_property(tmp_path)
    secrets = ("properties", "secrets")
    added = run(*secrets, "add", "Shop", "--expires", "90d", "--data-dir", folder)
    assert "property secret" in added.out
    assert "shown this once" in added.err
    brought = run(*secrets, "add", "Shop", "--name", "old", "--stdin", "--json", "--data-dir", folder, stdin=SECRET)
    assert set(brought.document) == {"api_key", "secret_name"}
    assert "already has a secret with this name" in one_sentence(
        run(*secrets, "add", "Shop", "--name", "old", "--data-dir", folder)
    )
    ended = run(*secrets, "expire", "Shop", "old", "--json", "--data-dir", folder).document
    assert ended["state"] == "ended"
    assert run(*secrets, "expire", "Shop", "first", "--in", "7d", "--data-dir", folder).code == 0
    listed = run(*secrets, "list", "Shop", "--json", "--data-dir", folder).document
    states = {each["name"]: each["state"] for each in listed}
    assert states == {"first": "ending", "secret-2": "ending", "old": "ended"}
    run(*secrets, "expire", "Shop", "first", "--data-dir", folder)
    lost = one_sentence(run(*secrets, "expire", "Shop", "secret-2", "--data-dir", folder))
    assert lost.startswith("secret-2 is the last active secret of Shop")
    assert run(*secrets, "expire", "Shop", "secret-2", "--yes", "--data-dir", folder).code == 0
    unknown = run(*secrets, "expire", "Shop", "nobody", "--data-dir", folder)
    assert "The property has no secret named nobody. It has: first, secret-2, old." in one_sentence(unknown)
    assert "no active secret to rotate" in one_sentence(run(*secrets, "rotate", "Shop", "--data-dir", folder))


def test_a_secret_is_rotated_and_the_rotation_finished(tmp_path: Path) -> None:
    """The commands that follow are named; finishing is refused while the old secret is used, unless forced."""
    folder, made = folder_with_property(tmp_path)
    secrets = ("properties", "secrets")
    rotated = run(*secrets, "rotate", "Shop", "--overlap", "7d", "--data-dir", folder)
    assert "secret-2" in rotated.out
    assert "first works until" in rotated.err
    assert f"tessera properties secrets finish {made['api_key']}" in rotated.err
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        at = time.time_ns() // 1000 - 60_000_000
        connection.execute("update property_secret set last_used_at = ? where name = 'first'", (at,))
        connection.commit()
    assert "first was last used at" in one_sentence(run(*secrets, "finish", "Shop", "--data-dir", folder))
    (ended,) = run(*secrets, "finish", "Shop", "--force", "--json", "--data-dir", folder).document
    assert ended["name"] == "first"
    again = run(*secrets, "rotate", "Shop", "--name", "2030", "--json", "--data-dir", folder).document
    assert [each["name"] for each in again["former"]] == ["secret-2"]
    assert len(again["property_secret"]) == 40


def test_a_property_moves_in(tmp_path: Path) -> None:
    """API key and secret of another system are taken, and the secret is not shown."""
    folder, _ = folder_with_application(tmp_path)
    create = ("properties", "create", "Moved", "--data-dir", folder)
    made = run(*create, "--api-key", "0a1b2c3d4e", "--secret-stdin", "--json", stdin=SECRET)
    assert made.document == {"name": "Moved", "organization": "Aurora", "api_key": "0a1b2c3d4e", "secret_name": "first"}
    assert "another property has this API key" in one_sentence(
        run("properties", "create", "Again", "--api-key", "0a1b2c3d4e", "--data-dir", folder)
    )
    assert "must be 32 to 255" in one_sentence(
        run("properties", "create", "Again", "--secret-stdin", "--data-dir", folder, stdin="too short")
    )


def test_limits_of_a_property(tmp_path: Path) -> None:
    """Networks and requests are set, shown and taken away; a property has no others."""
    folder, made = folder_with_property(tmp_path)
    limit = ("properties", "limit", "Shop", "--data-dir", folder)
    found = run(*limit, "--networks", "10.0.0.0/8", "--requests-per-second", "50", "--json").document
    assert found == {
        "name": "Shop",
        "api_key": made["api_key"],
        "readable": True,
        "limits": {
            "networks": {"limit": ["10.0.0.0/8"], "mode": "enforce"},
            "requests": {"limit": 50, "mode": "enforce"},
        },
        "counted": {"would_refuse_day": 0},
    }
    shown = run(*limit, "--report-only", "networks", "--none", "requests").out
    assert "tokens" not in shown
    assert "report-only" in shown
    assert run(*limit, "--none", "networks", "--json").document["limits"] == {}


@pytest.mark.parametrize(
    "flags", [("--report-only", "tokens-hour"), ("--enforce", "tokens-day"), ("--none", "tokens-day")]
)
def test_a_property_has_no_limits_of_tokens(tmp_path: Path, flags: tuple[str, str]) -> None:
    """Limits that count tokens are refused with the reason."""
    folder, _ = folder_with_property(tmp_path)
    told = one_sentence(run("properties", "limit", "Shop", *flags, "--data-dir", folder))
    assert told == "A property gets no tokens, so it can only have the limits networks and requests."


def test_the_end_of_the_last_secret_is_warned_of(tmp_path: Path) -> None:
    """The list of warnings and the doctor name the property, its secret, and what to do."""
    folder, made = folder_with_property(tmp_path)
    run("properties", "secrets", "expire", "Shop", "first", "--in", "7d", "--yes", "--data-dir", folder)
    (warned,) = run("apps", "warnings", "--json", "--data-dir", folder).document
    assert (warned["property"], warned["api_key"], warned["name"]) == ("Shop", made["api_key"], "first")
    assert warned["reason"] == "last_credential"
    assert f"tessera properties secrets rotate {made['api_key']}" in run("doctor", "--data-dir", folder).out
