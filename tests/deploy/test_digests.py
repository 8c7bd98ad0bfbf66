"""Images are named by digest: a tag can be moved to another image, and what was tested would not be what runs."""

import re

import pytest
import yaml

from tests.architecture.modules import texts as context_texts
from tests.deploy.files import CHART, DEPLOY, compose, instructions, texts, values

DIGEST = re.compile(r"[\w./-]+(?::[\w.-]+)?@sha256:[0-9a-f]{64}")
"""An image as it has to be named: where there is a tag, it says to people what the digest is of."""


def dockerfile_images() -> list[str]:
    """The images that the Dockerfile takes from elsewhere, arguments put in."""
    said = instructions()
    arguments = {name: value for word, rest in said if word == "ARG" for name, _, value in [rest.partition("=")]}
    stages = {rest.split()[2] for word, rest in said if word == "FROM" and " AS " in rest}
    named = [rest.split()[0] for word, rest in said if word == "FROM"]
    named += [rest.split()[0].removeprefix("--from=") for word, rest in said if word == "COPY" and "--from=" in rest]
    named += re.findall(r"[\s,]from=([^\s,]+)", " ".join(rest for word, rest in said if word == "RUN"))
    filled = [re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], image) for image in named]
    return [image for image in filled if image not in stages]


def compose_images() -> list[str]:
    """The images of the compose file that are not built here."""
    return [each["image"] for each in compose()["services"].values() if "build" not in each]


@pytest.mark.parametrize("images", [dockerfile_images(), compose_images()], ids=["Dockerfile", "compose.yaml"])
def test_images_of_others_are_named_by_digest(images: list[str]) -> None:
    """Each is, and there are some."""
    assert len(images) >= 2
    assert [image for image in images if not DIGEST.fullmatch(image)] == []


def test_the_chart_asks_for_a_digest() -> None:
    """By default there is no tag to fall back on: without a digest the chart says so and installs nothing."""
    helper = (CHART / "templates" / "_names.tpl").read_text()
    image = helper[helper.index('define "tessera.image"') :]

    assert (values()["image"]["digest"], values()["image"]["tag"]) == ("", "")
    assert '@{{ required "image.digest has to be said' in image
    assert "AppVersion" not in image
    lines = [line for path, text in texts().items() if path.startswith("deploy/helm/") for line in text.splitlines()]
    assert {line.strip() for line in lines if re.match(r"\s+image: ", line)} == {
        'image: {{ include "tessera.image" . }}'
    }


def test_no_image_is_named_elsewhere_by_its_tag() -> None:
    """Neither in another file for deploying nor in the examples of the docs."""
    known = {"deploy/compose/compose.yaml", "Dockerfile"}
    named = re.compile(r"^\s*(?:image:|FROM) +[\"']?([a-z][\w./-]*:[\w.-]+)", re.MULTILINE)
    looked_at = {
        path: text for path, text in context_texts().items() if path.startswith(("docs/", "deploy/", "README"))
    }

    assert len(looked_at) > 30
    assert {
        path: found for path, text in looked_at.items() if path not in known and (found := named.findall(text))
    } == {}
    files = [path for path in DEPLOY.rglob("*.y*ml") if "templates" not in path.parts]
    images = [each for path in files for each in _images(yaml.safe_load(path.read_text()))]
    assert [image for image in images if image != "tessera" and not DIGEST.fullmatch(image)] == []


def _images(tree: object) -> list[str]:
    """Every text that stands under the name `image`, however deep."""
    if isinstance(tree, dict):
        here = [tree["image"]] if isinstance(tree.get("image"), str) else []
        return here + [found for below in tree.values() for found in _images(below)]
    return [found for below in tree for found in _images(below)] if isinstance(tree, list) else []


@pytest.mark.parametrize(
    "image",
    ["postgres", "postgres:17", "postgres:latest", "postgres@sha256:0", f"postgres:17@sha256:{'g' * 64}", "x@y"],
)
def test_a_tag_alone_is_seen(image: str) -> None:
    """Anything but a whole digest is complained about."""
    assert not DIGEST.fullmatch(image)
