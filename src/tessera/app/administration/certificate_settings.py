"""Settings without which clients' certificates are not taken."""

from collections.abc import Sequence

from tessera.ops.log import log
from tessera.settings import Settings


def ignored(settings: Settings, applications: Sequence[str]) -> str:
    """Why certificates are not taken though somebody counts on them, as a sentence; empty when all is well.

    `applications` are the names of those that need theirs to be handed over.
    """
    if settings.client_certificate_proxies:
        return ""
    remedy = (
        "the setting client_certificate_proxies names no proxy, so the header Client-Cert is believed from nobody. Name"
        " the proxy that ends TLS there; that it is one of trusted_proxies is not enough."
    )
    if applications:
        others = f" and {len(applications) - 1} more" if len(applications) > 1 else ""
        return f"{applications[0]}{others} cannot use certificates: {remedy}"
    return f"mtls_ca_file is set, but {remedy}" if settings.mtls_ca_file is not None else ""


def report(settings: Settings, applications: Sequence[str]) -> None:
    """Say in the log that certificates are not taken though somebody counts on them."""
    reason = ignored(settings, applications)
    if reason:
        log.warning("client_certificates_ignored", reason=reason)
