"""Certificates of clients (RFC 8705): as a proxy hands them over, and whether one proves who a client is."""

import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.verification import Criticality, ExtensionPolicy

from tessera.core.times import SECOND

CHAIN_MAX = 5
"""Certificates above the client's own that are looked at."""

UNREADABLE = b""
"""Stands for a certificate that was handed over in a form that cannot be read: it proves nothing."""

SUBJECT_LENGTH_MAX = 1024

_ALTERNATIVES = ("san_dns", "san_uri", "san_ip", "san_email")
FORMS = ("subject", *_ALTERNATIVES)
"""What of a certificate may name a client (RFC 8705 section 2.1.2)."""


_CLIENTS = ExtensionPolicy.webpki_defaults_ee().may_be_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
"""As on the web, but that a client may be named by its subject alone."""


class NotUsable(ValueError):
    """It is no certificate, authority or subject that can be used; the text is a sentence that says why."""


def handed_over(leaves: list[bytes], chains: list[bytes]) -> tuple[bytes | None, tuple[bytes, ...]]:
    """The certificate and the chain above it from the headers `Client-Cert` and `Client-Cert-Chain` (RFC 9440)."""
    if not leaves:
        return None, ()
    certificate = _byte_sequence(leaves[0]) if len(leaves) == 1 else None
    above = [_byte_sequence(each) for value in chains for each in value.split(b",")]
    if not certificate or len(above) > CHAIN_MAX:
        return UNREADABLE, ()
    chain = tuple(each for each in above if each)
    return (certificate, chain) if len(chain) == len(above) else (UNREADABLE, ())


def _byte_sequence(value: bytes) -> bytes | None:
    """A byte sequence of structured fields (RFC 9651 section 3.3.5) in its one spelling, or None."""
    text = value.strip(b" \t")
    if len(text) < 3 or text[:1] != b":" or text[-1:] != b":":
        return None
    encoded = text[1:-1]
    try:
        raw = binascii.a2b_base64(encoded, strict_mode=True)
    except binascii.Error:
        return None
    return raw if binascii.b2a_base64(raw, newline=False) == encoded else None


def thumbprint(certificate: bytes) -> bytes:
    """The SHA-256 of a certificate (RFC 8705 section 3.1): 32 bytes."""
    return hashlib.sha256(certificate).digest()


def same(certificate: bytes | None, digest: bytes) -> bool:
    """Whether a request's certificate is the one with this thumbprint."""
    return bool(certificate) and hmac.compare_digest(thumbprint(certificate or b""), digest)


def read_pem(raw: bytes) -> bytes:
    """The one certificate of a PEM text, as DER. Raises NotUsable."""
    try:
        (certificate,) = x509.load_pem_x509_certificates(raw)
    except ValueError:
        raise NotUsable("The file does not hold one certificate in PEM.") from None
    return certificate.public_bytes(Encoding.DER)


def in_force(certificate: bytes, now: int) -> bool:
    """Whether this is a certificate whose time has begun and is not over."""
    try:
        read = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return False
    return read.not_valid_before_utc <= _moment(now) <= read.not_valid_after_utc


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now / SECOND, UTC)


class Authorities:
    """The authorities whose certificates are believed. Raises NotUsable when the PEM text holds none."""

    def __init__(self, pem: bytes) -> None:
        try:
            self._store = verification.Store(x509.load_pem_x509_certificates(pem))
        except ValueError:
            raise NotUsable("The file does not hold certificates in PEM.") from None

    def verified(self, certificate: bytes, chain: Iterable[bytes], now: int) -> x509.Certificate | None:
        """The client's certificate, when it leads to one of the authorities at `now` and is for clients."""
        try:
            leaf = x509.load_der_x509_certificate(certificate)
            above = [x509.load_der_x509_certificate(each) for each in chain]
            verifier = (
                verification.PolicyBuilder()
                .store(self._store)
                .time(_moment(now))
                .max_chain_depth(CHAIN_MAX)
                .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_CLIENTS)
                .build_client_verifier()
            )
            verifier.verify(leaf, above)
        except (ValueError, verification.VerificationError, x509.UnsupportedGeneralNameType):
            return None
        return leaf


def check_subject(text: str) -> str:
    """A subject as it is held: its form, a colon, and the name, in one spelling. Raises NotUsable."""
    form, colon, name = text.partition(":")
    if not colon or form not in FORMS or not name or len(text) > SUBJECT_LENGTH_MAX:
        raise NotUsable(f"A subject is one of {', '.join(FORMS)}, a colon, and the name.")
    try:
        match form:
            case "subject":
                name = x509.Name.from_rfc4514_string(name).rfc4514_string()
            case "san_ip":
                name = str(ipaddress.ip_address(name))
            case "san_dns":
                name = x509.DNSName(name.lower()).value
            case "san_uri":
                name = x509.UniformResourceIdentifier(name).value
            case _:
                name = x509.RFC822Name(name).value
    except ValueError:
        raise NotUsable(f"The name is none that a certificate can have as its {form}.") from None
    return f"{form}:{name}"


def named(certificate: x509.Certificate, subject: str) -> bool:
    """Whether a certificate has this subject, as `check_subject` spells it; a wildcard names itself only."""
    form, _, name = subject.partition(":")
    if form == "subject":
        return certificate.subject.rfc4514_string() == name
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if form == "san_ip":
        return any(str(each) == name for each in extension.get_values_for_type(x509.IPAddress))
    if form == "san_dns":
        return any(each.lower() == name for each in extension.get_values_for_type(x509.DNSName))
    if form == "san_uri":
        return name in extension.get_values_for_type(x509.UniformResourceIdentifier)
    return form == "san_email" and name in extension.get_values_for_type(x509.RFC822Name)
