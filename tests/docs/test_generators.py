"""The generators of clients in docs/api.md are those that are tried, at their versions."""

import json
import re

from tests.clients.generators import PINNED, SOURCES
from tests.docs.fences import paper


def test_the_versions_of_generators_are_those_that_are_tried() -> None:
    """Each row of the table has the version that its pin has."""
    rows = dict(re.findall(r"^\| \[([\w-]+)\]\(.*\| ([\d.]+) \|$", paper("docs/api.md"), re.MULTILINE))
    python = dict(re.findall(r"^([\w-]+)==([\d.]+)", PINNED.read_text("utf-8"), re.MULTILINE))
    node = json.loads((SOURCES / "typescript" / "package.json").read_text("utf-8"))["dependencies"]
    go = re.search(r"oapi-codegen/v2 v([\d.]+)", (SOURCES / "oapi_codegen" / "go.mod").read_text("utf-8"))

    assert go is not None
    assert rows == {
        "openapi-generator": python["openapi-generator-cli"],
        "oapi-codegen": go[1],
        "openapi-python-client": python["openapi-python-client"],
        "openapi-typescript": node["openapi-typescript"],
    }
