"""Generated clients, used as they come: made of the document that a server answers, compiled, and used there."""

import json
from pathlib import Path

import httpx
import pytest

from tests.clients import generators, trials
from tests.clients.generators import Trial
from tests.support.server import Server

pytestmark = pytest.mark.other_language

LATER = ("TokenReply.created_at", "Customer.referrer_code", "TierStatus.retailer_id", "ErrorDetail.message")
"""Members that the clients do not know: any object may be given new ones, and clients go on."""


@pytest.fixture(scope="module")
def document(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document as the server answers it, in a file, but for members that an earlier one might not have had."""
    whole = httpx.get(f"{server.url}/openapi.json", timeout=60).raise_for_status().json()
    for place in LATER:
        owner, _, name = place.partition(".")
        schema = whole["components"]["schemas"][owner]
        del schema["properties"][name]
        schema["required"].remove(name)
    file = tmp_path_factory.mktemp("document") / "openapi.json"
    file.write_text(json.dumps(whole))
    return file


@pytest.mark.parametrize("trial", generators.TRIALS, ids=lambda trial: trial.__name__)
def test_a_generated_client_works(server: Server, document: Path, tmp_path: Path, trial: Trial) -> None:
    """It compiles, gets a token, reads a profile with everything and a tier status, and a 404 as the type of it."""
    command, folder = trial(document, tmp_path)
    demo = server.demo
    environment = {
        **trials.addresses(server),
        "API_KEY": demo["api_key"],
        "CUSTOMER_ID": demo["customer_id"],
        "RETAILER_ID": demo["retailer_id"],
        "PYTHONPATH": str(folder),
    }

    told = json.loads(trials.run(command, folder, environment))

    assert told.pop("tier") == told.pop("level") != ""
    assert told == {"token_type": "bearer", "customer": demo["customer_id"], "code": "user_not_found"}
