"""The files for deploying, and what the product has that they may name."""

import json
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tessera.settings import Settings
from tests.architecture.modules import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
CHART = DEPLOY / "helm" / "tessera"
UNIT = DEPLOY / "systemd" / "tessera.service"
DOCKERFILE = ROOT / "Dockerfile"

USER = "10001"
"""The number of the user of the image."""

BESIDE = frozenset({"config", "operator"})
"""What is read from the environment under our prefix and is no setting."""

_VARIABLE = re.compile(r"\bTESSERA_([A-Z][A-Z_]*)\b")


@lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    """Every file for deploying by its path."""
    found = [DOCKERFILE, ROOT / ".dockerignore", *DEPLOY.rglob("*")]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in found
        if path.is_file() and "secrets" not in path.relative_to(ROOT).parts
    }


def unknown_settings(text: str) -> set[str]:
    """The environment variables of ours in a text that no setting reads."""
    return {name.lower() for name in _VARIABLE.findall(text)} - set(Settings.model_fields) - BESIDE


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, lines that go on joined."""
    lines = [line for line in DOCKERFILE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def image_environment() -> dict[str, str]:
    """The environment that the image sets, ours alone."""
    (text,) = (rest for word, rest in instructions() if word == "ENV" and "TESSERA_" in rest)
    pairs = (pair.partition("=") for pair in text.split())
    return {name: value for name, _, value in pairs if name.startswith("TESSERA_")}


def compose() -> dict[str, Any]:
    """The compose file."""
    found: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))
    return found


def values() -> dict[str, Any]:
    """The values of the chart."""
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    return found


def schema() -> dict[str, Any]:
    """The schema of the values of the chart."""
    found: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    return found


def templates() -> dict[str, str]:
    """The templates of the chart by their names."""
    return {path.name: path.read_text("utf-8") for path in sorted((CHART / "templates").iterdir())}


def version() -> str:
    """The version of the package."""
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return found


def load(path: Path) -> Any:
    """A file of YAML."""
    return yaml.safe_load(path.read_text("utf-8"))
