"""openid-client, unmodified: it proves itself by its own key, binds its token to another, asks about it, ends it."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tessera.app.clients import credentials
from tessera.core.keys import public_keys
from tessera.core.keys.jws import Algorithm
from tests.clients import trials
from tests.support import operator_session
from tests.support.possession import MAKERS
from tests.support.server import Server

pytestmark = pytest.mark.other_language


@pytest.mark.parametrize("algorithm", [Algorithm.ES256, Algorithm.ED25519])
def test_the_library_lives_without_a_secret(server: Server, tmp_path: Path, algorithm: Algorithm) -> None:
    """Discovery, `private_key_jwt` with DPoP and its nonce, a platform call, introspection, revocation."""
    key = MAKERS[algorithm]()
    public = json.dumps(public_keys.jwk(key.public_key())).encode()
    private = tmp_path / "key.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made = operator_session.make_partner(server.folder, f"openid-client {algorithm}")
    operator_session.do(server.folder, lambda context: credentials.add_key(context, made.client_id, "key", public))
    told = trials.run_node(
        "private_key.mjs", server, CLIENT_ID=made.client_id, PRIVATE_KEY=str(private), ALGORITHM=algorithm
    )
    assert (told["token_type"], told["status"]) == ("dpop", 200)
    before = told["before"]
    assert (before["active"], before["client_id"], before["token_type"]) == (True, made.client_id, "DPoP")
    assert before["cnf"] == {"jkt": told["thumbprint"]}
    assert told["after"] == {"active": False}
