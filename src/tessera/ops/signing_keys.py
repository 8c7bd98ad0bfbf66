"""Making the keys that sign: the library's own entropy, since primes cannot be had from given bytes."""

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tessera.core.keys.jws import Algorithm, PrivateKey

RSA_BITS = 2048


def make(algorithm: Algorithm) -> bytes:
    """A new private key for this algorithm (PKCS #8, DER). One for RSA takes a tenth of a second and more."""
    key: PrivateKey
    if algorithm is Algorithm.EDDSA:
        key = ed25519.Ed25519PrivateKey.generate()
    elif algorithm is Algorithm.ES256:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, RSA_BITS)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
