"""Authorities and certificates, made for a test."""

import datetime as dt
from base64 import b64encode
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DAY = dt.timedelta(days=1)

SERVERS = ExtendedKeyUsageOID.SERVER_AUTH


class Pair:
    """A certificate and its private key."""

    def __init__(self, key: Key, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @property
    def der(self) -> bytes:
        """The certificate as bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate as text."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as text."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def header(der: bytes) -> bytes:
    """A certificate as a header has it (RFC 9440)."""
    return b":" + b64encode(der) + b":"


def name(text: str) -> x509.Name:
    """A subject with this common name."""
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Partner"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    )


def authority(text: str = "Authority", above: Pair | None = None, *, now: float | None = None) -> Pair:
    """An authority, signed by itself or by the one above it."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name(text), name(text) if above is None else above.certificate.subject, key, now, 30)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Pair(key, _signed(builder, key if above is None else above.key))


def certificate(
    text: str,
    issuer: Pair | None = None,
    *names: str,
    now: float | None = None,
    days: int = 10,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    key: Key | None = None,
) -> Pair:
    """A certificate, signed by itself when there is no issuer; `names` are its other names, as `dns:app.example`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name(text), name(text) if issuer is None else issuer.certificate.subject, key, now, days)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_other(each) for each in names]), critical=False)
    signer = issuer.key if issuer is not None else key
    return Pair(key, _signed(builder, signer))


def _signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, now: float | None, days: int) -> x509.CertificateBuilder:
    moment = dt.datetime.now(dt.UTC) if now is None else dt.datetime.fromtimestamp(now, dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - DAY)
        .not_valid_after(moment + days * DAY)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _other(text: str) -> x509.GeneralName:
    form, _, value = text.partition(":")
    if form == "dns":
        return x509.DNSName(value)
    if form == "uri":
        return x509.UniformResourceIdentifier(value)
    return x509.IPAddress(ip_address(value)) if form == "ip" else x509.RFC822Name(value)
