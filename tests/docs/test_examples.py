"""Every example in the README and in the API's manual runs, and answers as it is printed."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.docs.fences import Fence, curl, differences, fences, paper
from tests.support.server import Server

PAPERS = ("README.md", "docs/getting-started.md", "docs/api.md", "docs/webhooks.md")

HERE = "http://127.0.0.1:8000"
"""The address that the papers print."""


def values(server: Server) -> dict[str, str]:
    """What the `$NAMES` of the examples stand for at this server."""
    demo = {name.upper(): value for name, value in server.demo.items()}
    headers = {"Authorization": f"Bearer {server.token()}"}
    answer = httpx.get(
        f"{server.url}/priv/v1/apps/{demo['API_KEY']}/users/{demo['CUSTOMER_ID']}",
        params={"expand_incentives": "true"},
        headers=headers,
        timeout=60,
    )
    details = answer.json()["user"]["tier_details"]
    return demo | {
        "TESSERA": server.url,
        "ACCESS_TOKEN": headers["Authorization"].removeprefix("Bearer "),
        "POINT_ACCOUNT_ID": details["point_account_balances"]["details"][0]["point_account_id"],
        "TIER_SYSTEM_ID": details["tier_levels"][0]["tier_system_id"],
        "TIER_LEVEL_ID": details["tier_levels"][0]["tier_level_id"],
    }


def calls(path: str) -> list[tuple[Fence, Fence]]:
    """Every curl line of a paper, with the answer printed below it."""
    found = fences(path)
    return [
        (call, answer)
        for call, answer in itertools.pairwise(found)
        if call.text.startswith("curl ") and answer.language == "json"
    ]


def scripts(path: str) -> list[Fence]:
    """Every Python example of a paper."""
    return [fence for fence in fences(path) if fence.language == "python"]


CALLS = [(path, call, answer) for path in PAPERS for call, answer in calls(path)]
SCRIPTS = [(path, fence) for path in PAPERS for fence in scripts(path)]


@pytest.mark.parametrize(("path", "call", "answer"), CALLS, ids=[f"{path}:{call.line}" for path, call, _ in CALLS])
def test_curl_lines_answer_as_printed(scratch_server: Server, path: str, call: Fence, answer: Fence) -> None:
    """A curl line gets the status and the shape of answer that the paper prints below it."""
    line = call.text.replace(HERE, scratch_server.url)
    sent = curl(line, values(scratch_server))

    got = httpx.request(sent.method, sent.url, headers=sent.headers, content=sent.body, auth=sent.user, timeout=60)

    assert got.status_code == int(answer.info or 200), f"{path}: {got.text}"
    assert differences(json.loads(answer.text), got.json()) == []


@pytest.mark.parametrize(("path", "fence"), SCRIPTS, ids=[f"{path}:{fence.line}" for path, fence in SCRIPTS])
def test_python_examples_run(scratch_server: Server, tmp_path: Path, path: str, fence: Fence) -> None:
    """A Python example ends without an error, given what the demonstration printed."""
    script = tmp_path / "example.py"
    script.write_text(fence.text.replace(HERE, scratch_server.url))

    ended = subprocess.run(
        [sys.executable, script],
        env={**os.environ, **values(scratch_server)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, ""), path


@pytest.mark.parametrize("path", PAPERS)
def test_no_example_is_left_out(path: str) -> None:
    """Every curl line has its answer below it, and every fence is of a kind that runs."""
    curls = [fence.line for fence in fences(path) if "curl " in fence.text and fence.language == "sh"]

    assert curls == [call.line for call, _ in calls(path)]
    assert {fence.language for fence in fences(path)} <= {"sh", "json", "python"}


def test_the_readme_opens_with_what_works() -> None:
    """The README opens with the two commands, then the token request by query string; three requests are a page on."""
    first, more = fences("README.md")[:4], fences("docs/getting-started.md")[:6]

    assert [fence.text for fence in first[:2]] == ["make run\n", "make test\n"]
    assert [fence.language for fence in first[2:]] == ["sh", "json"]
    assert re.match(r"curl -X POST \"\S+/oauth/token\?grant_type=client_credentials&client_id=", first[2].text)
    assert [fence.text for fence in more[:2]] == [fence.text for fence in first[2:]]
    assert [fence.language for fence in more] == ["sh", "json"] * 3


def test_the_readme_is_one_page() -> None:
    """The README stays short enough to read in one go; more belongs under docs/."""
    assert len(paper("README.md").splitlines()) <= 120


def test_the_makefile_has_every_target_that_is_named() -> None:
    """`make something` in a paper is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", paper("Makefile"), re.MULTILINE))
    named = {word for path in (*PAPERS, "AGENTS.md") for word in re.findall(r"`?\bmake ([a-z]+)\b`", paper(path))}

    assert "run" in targets
    assert named <= targets


def test_a_wrong_answer_is_seen() -> None:
    """The comparison sees a member that is missing, out of order, of another kind, or another word."""
    assert differences({"a": 1, "b": ["..."]}, {"a": 2.5, "b": [1, 2]}) == []
    assert differences({"a": "...", "status": "ok"}, {"a": None, "status": "ok"}) == []
    for actual in ({"a": 1}, {"b": [], "a": 1}, {"a": "1", "b": []}, {"a": True, "b": []}, {"a": 1, "b": [1]}):
        assert differences({"a": 1, "b": []}, actual) != []
    assert differences({"status": "ok"}, {"status": "error"}) != []
