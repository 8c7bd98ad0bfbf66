"""The chart, looked at without Helm: its values, schema and templates fit each other, the image and the product."""

import re
from typing import Any

import jsonschema_rs
import pytest
from jsonschema_rs import Draft7Validator

from tessera.api.management import NAMES
from tessera.settings import NOT_SETTINGS, PREFIX, Settings
from tests.deploy.files import (
    CHART,
    DOCKERFILE,
    USER,
    image_environment,
    load,
    schema,
    templates,
    values,
    version,
)
from tests.docs.test_commands import mistakes

_USED = re.compile(r"\.Values\.([A-Za-z]+(?:\.[A-Za-z]+)*)")
_ACTION = re.compile(r"\{\{-?\s*(/\*.*?\*/|[^}]*?)\s*-?\}\}", re.DOTALL)
_COMMENTED = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)

EVERYTHING = "\n".join(templates().values())


def paths(tree: Any, above: str = "") -> set[str]:
    """The paths to what is no further map, or an empty one."""
    if not isinstance(tree, dict) or not tree:
        return {above}
    return {found for name, below in tree.items() for found in paths(below, f"{above}.{name}" if above else name)}


def covers(used: str, path: str) -> bool:
    """Whether what is used is that path, or holds it, or lies within it."""
    return path == used or path.startswith(f"{used}.") or used.startswith(f"{path}.")


def test_every_value_that_is_used_is_there_and_every_one_that_is_there_is_used() -> None:
    """Templates use values that values.yaml shows, and none is shown that nothing reads."""
    used = set(_USED.findall(EVERYTHING))

    assert len(used) > 30
    assert [each for each in sorted(used) if not any(covers(each, path) for path in paths(values()))] == []
    assert [path for path in sorted(paths(values())) if not any(covers(each, path) for each in used)] == []


def known(described: dict[str, Any], tree: Any, above: str = "") -> list[str]:
    """The values that a schema does not describe."""
    if "$ref" in described:
        described = schema()["definitions"][described["$ref"].rpartition("/")[2]]
    if not isinstance(tree, dict) or described.get("additionalProperties", True) is not False:
        return []
    properties = described["properties"]
    missing = [f"{above}{name}" for name in tree if name not in properties]
    return missing + [
        each for name in tree if name in properties for each in known(properties[name], tree[name], f"{above}{name}.")
    ]


def test_the_schema_knows_the_values_and_refuses_others() -> None:
    """Each value has a place in the schema, and a name that is not known is refused at the top."""
    assert schema()["additionalProperties"] is False
    assert known(schema(), values()) == []
    assert known(schema(), values() | {"replica": 2}) == ["replica"]


EXTRAS: dict[str, tuple[dict[str, Any], ...]] = {
    "extraEnv": (
        {"name": "A", "value": 5},
        {"name": "A", "value": True},
        {"name": "A", "value": None},
        {"name": 5, "value": "5"},
        {"name": "", "value": "5"},
        {"value": "5"},
        {"name": "A", "values": "5"},
        {"name": "A", "value": "5", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "A", "valueFrom": {}},
    ),
    "extraVolumes": ({"name": 5}, {}),
    "extraVolumeMounts": (
        {"name": "a"},
        {"name": "a", "mountPath": 5},
        {"name": "a", "mountPath": "/a", "readOnly": 1},
    ),
    "tolerations": (),
}


def refused(name: str, value: object) -> bool:
    """Whether the schema refuses a value, beside those of values.yaml."""
    return not Draft7Validator(schema()).is_valid(values() | {name: value})


@pytest.mark.parametrize("name", EXTRAS)
def test_what_a_cluster_would_refuse_is_refused_by_the_schema(name: str) -> None:
    """A number where Kubernetes takes a text, and what lacks a name, is found before anything is rendered."""
    for each in EXTRAS[name]:
        assert refused(name, [each]), each
    assert refused(name, ["text"])
    assert refused(name, [5])


def test_what_a_cluster_takes_is_taken() -> None:
    """Variables with texts or references, volumes and mounts pass."""
    secret = {"secretKeyRef": {"name": "a", "key": "b"}}
    good = {
        "extraEnv": [{"name": "A", "value": "5"}, {"name": "B", "valueFrom": secret}, {"name": "C"}],
        "extraVolumes": [{"name": "a", "secret": {"secretName": "a"}}],
        "extraVolumeMounts": [{"name": "a", "mountPath": "/run/a", "readOnly": True, "subPath": "b"}],
    }
    assert [name for name, value in good.items() if refused(name, value)] == []


def test_what_the_chart_sets_itself_cannot_be_set_beside() -> None:
    """Settings that templates and image set are refused in `settings`, as are secrets; all of them are ours."""
    refused = set(schema()["properties"]["settings"]["propertyNames"]["not"]["enum"])
    own = {name.lower() for name in re.findall(r"TESSERA_([A-Z_]+)", EVERYTHING)} - {""}

    assert own <= refused
    assert {name.removeprefix("TESSERA_").lower() for name in image_environment()} - {"log_format"} <= refused
    assert "master_key" in refused
    assert refused <= set(Settings.model_fields)
    allowed = schema()["properties"]["settings"]["propertyNames"]["enum"]
    assert sorted(allowed) == sorted(set(Settings.model_fields) - refused)


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"settings": {"workers": 2}}, ""),
        ({"settings": {"wrokers": 2}}, "wrokers"),
        ({"settings": {"port": 2}}, "port"),
        ({"extraEnv": [{"name": "TESSERA_WORKERS", "value": "2"}, {"name": "HTTP_PROXY", "value": "x"}]}, ""),
        ({"extraEnv": [{"name": "TESSERA_WROKERS", "value": "2"}]}, "TESSERA_WROKERS"),
    ],
)
def test_a_misspelt_setting_is_refused(more: dict[str, Any], refused: str) -> None:
    """A name that no setting has stops the installation, in `settings` and in `extraEnv`."""
    errors = [error.message for error in jsonschema_rs.Draft7Validator(schema()).iter_errors({**values(), **more})]

    assert bool(errors) == bool(refused)
    assert all(refused in error for error in errors)


def test_every_name_of_ours_may_stand_in_the_environment() -> None:
    """`extraEnv` takes the settings, and what is ours and no setting."""
    name = schema()["definitions"]["variable"]["properties"]["name"]
    ours = {PREFIX + each.upper() for each in (*Settings.model_fields, *NOT_SETTINGS)}

    assert set(name["then"]["enum"]) == ours


@pytest.mark.parametrize("name", templates())
def test_blocks_are_closed(name: str) -> None:
    """Every block of a template that is opened is closed, and nothing else is."""
    depth = 0
    for action in _ACTION.findall(_COMMENTED.sub("", templates()[name])):
        word = action.split()[0]
        depth += {"if": 1, "with": 1, "range": 1, "define": 1, "end": -1}.get(word, 0)
        assert depth >= 0, action
    assert depth == 0
    assert templates()[name].count("{{") == templates()[name].count("}}")


def test_pieces_that_are_included_are_there() -> None:
    """Every piece that is included is defined, and every one that is defined is included."""
    assert set(re.findall(r'include "([\w.]+)"', EVERYTHING)) == set(re.findall(r'define "([\w.]+)"', EVERYTHING))


def test_it_fits_the_image() -> None:
    """Version, user, folder, ports, commands and what may be written are those of the image."""
    chart, ports = load(CHART / "Chart.yaml"), image_environment()

    assert (chart["version"], chart["appVersion"]) == (version(), version())
    assert f"runAsUser: {USER}" in EVERYTHING
    assert f"USER {USER}:{USER}" in DOCKERFILE.read_text()
    assert f"mountPath: {ports['TESSERA_DATA_DIR']}" in EVERYTHING
    assert re.findall(r"containerPort: (\d+)", EVERYTHING) == [
        ports["TESSERA_PORT"],
        ports["TESSERA_MANAGEMENT_PORT"],
    ]
    assert [mistakes(args) for args in re.findall(r"args: \[(\w+)\]", EVERYTHING)] == [[], []]
    assert EVERYTHING.count('include "tessera.containerSecurity"') == EVERYTHING.count("image: {{ include")
    for line in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false"):
        assert line in EVERYTHING


def test_probes_ask_what_is_answered() -> None:
    """Probes go to the management port and leave out checks that there are; liveness asks for nothing but life."""
    asked = re.findall(r"path: (\S*/(?:livez|readyz)\S*|\{\{ include .tessera.readyPath.[^}]*\}\})", EVERYTHING)

    assert len(asked) == 3
    assert asked.count("/livez") == 1
    assert EVERYTHING.count("port: management\n") >= 3
    left_out = re.findall(r"exclude=(\w+)", EVERYTHING)
    assert len(left_out) == 3
    assert set(left_out) <= NAMES - {"shutdown"}


def test_secrets_are_named_and_never_held() -> None:
    """The database's address and the key come as files, from secrets that exist already; nothing here makes one."""
    assert "kind: Secret" not in EVERYTHING
    assert re.search(r"name: TESSERA_DATABASE_DIRECT\n\s+valueFrom:\n\s+secretKeyRef:", EVERYTHING)
    for setting, file in (("DATABASE_FILE", "database"), ("MASTER_KEY_FILE", "master.key")):
        assert f"name: TESSERA_{setting}\n  value: /run/secrets/tessera/{file}\n" in EVERYTHING
        assert f"path: {file}\n" in EVERYTHING
    assert re.search(r"name: TESSERA_(MASTER_KEY|DATABASE)\n", EVERYTHING) is None
    assert [values()[each]["secret"]["name"] for each in ("database", "masterKey")] == ["", ""]


def test_the_migration_is_first() -> None:
    """The job is a hook that runs before nodes of the new version do."""
    job = templates()["migrate.yaml"]

    assert "helm.sh/hook: pre-install,pre-upgrade" in job
    assert "restartPolicy: Never" in job
    assert "args: [migrate]" in job
