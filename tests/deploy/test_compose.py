"""The compose file and what lies beside it: whole, consistent, and without a secret in it."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tessera import settings
from tessera.core.keys.wrapping import MasterKey
from tests.architecture.modules import ROOT
from tests.architecture.test_repository import listed
from tests.deploy.files import COMPOSE, USER, compose, image_environment, instructions
from tests.docs.test_commands import mistakes

NODES = ("one", "two")
IMAGE = (*NODES, "migrate")


def made(folder: Path) -> Path:
    """The secrets as the script makes them."""
    subprocess.run(["sh", str(COMPOSE / "secrets.sh"), str(folder)], check=True, timeout=60)
    return folder


def test_secrets_are_made_once_and_are_what_is_read(tmp_path: Path) -> None:
    """The script makes each file that the compose file reads, in its owner's folder, and leaves them when run again."""
    folder = made(tmp_path / "secrets")
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    made(folder)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert {f"./secrets/{name}" for name in first} == {each["file"] for each in compose()["secrets"].values()}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    MasterKey(first["master.key"].decode().strip())
    password = first["tessera-password"].decode().strip()
    assert first["database-url"].decode() == f"postgresql://tessera:{password}@database/tessera\n"
    assert len({first["postgres-password"], first["tessera-password"], first["master.key"]}) == 3


def test_secrets_of_one_s_own_never_reach_the_repository() -> None:
    """The folder of the secrets is ignored, and nothing like one stands in the files."""
    assert "/deploy/compose/secrets/" in (ROOT / ".gitignore").read_text().split()
    assert listed("deploy/compose/secrets") == []
    files = [path.read_text() for path in COMPOSE.iterdir() if path.is_file()]
    written = [re.sub(r"@sha256:[0-9a-f]{64}$", "", text, flags=re.MULTILINE) for text in files]  # of an image
    assert [text for text in written if re.search(r"[0-9a-f]{32}|BEGIN [A-Z ]*KEY|PASSWORD=", text)] == []


def service(name: str) -> dict[str, Any]:
    """A service of the compose file."""
    found: dict[str, Any] = compose()["services"][name]
    return found


def test_every_secret_that_is_used_is_declared_and_used_as_a_file() -> None:
    """A service reads no secret that is not declared, every one is used, and none stands in an environment."""
    services = compose()["services"].values()
    used = {name for each in services for name in each.get("secrets", ())}

    assert used == set(compose()["secrets"])
    named = {value for each in services for value in each.get("environment", {}).values() if "/run/secrets/" in value}
    assert {value.removeprefix("/run/secrets/") for value in named} <= used


@pytest.mark.parametrize("name", [*IMAGE, "proxy"])
def test_what_faces_callers_is_confined(name: str) -> None:
    """Nodes, the migration and the proxy have a root that is read-only, no capability, and can get none."""
    said = service(name)

    assert (said["read_only"], said["cap_drop"]) == (True, ["ALL"])
    assert said["security_opt"] == ["no-new-privileges:true"]
    if name in IMAGE:
        assert said["tmpfs"] == [f"{image_environment()['TESSERA_DATA_DIR']}:mode=0700,uid={USER},gid={USER}"]


@pytest.mark.parametrize("name", NODES)
def test_a_node_has_settings_that_it_takes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the environment of image and compose file together a node may listen, and knows its key and its proxy."""
    folder = made(tmp_path / "secrets")
    files = {
        f"/run/secrets/{secret}": folder / Path(each["file"]).name for secret, each in compose()["secrets"].items()
    }
    for variable, value in (image_environment() | service(name)["environment"]).items():
        monkeypatch.setenv(variable, str(files.get(value, value)))

    chosen = settings.load()

    assert chosen.behind_tls_proxy
    assert chosen.issuer is not None
    assert chosen.master_key_file == folder / "master.key"
    assert chosen.database_in_force == (folder / "database-url").read_text().strip()
    (network,) = compose()["networks"]["inside"]["ipam"]["config"]
    assert list(chosen.trusted_proxies) == [network["subnet"]]
    assert f"127.0.0.1:{chosen.management_port}/readyz" in service(name)["healthcheck"]["test"][-1]


def test_things_start_in_their_order() -> None:
    """The database, then the schema, then the nodes; and each of these commands is one of ours."""
    assert service("migrate")["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in NODES:
        assert service(name)["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert set(service("proxy")["depends_on"]) == set(NODES)
    assert mistakes(shlex.join(service("migrate")["command"])) == []
    assert service("migrate")["restart"] == "no"


def test_what_is_mounted_is_there() -> None:
    """Every file that is mounted from beside the compose file is there; the image that is built is this one."""
    mounted = [
        volume.partition(":")[0]
        for each in compose()["services"].values()
        for volume in each.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) == 2
    assert [path for path in mounted if not (COMPOSE / path).is_file()] == []
    assert {(COMPOSE / service(name)["build"]["context"]).resolve() for name in IMAGE} == {ROOT}
    assert ("STOPSIGNAL", "SIGTERM") in instructions()
