"""DPoP at a real server: tokens bound to a key, nonces, and every way of presenting such a token without its key."""

import json
import time
from functools import partial
from typing import Any, NamedTuple

import pytest

from tessera.app.clients import credentials
from tessera.app.context import Context
from tessera.core.keys.jws import PrivateKey
from tests.adversarial.stand import refused
from tests.support import assertions, operator_session, raw
from tests.support.possession import LEFT_OUT, Holder
from tests.support.raw import Answer
from tests.support.target import Header, Target, assert_refused

CHALLENGE = 'algs="EdDSA Ed25519 ES256 PS256 RS256"'


class Client(NamedTuple):
    """A client of the server that holds a key."""

    target: Target
    holder: Holder
    nonce: str

    @property
    def token_address(self) -> str:
        """The token endpoint, as the server knows itself."""
        return f"http://127.0.0.1:{self.target.port}/oauth/token"

    @property
    def profile_address(self) -> str:
        """A customer's profile."""
        values = self.target.values
        return f"http://127.0.0.1:{self.target.port}/priv/v1/apps/{values['api_key']}/users/{values['customer_id']}"

    def ask(self, *proofs: str, name: str = "client") -> Answer:
        """A token request with these DPoP headers."""
        values = self.target.values
        body = (
            f"grant_type=client_credentials&client_id={values[f'{name}_id']}&client_secret={values[f'{name}_secret']}"
        )
        return self.target.ask_token("", body, *(("DPoP", proof) for proof in proofs))

    def proof(self, **options: Any) -> str:
        """A good proof for the token endpoint, or one with other members."""
        return self.holder.proof("POST", self.token_address, **{"nonce": self.nonce} | options)

    def token(self) -> str:
        """A token that is bound to the key."""
        answer = self.ask(self.proof())
        assert answer.status == 200, answer
        token: str = json.loads(answer.body)["access_token"]
        return token

    def read(self, token: str, *headers: Header) -> Answer:
        """Read the profile with `Authorization: DPoP` and these headers."""
        return self.target.read(("Authorization", f"DPoP {token}"), *headers)

    def read_proof(self, token: str, **options: Any) -> Header:
        """The DPoP header for reading the profile with a token."""
        holder = options.pop("holder", self.holder)
        known = {"nonce": self.nonce, "token": token}
        return "DPoP", holder.proof("GET", self.profile_address, **known | options)


@pytest.fixture
def client(target: Target) -> Client:
    """A client that has asked for a nonce."""
    client = Client(target, Holder(), "")
    answer = client.ask(client.proof(nonce=None))
    assert_refused(answer, 400, "use_dpop_nonce")
    nonce = answer.header("dpop-nonce")
    assert nonce is not None
    return client._replace(nonce=nonce)


def challenged(answer: Answer, error: str) -> None:
    """The answer is a refusal of the platform whose one challenge is DPoP's, with this error."""
    assert answer.status == 401, answer
    assert refused(answer)[0] == "invalid_auth_token"
    assert answer.header("cache-control") == "no-store"
    (challenge,) = answer.all("www-authenticate")
    assert challenge.startswith(f'DPoP realm="tessera", error="{error}", error_description="'), challenge
    assert CHALLENGE in challenge, challenge
    assert (answer.header("dpop-nonce") is not None) == (error == "use_dpop_nonce")


def test_a_token_is_bound_to_the_key_of_the_proof(client: Client) -> None:
    """The reply says so, and the platform lets the token in with a proof of that key; a nonce comes with both."""
    answer = client.ask(client.proof())
    assert answer.status == 200, answer
    members = json.loads(answer.body)
    assert members["token_type"] == "DPoP"
    assert answer.header("dpop-nonce")
    assert answer.header("cache-control") == "no-store"
    token = members["access_token"]
    profile = client.read(token, client.read_proof(token))
    assert profile.status == 200, profile
    assert profile.header("dpop-nonce")


async def _with_key(context: Context, key: PrivateKey) -> str:
    """A client that proves itself by a key; its client id."""
    made = await operator_session.partner(context, f"signing {id(key)}")
    await credentials.add_key(context, made.client_id, "key", assertions.jwk(key))
    return made.client_id


def test_an_assertion_is_good_for_the_second_request_too(client: Client) -> None:
    """Sent back for a nonce, a client that signs sends the same assertion again; only that uses it up."""
    key, target = assertions.new_key(), client.target
    client_id = operator_session.do(target.folder, partial(_with_key, key=key))
    says = assertions.claims(client_id, f"http://127.0.0.1:{target.port}", time.time())
    form = assertions.form(assertions.signed(key, says))
    first = target.ask_token("", form, ("DPoP", client.proof(nonce=None)))
    assert_refused(first, 400, "use_dpop_nonce")
    nonce = first.header("dpop-nonce")
    second = target.ask_token("", form, ("DPoP", client.proof(nonce=nonce)))
    assert second.status == 200, second
    assert json.loads(second.body)["token_type"] == "DPoP"
    assert_refused(target.ask_token("", form, ("DPoP", client.proof(nonce=nonce))), 401, "invalid_client")


def test_a_proof_outlives_a_call_that_lacks_the_scope(client: Client) -> None:
    """403 as often as it is sent: a call that is refused uses nothing up."""
    answer = client.ask(client.proof(), name="accountant")
    token = json.loads(answer.body)["access_token"]
    proof = client.read_proof(token)
    assert [client.read(token, proof).status for _ in range(3)] == [403] * 3


def test_without_a_proof_nothing_changes(client: Client) -> None:
    """A request without the header gets a bearer token, and no nonce."""
    answer = client.ask()
    assert json.loads(answer.body)["token_type"] == "bearer"
    assert answer.header("dpop-nonce") is None
    assert client.target.read(raw.bearer(json.loads(answer.body)["access_token"])).header("dpop-nonce") is None


@pytest.mark.parametrize("name", ["DPoP", "dpop", "DPOP"])
def test_names_are_read_without_case(client: Client, name: str) -> None:
    """The header's, and the scheme's."""
    token = client.token()
    _, proof = client.read_proof(token)
    assert client.target.read(("Authorization", f"{name} {token}"), (name, proof)).status == 200


def test_a_bound_token_needs_its_key(client: Client) -> None:
    """Sent as a bearer token, without a proof, or with a proof of another key, it opens nothing."""
    token = client.token()
    challenged(client.target.read(raw.bearer(token)), "invalid_token")
    challenged(client.target.read(raw.bearer(token), client.read_proof(token)), "invalid_token")
    challenged(client.read(token), "invalid_dpop_proof")
    challenged(client.read(token, client.read_proof(token, holder=Holder())), "invalid_token")
    assert set(client.target.everywhere(raw.bearer(token)).values()) == {401}


def test_an_unbound_token_is_not_sent_by_dpop(client: Client) -> None:
    """A bearer token with the DPoP scheme is refused, with a proof or without; so is a token that is none."""
    token = client.target.token()
    challenged(client.read(token), "invalid_token")
    challenged(client.read(token, client.read_proof(token)), "invalid_token")
    challenged(client.read("0154a5", client.read_proof("0154a5")), "invalid_token")


BAD: dict[str, dict[str, Any]] = {
    "another method": {"claims": {"htm": "DELETE"}},
    "another address": {"claims": {"htu": "http://127.0.0.1/oauth/token"}},
    "an hour old": {"claims": {"iat": 1}},
    "another typ": {"header": {"typ": "JWT"}},
    "no algorithm": {"header": {"alg": "none"}},
    "a private key": {"header": {"jwk": {"kty": "EC", "crv": "P-256", "x": "", "y": "", "d": ""}}},
}


@pytest.mark.parametrize("options", BAD.values(), ids=BAD)
def test_a_bad_proof_earns_no_token(client: Client, options: dict[str, Any]) -> None:
    """It is 400 invalid_dpop_proof, without a token anywhere in the answer."""
    answer = client.ask(client.proof(**options))
    assert_refused(answer, 400, "invalid_dpop_proof")
    assert answer.header("dpop-nonce") is None


@pytest.mark.parametrize("options", BAD.values(), ids=BAD)
def test_a_bad_proof_opens_nothing(client: Client, options: dict[str, Any]) -> None:
    """It is 401 with DPoP's challenge, at the platform."""
    token = client.token()
    challenged(client.read(token, client.read_proof(token, **options)), "invalid_dpop_proof")


def test_two_proofs_are_one_too_many(client: Client) -> None:
    """Two DPoP headers are refused, the same one twice as well; so is one with nothing in it, and a long one."""
    for proofs in ((client.proof(), client.proof()), (client.proof(),) * 2, ("",), ("x" * 4000,)):
        assert_refused(client.ask(*proofs), 400, "invalid_dpop_proof")
    token = client.token()
    challenged(client.read(token, client.read_proof(token), client.read_proof(token)), "invalid_dpop_proof")


def test_a_proof_is_for_one_token_and_one_request(client: Client) -> None:
    """Of another token, without any, or made for the token endpoint, it opens nothing."""
    token, other = client.token(), client.token()
    for header in (
        client.read_proof(other),
        client.read_proof(token, claims={"ath": LEFT_OUT}),
        ("DPoP", client.proof()),
        ("DPoP", client.proof(token=token)),
    ):
        challenged(client.read(token, header), "invalid_dpop_proof")


def test_the_address_is_compared_as_it_was_sent(client: Client) -> None:
    """A query does not matter; an escaped slash in the path is not a slash."""
    token = client.token()
    _, proof = client.read_proof(token, claims={"htu": client.profile_address + "?x=1#y"})
    found = client.target.read(("Authorization", f"DPoP {token}"), ("DPoP", proof), query="?z=2")
    assert found.status == 200
    path = f"/priv/v1/apps/{client.target.values['api_key']}/external/users/a%2Fb"
    here = f"http://127.0.0.1:{client.target.port}"
    for written, status in ((path, 404), (path.replace("2F", "2f"), 404), (path.replace("%2F", "/"), 401)):
        _, proof = client.read_proof(token, claims={"htu": here + written})
        sent = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        assert raw.ask(client.target.port, "GET", path, b"", sent).status == status


@pytest.mark.parametrize("nonce", [None, "", "another", "AAAAAAAAAAAAAAAAAAAAAA"])
def test_a_nonce_is_asked_for_at_both_doors(client: Client, nonce: str | None) -> None:
    """Without one of ours the proof is refused with the one to use, and that one works."""
    answer = client.ask(client.proof(nonce=nonce))
    assert_refused(answer, 400, "use_dpop_nonce")
    assert client.ask(client.proof(nonce=answer.header("dpop-nonce"))).status == 200
    token = client.token()
    answer = client.read(token, client.read_proof(token, nonce=nonce))
    challenged(answer, "use_dpop_nonce")
    assert client.read(token, client.read_proof(token, nonce=answer.header("dpop-nonce"))).status == 200


def test_the_holder_of_a_bound_token_is_told_of_it(client: Client) -> None:
    """`/oauth/token/info` wants the proof too, and says so in the form of its own errors."""
    token = client.token()
    address = f"http://127.0.0.1:{client.target.port}/oauth/token/info"

    def told(*headers: Header) -> Answer:
        return raw.ask(client.target.port, "GET", "/oauth/token/info", b"", list(headers))

    def proof(nonce: str) -> Header:
        return "DPoP", client.holder.proof("GET", address, token=token, nonce=nonce)

    shown = ("Authorization", f"DPoP {token}")
    answer = told(shown, proof(client.nonce))
    assert answer.status == 200
    assert answer.header("dpop-nonce")
    for headers in ((raw.bearer(token),), (shown,), (shown, proof("another")), (shown, client.read_proof(token))):
        answer = told(*headers)
        assert answer.status == 401
        assert json.loads(answer.body)["error"] == "invalid_token"
        (challenge,) = answer.all("www-authenticate")
        assert challenge.startswith("DPoP ")
    assert told(shown, proof("another")).header("dpop-nonce")


def test_a_proof_is_used_once(client: Client) -> None:
    """The same proof again is refused, at both doors, and another with its `jti` and key too; another key's is not."""
    proof = client.proof(claims={"jti": "only once"})
    assert client.ask(proof).status == 200
    assert_refused(client.ask(proof), 400, "invalid_dpop_proof")
    assert_refused(client.ask(client.proof(claims={"jti": "only once", "x": 1})), 400, "invalid_dpop_proof")
    other = client._replace(holder=Holder())
    assert other.ask(other.proof(claims={"jti": "only once"})).status == 200
    token = client.token()
    header = client.read_proof(token)
    assert client.read(token, header).status == 200
    challenged(client.read(token, header), "invalid_dpop_proof")


def test_a_refused_proof_is_not_used_up(client: Client) -> None:
    """A request that fails for another reason leaves the proof as it is: what was wrong is put right, and it works."""
    proof = client.proof()
    values = client.target.values
    wrong = f"grant_type=client_credentials&client_id={values['client_id']}&client_secret=wrong"
    assert client.target.ask_token("", wrong, ("DPoP", proof)).status == 401
    assert client.ask(proof).status == 200


def test_a_wrong_secret_is_told_nothing_of_proofs(client: Client) -> None:
    """Who does not prove to be the client gets invalid_client, whatever the proof is like."""
    values = {**client.target.values, "client_secret": "0" * 64}
    stranger = client._replace(target=client.target._replace(values=values))
    for proof in (client.proof(), client.proof(nonce=None), "rubbish"):
        assert_refused(stranger.ask(proof), 401, "invalid_client")
