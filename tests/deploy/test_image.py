"""The Dockerfile: what it copies is there, what it installs is pinned, and what it starts can be started."""

import re
import shlex
from fnmatch import fnmatch

import pytest

from tessera import settings
from tests.architecture.modules import ROOT
from tests.deploy.files import USER, image_environment, instructions, texts, unknown_settings
from tests.docs.test_commands import mistakes


def copied() -> list[str]:
    """What is copied from the repository."""
    return [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for source in rest.split()[:-1]
    ]


def sent(path: str) -> bool:
    """Whether `.dockerignore` lets a path through to the engine: the last line that fits counts."""
    through = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            places = [path] if "**/" not in line else [path, path.rpartition("/")[2]]
            if any(fnmatch(place, pattern) or place.startswith(f"{pattern}/") for place in places):
                through = line.startswith("!")
    return through


def test_what_is_copied_is_there_and_is_sent() -> None:
    """Everything that is copied exists and is not left out; data, keys and environments are."""
    assert len(copied()) >= 5
    assert [path for path in copied() if not (ROOT / path).exists() or not sent(path)] == []
    left = (
        "var/master.key",
        ".venv/bin/python",
        ".git/config",
        "deploy/compose/secrets/master.key",
        "tests/conftest.py",
    )
    assert [path for path in left if sent(path)] == []
    assert not sent("src/tessera/__pycache__")


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    """Each installation from a list wants hashes and wheels, and each list has a hash for every line."""
    runs = " && ".join(rest for word, rest in instructions() if word == "RUN")
    installed = [part for part in runs.split("&&") if " install " in part and "pip" in part]

    assert len(installed) == 3
    for part in installed:
        listed = re.findall(r"-r (\S+)", part)
        assert "--no-deps" in part or ("--require-hashes" in part and "--only-binary :all:" in part), part
        assert bool(listed) is ("--require-hashes" in part)
        for path in listed:
            lines = [line for line in (ROOT / path).read_text().splitlines() if re.match(r"[a-z]", line)]
            assert lines
            assert [line for line in lines if "==" not in line] == []
            assert (ROOT / path).read_text().count("--hash=sha256:") >= len(lines)


def test_it_stands_on_a_digest_and_ends_as_a_user_without_rights() -> None:
    """Both stages stand on one image, named by tag and digest; the last user is a number that is not root's."""
    argument = next(rest for word, rest in instructions() if word == "ARG")
    stages = [rest.split()[0] for word, rest in instructions() if word == "FROM"]

    assert re.fullmatch(r"PYTHON=3\.1\d-slim-\w+@sha256:[0-9a-f]{64}", argument)
    assert stages == ["python:${PYTHON}"] * 2
    assert [rest for word, rest in instructions() if word == "USER"][-1] == f"{USER}:{USER}"
    assert f"--uid {USER} --gid {USER}" in "".join(rest for word, rest in instructions() if word == "RUN")
    assert "ADD" not in {word for word, _ in instructions()}


def test_what_it_starts_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command is one of ours, its environment makes settings, and its ports are those that it opens."""
    said = dict(instructions())
    command = shlex.join(words(said["CMD"]))
    for name, value in image_environment().items():
        monkeypatch.setenv(name, value)
    chosen = settings.load()

    assert words(said["ENTRYPOINT"]) == ["tessera"]
    assert mistakes(command) == []
    assert said["EXPOSE"].split() == [str(chosen.port), str(chosen.management_port)]
    assert said["VOLUME"] == str(chosen.data_dir)
    assert f"127.0.0.1:{chosen.management_port}/livez" in said["HEALTHCHECK"]
    assert (chosen.host, chosen.management_host) == ("0.0.0.0", "0.0.0.0")


def words(text: str) -> list[str]:
    """A list of texts as the Dockerfile writes one."""
    return re.findall(r'"([^"]*)"', text)


@pytest.mark.parametrize("path", sorted(texts()))
def test_every_setting_that_is_named_is_there(path: str) -> None:
    """A variable of ours in a file for deploying is one that is read."""
    assert unknown_settings(texts()[path]) == set()


def test_a_setting_that_is_not_there_is_seen() -> None:
    """A misspelt variable is complained about."""
    assert unknown_settings("TESSERA_PORT=1 TESSERA_MASTERKEY_FILE=2") == {"masterkey_file"}
