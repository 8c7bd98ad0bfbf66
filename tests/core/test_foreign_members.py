"""Whatever stands in a member of a key, a header or a claim: it is read or refused, and nothing else happens."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.clients import assertions, key_sets
from tessera.core.clients.assertions import Terms
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import ALGORITHMS, Algorithm, Malformed, PrivateKey
from tessera.core.keys.signing import SigningKey, SigningRing
from tessera.core.tokens import dpop, jwt_access_tokens
from tessera.core.tokens.dpop import BadProof, NonceNeeded
from tessera.ops import signing_keys
from tests.support.json_values import ODD, anything, written
from tests.support.possession import MAKERS, Holder

ADDRESS = "https://id.example.com/oauth/token"
ISSUER = "https://id.example.com"
AT = 1_900_000_000
NOW = AT * 1_000_000

KEYS: dict[str, dict[str, Any]] = {
    algorithm.value: {**public_keys.jwk(MAKERS[algorithm]().public_key()), "kid": "its", "use": "sig"}
    for algorithm in (Algorithm.EDDSA, Algorithm.ES256, Algorithm.RS256)
}
KEY_MEMBERS = (
    "kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "x5t#S256", "crv", "x", "y", "n", "e", "d", "p", "q",
    "dp", "dq", "qi", "oth", "k", "ext", "another",
)  # fmt: skip
HEADER_MEMBERS = (
    "alg", "kid", "typ", "cty", "crit", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "b64", "nonce", "another",
)  # fmt: skip
CLAIMS = (
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "htm", "htu", "ath", "nonce", "scope", "client_id", "cnf", "ref",
    "another",
)  # fmt: skip

names = st.sampled_from
HOLDERS = {algorithm: Holder(algorithm) for algorithm in (Algorithm.EDDSA, Algorithm.ES256, Algorithm.RS256)}
OURS = SigningKey(1, Algorithm.ES256, signing_keys.make(Algorithm.ES256), 0, None)
RING = SigningRing([OURS])


def signed(header: bytes, payload: bytes, key: PrivateKey, algorithm: Algorithm) -> str:
    """A text with these very bytes as its header and payload, signed as the algorithm says."""
    return jws.signed(f"{jws.encode(header)}.".encode(), payload, key, algorithm)


def read_key(raw: bytes) -> None:
    """Read a key, which may be refused."""
    with suppress(Malformed):
        public_keys.read(raw)


def read_proof(text: str) -> None:
    """Read a DPoP proof, with a token and without, which may be refused."""
    for token in (None, "token"):
        with suppress(BadProof, NonceNeeded):
            dpop.read(
                (text.encode(),), method="POST", addresses=(ADDRESS,), now=NOW, nonces=("one", "two"), token=token
            )


def read_assertion(text: str) -> None:
    """Read an assertion and judge it as the server does, which may refuse it."""
    with suppress(Malformed):
        found = assertions.read(text)
        assertions.verify_dummy(found)
        for strict in (True, False):
            if not assertions.fault(found, Terms(ALGORITHMS, (ISSUER,), "/oauth/token", strict, NOW)):
                assert found.ends_at > NOW


def read_token(text: str) -> None:
    """Read an access token and what it says, which may be refused."""
    found = jwt_access_tokens.read(RING, text, NOW)
    reference = None if found is None else jwt_access_tokens.reference(found[1])
    if found is not None and reference is not None:
        jwt_access_tokens.claims(found[1], reference)


@given(names(sorted(KEYS)), names(KEY_MEMBERS), anything)
def test_any_value_in_a_key(kind: str, name: str, value: bytes) -> None:
    """A JWK with anything in one of its members is a key or is refused."""
    read_key(written(KEYS[kind], name, value))


@given(names(sorted(KEYS)), names(KEY_MEMBERS), anything, anything)
def test_any_value_in_a_set(kind: str, name: str, value: bytes, stray: bytes) -> None:
    """A key with anything in it takes nothing from the others of its set, nor does an entry that is no object."""
    good = json.dumps({**KEYS["ES256"], "kid": "good"}).encode()
    bad = written(KEYS[kind], name, value)
    for entries in ([bad, good], [good, bad], [good, stray]):
        raw = b'{"keys":[' + b",".join(entries) + b"]}"
        try:
            assert "good" in [each.key_id for each in key_sets.read(raw)]
        except Malformed:  # only what is no JSON spoils the whole
            assert not readable(raw)


def readable(raw: bytes) -> bool:
    """Whether a document is JSON, which has no lone surrogates and no numbers such as NaN."""
    try:
        json.dumps(json.loads(raw, parse_constant=refuse), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def refuse(text: str) -> None:
    """What Python reads as a number though JSON has none."""
    raise ValueError(text)


@given(anything, names(["keys", "another"]))
def test_any_value_as_a_set(value: bytes, name: str) -> None:
    """A document of any kind is a set or is refused."""
    for raw in (value, written({"keys": []}, name, value)):
        with suppress(Malformed):
            key_sets.read(raw)


@given(names(sorted(HOLDERS)), names(KEY_MEMBERS), anything)
def test_any_value_in_the_key_of_a_proof(algorithm: Algorithm, name: str, value: bytes) -> None:
    """A DPoP proof whose key has anything in a member is read or refused, signed by that key all the same."""
    holder = HOLDERS[algorithm]
    header = written({"typ": "dpop+jwt", "alg": algorithm.value}, "jwk", written(holder.jwk, name, value))
    read_proof(signed(header, _proof_claims(), holder.key, algorithm))


@given(names(sorted(HOLDERS)), names(HEADER_MEMBERS), anything)
def test_any_value_in_the_header_of_a_proof(algorithm: Algorithm, name: str, value: bytes) -> None:
    """So it is with a member of its header."""
    holder = HOLDERS[algorithm]
    header = written({"typ": "dpop+jwt", "alg": algorithm.value, "jwk": holder.jwk}, name, value)
    read_proof(signed(header, _proof_claims(), holder.key, algorithm))


@given(names(CLAIMS), anything)
def test_any_value_in_a_claim_of_a_proof(name: str, value: bytes) -> None:
    """And with one of its claims."""
    holder = HOLDERS[Algorithm.ES256]
    header = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": holder.jwk}).encode()
    read_proof(signed(header, written(json.loads(_proof_claims()), name, value), holder.key, Algorithm.ES256))


def _proof_claims() -> bytes:
    return json.dumps({"jti": "1", "htm": "POST", "htu": ADDRESS, "iat": AT, "nonce": "one"}).encode()


@given(names(HEADER_MEMBERS), anything)
def test_any_value_in_the_header_of_an_assertion(name: str, value: bytes) -> None:
    """An assertion with anything in its header is read or refused."""
    header = written({"alg": "ES256", "typ": "JWT", "kid": "its"}, name, value)
    read_assertion(signed(header, _assertion_claims(), HOLDERS[Algorithm.ES256].key, Algorithm.ES256))


@given(names(CLAIMS), anything)
def test_any_value_in_a_claim_of_an_assertion(name: str, value: bytes) -> None:
    """So it is with one of its claims; a time that is none never becomes one."""
    payload = written(json.loads(_assertion_claims()), name, value)
    read_assertion(signed(b'{"alg":"ES256"}', payload, HOLDERS[Algorithm.ES256].key, Algorithm.ES256))


def _assertion_claims() -> bytes:
    says = {"iss": "client", "sub": "client", "aud": ISSUER, "exp": AT + 60, "iat": AT, "jti": "1"}
    return json.dumps(says).encode()


@given(names(HEADER_MEMBERS), names(CLAIMS), anything)
def test_any_value_in_an_access_token(member: str, claim: str, value: bytes) -> None:
    """A signed token with anything in header or claims is read or refused, though our own key signed it."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": OURS.key_id}
    says = {
        "iss": ISSUER, "aud": ISSUER, "sub": "c", "client_id": "c", "iat": AT, "exp": AT + 60, "jti": "0" * 16,
        "scope": "openid", "ref": "1.1.0.0", "cnf": {},
    }  # fmt: skip
    key = OURS._private
    read_token(signed(written(header, member, value), json.dumps(says).encode(), key, Algorithm.ES256))
    read_token(signed(json.dumps(header).encode(), written(says, claim, value), key, Algorithm.ES256))


@pytest.mark.parametrize("name", KEY_MEMBERS)
def test_every_odd_value_in_every_member_of_a_key(name: str) -> None:
    """None of those that were trouble elsewhere is left to chance."""
    for value in ODD:
        for kind in KEYS.values():
            read_key(written(kind, name, value))


@pytest.mark.parametrize(
    ("member", "value"),
    [("key_ops", 1), ("key_ops", "verify"), ("use", ["sig"]), ("alg", 1), ("kid", 7), ("x5c", "a"), ("kty", None)],
)
def test_the_member_that_is_wrong_is_named(member: str, value: object) -> None:
    """The sentence says which member it is, and repeats nothing of its value."""
    with pytest.raises(Malformed, match=f"the key has {member} of the wrong type"):
        public_keys.verifying_key({**KEYS["ES256"], member: value})


@pytest.mark.parametrize("name", ["alg", "key_ops", "kid", "use", "x5c", "d", "k"])
def test_null_is_as_good_as_absent(name: str) -> None:
    """Libraries that write every member they know, with null in those they do not need, keep their keys."""
    assert public_keys.verifying_key({**KEYS["ES256"], name: None}).algorithms == (Algorithm.ES256,)


@pytest.mark.parametrize("sub", ["kl\u00fcent", "client\u0000", "client\n", "\U0001f600"])
def test_a_client_id_has_the_characters_of_one(sub: str) -> None:
    """What no client id can have is refused before anybody is looked for by that name."""
    says = json.loads(_assertion_claims()) | {"iss": sub, "sub": sub}
    text = signed(b'{"alg":"ES256"}', json.dumps(says).encode(), HOLDERS[Algorithm.ES256].key, Algorithm.ES256)
    with pytest.raises(Malformed, match="characters that no client id has"):
        assertions.read(text)
