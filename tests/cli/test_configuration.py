"""`tessera settings`, and that `--json` of every command is one document."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tessera.renamed_settings import RENAMED
from tessera.settings import Settings
from tests.cli.command import folder_with_application, one_sentence, run, spawn


def test_every_setting_is_listed_with_its_value(tmp_path: Path) -> None:
    """Wherever a value comes from, it is the one in force that is listed, beside its default."""
    (tmp_path / "tessera.toml").write_text("workers = 3\n")
    environment = {"TESSERA_PORT": "9000", "TESSERA_CONFIG": str(tmp_path / "tessera.toml")}
    listed = spawn("settings", "--json", "--data-dir", tmp_path, environment=environment).document
    values = {each["name"]: each["value"] for each in listed}
    assert list(values) == list(Settings.model_fields)
    assert (values["port"], values["workers"], values["data_dir"]) == (9000, 3, str(tmp_path))
    assert {each["name"]: each["default"] for each in listed}["port"] == 8000
    assert all(each["description"] for each in listed)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_master_key_is_never_shown(form: list[str]) -> None:
    """That it is set is all that is told of it."""
    done = spawn("settings", *form, environment={"TESSERA_MASTER_KEY": "ab" * 32})
    assert "ab" * 32 not in done.out + done.err
    assert "(set, not shown)" in done.out


def test_settings_are_listed_for_people_too(tmp_path: Path) -> None:
    """One line with the value, the default where it differs, and one line that says what it is for."""
    shown = run("settings", "--data-dir", tmp_path).out
    assert f"data_dir = {tmp_path}   (default var)\n    Folder of" in shown
    assert "demo = false\n" in shown
    assert "master_key = -\n" in shown


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("prot = 9000", "The configuration file has prot, which is no setting. Did you mean port?"),
        ('log_levl = "info"', "The configuration file has log_levl, which is no setting. Did you mean log_level?"),
        ("quite_another = 1", "The configuration file has quite_another, which is no setting."),
        ("[port]\nnumber = 1", "The setting port cannot be used: "),
    ],
)
def test_a_name_in_the_file_that_is_no_setting_is_refused(tmp_path: Path, line: str, sentence: str) -> None:
    """With the nearest name; nothing is started by half of a file."""
    file = tmp_path / "tessera.toml"
    file.write_text(f"{line}\n")
    done = spawn("settings", "--data-dir", tmp_path, environment={"TESSERA_CONFIG": str(file)})
    assert one_sentence(done).startswith(sentence)


def test_a_setting_that_was_renamed_is_refused_with_its_new_name(tmp_path: Path) -> None:
    """In the environment and in the file, and whatever its value is; an empty variable counts as not set."""
    file = tmp_path / "tessera.toml"
    file.write_text("settle_seconds = 5\n")
    done = spawn("settings", "--data-dir", tmp_path, environment={"TESSERA_CONFIG": str(file)})
    assert one_sentence(done) == (
        "The setting settle_seconds of the configuration file is now called settlement_interval_seconds."
    )
    done = spawn("serve", "--data-dir", tmp_path / "none", environment={"TESSERA_WRONG_SECRETS_MAX": "5"})
    assert one_sentence(done) == (
        "TESSERA_WRONG_SECRETS_MAX is now called TESSERA_FAILED_ATTEMPTS_MAX. Set that variable instead."
    )
    assert not (tmp_path / "none").exists()
    assert spawn("settings", environment={"TESSERA_WRONG_SECRETS_MAX": ""}).code == 0


def test_every_renamed_setting_leads_to_one_that_there_is() -> None:
    """No new name is an old one, and no old name is a setting again."""
    assert set(RENAMED.values()) <= set(Settings.model_fields)
    assert not set(RENAMED) & set(Settings.model_fields)


AT_WORK = [
    "orgs create Borealis",
    "orgs list",
    "properties create Shop --org Aurora",
    "properties list",
    "apps create Second --org Aurora",
    "apps list",
    "apps show Partner",
    "apps set Partner --query-credentials warn",
    "apps set Partner --token-binding dpop",
    "apps secrets add Partner",
    "apps secrets list Partner",
    "apps secrets expire Partner first",
    "apps disable Partner",
    "apps enable Partner",
    "apps delete Second --yes",
    "token inspect 00",
    "doctor",
    "migrate",
    "settings",
]


def test_json_of_every_command_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    """Standard output is the document, standard error is silent, times are ISO 8601."""
    folder, _ = folder_with_application(tmp_path)
    for command in AT_WORK:
        done = run(*command.split(), "--json", "--data-dir", folder)
        assert done.code == 0, (command, done)
        assert done.err == "", command
        for record in done.document if isinstance(done.document, list) else [done.document]:
            assert str(record.get("created_at", "Z")).endswith("Z"), command
    assert run("version", "--json").document.keys() == {"version"}


def test_empty_lists_say_how_to_begin(tmp_path: Path) -> None:
    """A list of nothing is a hint for people, and an empty list for machines."""
    folder, _ = folder_with_application(tmp_path)
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.executescript("delete from credential; delete from application; delete from organization")
    for noun, command in (("apps", "apps create"), ("orgs", "orgs create"), ("properties", "properties create")):
        done = run(noun, "list", "--data-dir", folder)
        assert (done.code, done.out) == (0, "")
        assert f"tessera {command} NAME" in done.err
        assert run(noun, "list", "--json", "--data-dir", folder).document == []


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    """Of every setting: an empty text in the environment leaves the default, or what the file says."""
    (tmp_path / "tessera.toml").write_text("workers = 3\n")
    empty = {f"TESSERA_{name.upper()}": "" for name in Settings.model_fields}
    listed = spawn("settings", "--json", environment={**empty, "TESSERA_CONFIG": str(tmp_path / "tessera.toml")})
    values = {each["name"]: (each["value"], each["default"]) for each in listed.document}
    assert values.pop("workers") == (3, 1)
    assert [name for name, (value, default) in values.items() if value != default] == []
    assert spawn("settings", "--json", environment={"TESSERA_CONFIG": "", "TESSERA_OPERATOR": ""}).code == 0


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("log_level", "INFO", "info"),
        ("log_level", "Warning", "warning"),
        ("log_format", "JSON", "json"),
        ("log_requests", "Refused", "refused"),
        ("feed_stale_policy", "REFUSE", "refuse"),
        ("dpop_nonces", "Off", "off"),
        ("management_port", "OFF", "off"),
    ],
)
def test_a_word_may_be_in_any_case(name: str, value: str, kept: str) -> None:
    """A word that a setting knows is known in upper case too."""
    listed = spawn("settings", "--json", environment={f"TESSERA_{name.upper()}": value}).document
    assert {each["name"]: each["value"] for each in listed}[name] == kept


def test_a_word_that_is_none_is_refused() -> None:
    """Case is all that is forgiven."""
    done = spawn("settings", environment={"TESSERA_LOG_LEVEL": "LOUD"})
    assert (done.code, done.out) == (1, "")
    assert "log_level" in done.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("TESSERA_WROKERS", "TESSERA_WROKERS is no setting and was ignored. Did you mean TESSERA_WORKERS?"),
        ("tessera_prot", "tessera_prot is no setting and was ignored. Did you mean TESSERA_PORT?"),
        ("TESSERA_", "TESSERA_ is no setting and was ignored."),
        ("TESSERA_\x1b[31m", "TESSERA_\\x1b[31m is no setting and was ignored."),
    ],
)
def test_the_doctor_names_settings_that_are_none(tmp_path: Path, name: str, said: str) -> None:
    """A name that begins like a setting and is none is a warning, with the nearest name where there is one."""
    folder, _ = folder_with_application(tmp_path)
    done = spawn("doctor", "--data-dir", folder, environment={name: "2", "TESSERA_OPERATOR": "ada", "OTHER": "x"})
    assert done.code == 0
    assert said in done.out
    assert "\x1b" not in done.out
    found = spawn("doctor", "--json", "--data-dir", folder, environment={name: "2"}).document["findings"]
    assert [each["level"] for each in found if each["about"] == "setting"] == ["warn"]
