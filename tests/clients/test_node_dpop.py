"""oauth4webapi, unmodified: discovery, a token bound to a DPoP key by the nonce that is asked for, and its use."""

import pytest

from tests.clients import trials
from tests.support.server import Server

pytestmark = pytest.mark.other_language


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "PS256"])
def test_the_library_binds_a_token_to_its_key(server: Server, algorithm: str) -> None:
    """It repeats its first request with the nonce, and no other; the token opens nothing without the key."""
    told = trials.run_node("dpop.mjs", server, ALGORITHM=algorithm)
    assert algorithm in told["algorithms"]
    assert told["token_type"] == "dpop"
    assert told["asked"] == {"token": 2, "profile": 1}
    assert told["status"] == 200
    assert told["customer"] == server.demo["customer_id"]
    assert told["stolen"] == 401
