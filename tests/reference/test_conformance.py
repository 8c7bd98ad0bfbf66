"""A fuzzer reads the document and calls everything in it: each answer must be one that the document tells.

New routes are called as soon as they are served. What is made up is the same in every run.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.architecture.modules import ROOT
from tests.support.server import Server, running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)

SEED = "20190321"


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demonstration, of which nothing needs to stay as it is."""
    with running(tmp_path_factory.mktemp("fuzzed") / "data") as started:
        yield started


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def narrowed(document: dict[str, Any]) -> dict[str, Any]:
    """The document without its webhooks, which nobody can call, and with the codes of each refusal in its schema."""
    for answer in document["components"]["responses"].values():
        codes = {"enum": answer["x-error-codes"]}
        media = answer["content"]["application/json"]
        oauth = media["schema"]["$ref"].endswith("OAuthError")
        members = {"error": codes} if oauth else {"errors": {"properties": {"code": codes}}}
        media["schema"] = {"allOf": [media["schema"], {"properties": members}]}
    return {name: each for name, each in document.items() if name != "webhooks"}


def known(server: Server, token: str) -> dict[str, str]:
    """Ids of the demonstration, by the names that the document has for them."""
    demo = server.demo
    answer = httpx.get(
        f"{server.url}/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}?expand_incentives=true",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    details = answer.raise_for_status().json()["user"]["tier_details"]
    account = details["point_account_balances"]["details"][0]["point_account_id"]
    return {
        "api_key": demo["api_key"],
        "external_id": demo["external_id"],
        "point_account_id": account,
        "point_account_ids": account,
        "retailer_id": demo["retailer_id"],
        "tier_level_id": details["tier_levels"][0]["tier_level_id"],
        "tier_system_id": details["tier_levels"][0]["tier_system_id"],
        "user_id": demo["customer_id"],
        "user_ids[]": demo["customer_id"],
    }


def doomed(server: Server, token: str) -> dict[str, str]:
    """Two customers that may be deleted, the one by its id and the other by its external id."""
    external_ids = [str(uuid4()), str(uuid4())]
    answers = [
        httpx.post(
            f"{server.url}/priv/v1/apps/{server.demo['api_key']}/users",
            json={"user": {"external_id": each}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        for each in external_ids
    ]
    return {"user_id": answers[0].raise_for_status().json()["user"]["id"], "external_id": external_ids[1]}


def fuzz(server: Server, folder: Path, document: str, *arguments: str, by_token: bool = True) -> tuple[int, str]:
    """Call everything in a document; the exit code, and what was found."""
    token, demo = server.token(), server.demo
    told = {
        "values": known(server, token),
        "doomed": doomed(server, token),
        "platform": f"Bearer {token}" if by_token else basic(demo["api_key"], demo["property_secret"]),
        "client": basic(demo["client_id"], demo["client_secret"]),
        "heard": str(folder / "heard"),
    }
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "run", document, "--url", server.url, "--seed", SEED]
    ended = subprocess.run(
        [*command, "--checks", ",".join(CHECKS), "--continue-on-failure", "--warnings", "off", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "FUZZER_TOLD": json.dumps(told),
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.reference.known",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


EVERYTHING = ("--phases", "examples,coverage,fuzzing", "--max-examples", "10")
SOUND_ONLY = ("--phases", "examples,coverage", "--mode", "positive")


@pytest.mark.parametrize("by_token", [True, False], ids=["token", "basic"])
def test_everything_that_is_answered_is_in_the_document(fuzzed: Server, tmp_path: Path, by_token: bool) -> None:
    """No call gets an error of ours, or a status, type, header or body that the document does not tell.

    By token every operation is called in every way, at the first of its addresses; by Basic every address as it should
    be.
    """
    document = httpx.get(f"{fuzzed.url}/openapi.json", timeout=60).json()
    if by_token:
        for path in document["paths"].values():
            for method in [name for name, said in path.items() if "x-same-as" in said]:
                del path[method]
    (tmp_path / "openapi.json").write_text(json.dumps(narrowed(document)))

    calls = EVERYTHING if by_token else SOUND_ONLY
    code, found = fuzz(fuzzed, tmp_path, "openapi.json", *calls, by_token=by_token)

    assert code == 0, found
    heard = set((tmp_path / "heard").read_text().splitlines())
    expected = {said["operationId"] for path in document["paths"].values() for said in path.values()}
    assert {line.split()[0] for line in heard} == expected
    for answered in ("requestToken", "revokeToken", "getTierStatus"):
        assert {f"{answered} 200", f"{answered} 401"} <= heard
    for operation in ("getCustomer", "updateCustomer", "deleteCustomer"):
        assert {f"{operation} 200", f"{operation}ByExternalId 200"} <= heard


def test_an_answer_that_is_not_in_the_document_is_seen(fuzzed: Server, tmp_path: Path) -> None:
    """A document that lacks a status, has a member that is not answered, and promises a header, is found out."""
    document = httpx.get(f"{fuzzed.url}/openapi.json", timeout=60).json()
    operation = document["paths"]["/api/1.0/user_tiers/tier_status"]["post"]
    del operation["responses"]["404"]
    document["components"]["schemas"]["TierStatus"]["required"].append("colour")
    operation["responses"]["200"]["headers"]["X-Sound"] = {"required": True, "schema": {"type": "string"}}
    (tmp_path / "mistaken.json").write_text(json.dumps(narrowed(document)))
    only = ("--include-operation-id", operation["operationId"])

    code, found = fuzz(fuzzed, tmp_path, "mistaken.json", "--phases", "coverage", *only)

    assert code == 1, found
    assert [words for words in ("[404] Not Found", "colour", "X-Sound") if words not in found] == []
