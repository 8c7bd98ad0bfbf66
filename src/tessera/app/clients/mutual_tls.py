"""Clients that prove themselves by the certificate of their connection (RFC 8705 section 2)."""

from tessera.app.context import Context
from tessera.core.clients import certificates
from tessera.core.clients.applications import Application, CredentialKind
from tessera.core.clients.credentials import Certificate


def match(context: Context, application: Application, presented: Certificate, now: int) -> tuple[int | None, str]:
    """The number of the credential that the certificate fits, or None and why not.

    A certificate that is registered itself needs nobody above it; one that is named by its subject must lead to an
    authority of ours.
    """
    certificate = presented.certificate
    if not certificates.in_force(certificate, now):
        return None, "the certificate cannot be read, or its time has not begun or is over"
    live = [each for each in application.credentials if each.live(now)]
    for each in live:
        if each.kind is CredentialKind.CERTIFICATE and certificates.same(certificate, each.digest):
            return each.number, ""
    subjects = [each for each in live if each.kind is CredentialKind.TLS_SUBJECT]
    if context.authorities is None:
        no_authority = "; the setting mtls_ca_file, by which subjects could be proved, is not set" if subjects else ""
        return None, f"no credential of the client fits the certificate{no_authority}"
    verified = context.authorities.verified(certificate, presented.chain, now)
    if verified is None:
        return None, "no credential of the client fits the certificate, which leads to no authority of mtls_ca_file"
    for each in subjects:
        if certificates.named(verified, each.digest.decode()):
            return each.number, ""
    return None, "no credential of the client fits the certificate"
