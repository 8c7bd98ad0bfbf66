"""Limits from the command line."""

from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, one_sentence, run


def test_limits_are_set_shown_and_taken_away(tmp_path: Path) -> None:
    """What is named changes, what is not stays; each is shown with its mode and what is used."""
    folder, _ = folder_with_application(tmp_path)

    def limit(*flags: str) -> dict[str, object]:
        done = run("apps", "limit", "Partner", *flags, "--json", "--data-dir", folder)
        assert done.code == 0, done
        limits: dict[str, object] = done.document["limits"]
        return limits

    assert limit() == {}
    networks = {"limit": ["10.0.0.0/8", "2001:db8::/32"], "mode": "report-only"}
    assert limit("--networks", "10.0.0.0/8 2001:db8::/32", "--report-only", "networks") == {"networks": networks}
    assert limit("--requests-per-second", "50", "--tokens-per-hour", "1000", "--tokens-per-day", "9000") == {
        "networks": networks,
        "requests": {"limit": 50, "mode": "enforce"},
        "tokens-hour": {"limit": 1000, "mode": "enforce"},
        "tokens-day": {"limit": 9000, "mode": "enforce"},
    }
    assert limit("--enforce", "networks", "--report-only", "tokens-hour,tokens-day", "--none", "requests") == {
        "networks": {**networks, "mode": "enforce"},
        "tokens-hour": {"limit": 1000, "mode": "report-only"},
        "tokens-day": {"limit": 9000, "mode": "report-only"},
    }
    shown = run("apps", "limit", "Partner", "--data-dir", folder)
    assert [line.split()[0] for line in shown.out.splitlines() if line.strip()][2:] == [
        "networks",
        "requests",
        "tokens-hour",
        "tokens-day",
    ]
    assert limit("--none", "networks tokens-hour tokens-day") == {}


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--networks", "10.0.0.1/8"), "10.0.0.1/8 is neither an address nor a network"),
        (("--networks", ""), "Name 1 to 100 networks"),
        (("--requests-per-second", "0"), "The limit requests takes 1 to 1,000,000."),
        (("--report-only", "requests"), "This application has no limit requests yet."),
        (("--none", "all"), "The limits are: networks, requests, tokens-hour, tokens-day."),
    ],
)
def test_what_cannot_be_a_guard_rail_is_told(tmp_path: Path, flags: tuple[str, ...], sentence: str) -> None:
    """A value that cannot be ends in one sentence."""
    folder, _ = folder_with_application(tmp_path)
    assert sentence in one_sentence(run("apps", "limit", "Partner", *flags, "--data-dir", folder))
