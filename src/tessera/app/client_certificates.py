"""Clients that prove themselves by the certificate of their connection (RFC 8705)."""

from tessera.app.house import House
from tessera.core.applications import Application
from tessera.core.credentials import Certificate


def match(_house: House, _application: Application, _presented: Certificate, _now: int) -> tuple[int | None, str]:
    """The number of the credential that the certificate fits, or None and why not."""
    return None, "no credential of the client fits the certificate"
