"""Keys that prove nothing, because anybody could sign for them, are refused wherever a key is taken."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tessera.core.clients import key_sets
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm, Malformed
from tessera.core.tokens import dpop
from tessera.core.tokens.dpop import BadProof

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493

Point = tuple[int, int]

RSA = rsa.generate_private_key(65537, 2048).public_key().public_numbers()


def add(one: Point, other: Point) -> Point:
    """The sum of two points of Ed25519 (RFC 8032 section 5.1)."""
    product = D * one[0] * other[0] * one[1] * other[1] % P
    x = (one[0] * other[1] + other[0] * one[1]) * pow(1 + product, -1, P) % P
    return x, (one[1] * other[1] + one[0] * other[0]) * pow(1 - product, -1, P) % P


def times(count: int, point: Point) -> Point:
    """A point added to itself so many times."""
    total = (0, 1)
    while count:
        if count & 1:
            total = add(total, point)
        point, count = add(point, point), count >> 1
    return total


def points() -> Iterator[Point]:
    """Points of the curve, by their y."""
    for y in range(2, 100):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        if (x * x - square) % P:
            x = x * pow(2, (P - 1) // 4, P) % P
        if (x * x - square) % P == 0:
            yield x, y


def small() -> set[Point]:
    """The points whose order divides eight: what is left of any point that is taken the group's order of times."""
    found: set[Point] = set()
    for point in points():
        found.add(times(ORDER, point))
        if len(found) == 8:
            return found
    raise AssertionError("not all were found")


def encodings() -> set[bytes]:
    """Every way to write a point of small order, those that are not its own (RFC 8032 section 5.1.3) included."""
    ys = {y for _, y in small()}
    values = ys | {y + P for y in ys if y + P < 2**255}
    return {(value | sign << 255).to_bytes(32, "little") for value in values for sign in (0, 1)}


def jwk_of(point: bytes) -> dict[str, str]:
    """The key that would have this point."""
    return {"kty": "OKP", "crv": "Ed25519", "x": jws.encode(point)}


def test_the_points_of_small_order_are_all_refused() -> None:
    """All eight points, found by arithmetic, in all their spellings; and no key of the rest."""
    written = encodings()

    assert len(small()) == 8
    assert {y for _, y in small()} == public_keys._SMALL_ORDER
    assert len(written) == 14
    for point in written:
        with pytest.raises(Malformed, match="small order"):
            public_keys.verifying_key(jwk_of(point))
    for _ in range(50):
        fresh = ed25519.Ed25519PrivateKey.generate().public_key()
        assert public_keys.verifying_key(public_keys.jwk(fresh)).algorithms == (Algorithm.EDDSA, Algorithm.ED25519)


def test_a_signature_by_nobody_is_why() -> None:
    """Under the identity one signature holds for every message: the library takes it, and we do not take the key."""
    identity = (1).to_bytes(32, "little")
    ed25519.Ed25519PublicKey.from_public_bytes(identity).verify(identity + bytes(32), b"whatever is said")

    header = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk_of(identity)}
    text = ".".join(
        [
            jws.encode(str(header).replace("'", '"').encode()),
            jws.encode(b'{"jti":"1","htm":"POST","htu":"https://id.example.com/","iat":1900000000}'),
            jws.encode(identity + bytes(32)),
        ]
    )
    with pytest.raises(BadProof, match="small order"):
        dpop.read((text.encode(),), method="POST", addresses=("https://id.example.com/",), now=1_900_000_000_000_000)


def rsa_jwk(n: int = RSA.n, e: int = RSA.e) -> dict[str, str]:
    """An RSA key of these numbers."""
    n_bytes, e_bytes = (value.to_bytes((value.bit_length() + 7) // 8) for value in (n, e))
    return {"kty": "RSA", "n": jws.encode(n_bytes), "e": jws.encode(e_bytes)}


def p256_jwk(coordinate: bytes) -> dict[str, str]:
    """A key of P-256 with both coordinates alike."""
    return {"kty": "EC", "crv": "P-256", "x": jws.encode(coordinate), "y": jws.encode(coordinate)}


WEAK = {
    "1024 bits": (rsa_jwk(RSA.n >> 1024), "2048 to 4096 bits"),
    "2047 bits": (rsa_jwk(RSA.n >> 1), "2048 to 4096 bits"),
    "too many bits": (rsa_jwk(RSA.n << 2049 | 1), "2048 to 4096 bits"),
    "an even modulus": (rsa_jwk(RSA.n - 1), "modulus is odd"),
    "an exponent of 1": (rsa_jwk(e=1), "exponent is odd, at least 65537"),
    "an exponent of 3": (rsa_jwk(e=3), "exponent is odd, at least 65537"),
    "an even exponent": (rsa_jwk(e=65538), "exponent is odd, at least 65537"),
    "a long exponent": (rsa_jwk(e=2**32 + 1), "below 2"),
    "no exponent": ({**rsa_jwk(), "e": ""}, "exponent"),
    "zero, which is no point of P-256": (p256_jwk(bytes(32)), "do not make a key"),
    "coordinates beyond the field": (p256_jwk(b"\xff" * 32), "do not make a key"),
    "coordinates beyond any field": (p256_jwk(b"\1" * 500), "do not make a key"),
}


@pytest.mark.parametrize(("key", "sentence"), WEAK.values(), ids=WEAK)
def test_a_weak_key_is_refused(key: dict[str, str], sentence: str) -> None:
    """The sentence says what is asked of such a key; in a set it is passed over."""
    with pytest.raises(Malformed, match=sentence):
        public_keys.verifying_key(key)
    assert key_sets.read(b'{"keys":[' + str(key).replace("'", '"').encode() + b"]}") == []


def test_weak_keys_are_refused_as_pem_too() -> None:
    """What a file of another form holds is judged alike."""
    weak = (
        ed25519.Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little")),
        rsa.generate_private_key(3, 2048).public_key(),
        rsa.generate_private_key(65537, 1024).public_key(),
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    )
    for key in weak:
        with pytest.raises(Malformed, match=r"small order|exponent|bits|P-256"):
            public_keys.read_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
