"""Words that an operator misspells are refused with the nearest one that there is."""

from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, run

MISSPELT = (
    ("apps show Partnr", "Partner"),
    ("apps set Partner --query-credentials dennny", "deny"),
    ("apps set Partner --methods secrt", "secret"),
    ("apps set Partner --algorithms ES265", "ES256"),
    ("apps set Partner --profile fapi", "fapi2"),
    ("apps set Partner --scope profile:read", "profiles:read"),
    ("apps limit Partner --report-only netwrks", "networks"),
    ("apps limit Partner --none tokens-hours", "tokens-hour"),
    ("apps secrets expire Partner frst", "first"),
    ("apps keys expire Partner kye-1", "key-1"),
    ("apps grant Partner Stok --scope a", "Stock"),
    ("orgs show Auror", "Aurora"),
    ("customers list --org Arora", "Aurora"),
    ("properties show Shp", "Shop"),
    ("properties secrets expire Shop frst", "first"),
    ("resources show Stok", "Stock"),
    ("resources who profile:read", "profiles:read"),
    ("resources who stock:raed", "stock:read"),
    ("webhooks show hok", "hook"),
    ("webhooks set hook --events points.erned", "points.earned"),
    ("events list --kind points.erned", "points.earned"),
    ("events replay --webhook hok --failed", "hook"),
    ("audit list --action application.craete", "application.create"),
    ("keys rotate --purpose seling", "sealing"),
    ("keys retire eddsa-11 --yes", "eddsa-1"),
    ("customers import {file} --encoding windws-1252", "windows-1252"),
    ("loyalty export --format yml", "yaml"),
    ("serve --log-level infoo", "info"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of everything."""
    data, _ = folder_with_application(tmp_path_factory.mktemp("misspelt"))
    here = ("--data-dir", data)
    run("apps", "keys", "add", "Partner", "--jwks-uri", "https://93.184.216.34/keys.json", "--name", "key-1", *here)
    run("properties", "create", "Shop", *here)
    run("resources", "create", "https://stock.example/", "--name", "Stock", "--scope", "stock:read", *here)
    run("webhooks", "create", "hook", "--url", "https://93.184.216.34/hook", *here)
    (data.parent / "rows.csv").write_text("external_id\nc-1\n")
    return data


@pytest.mark.parametrize(("line", "meant"), MISSPELT)
def test_a_misspelt_word_is_refused_with_the_nearest(folder: Path, line: str, meant: str) -> None:
    """The sentence names what was meant, and no other; a search that could find nothing says so as well."""
    words = [word.replace("{file}", str(folder.parent / "rows.csv")) for word in line.split()]
    done = run(*words, "--data-dir", folder, columns=400)
    assert done.code in ({0} if line.startswith("audit") else {1, 2}), done
    assert f"id you mean {meant}?" in done.err, done
    assert "Value error" not in done.err


def test_a_word_like_none_is_refused_without_a_guess(folder: Path) -> None:
    """Where nothing is alike, nothing is guessed."""
    for line in ("apps show zzzz", "resources show zzzz", "keys rotate --purpose zzzz", "webhooks show zzzz"):
        done = run(*line.split(), "--data-dir", folder)
        assert done.code in {1, 2}
        assert "mean" not in done.err
