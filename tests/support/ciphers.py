"""Which ciphers and versions of TLS a server takes, found out by offering it each that there is, alone."""

import socket
import ssl
import warnings

RECOMMENDED = {
    "ECDSA": {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    "RSA": {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"},
}
"""What RFC 9325 section 4.2 recommends, by the kind of the server's key."""

LIST = ":".join(f"ECDHE-{kind}-AES{bits}" for bits in ("128-GCM-SHA256", "256-GCM-SHA384") for kind in ("ECDSA", "RSA"))
"""All of it, as configurations write it."""

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


def known() -> list[str]:
    """All that the library can offer below TLS 1.3: without forward secrecy, without encryption, without a key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(EVERYTHING)
    return [each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]


def taken(port: int) -> set[str]:
    """Those that the server at this port of the loopback takes."""
    return {name for name in known() if _takes(port, f"{name}:@SECLEVEL=0", ssl.TLSVersion.TLSv1_2)}


def takes_older(port: int) -> bool:
    """Whether it speaks a TLS before 1.2, with whichever cipher."""
    return any(_takes(port, EVERYTHING, version) for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1))


def _takes(port: int, offered: str, newest: ssl.TLSVersion) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is why nobody should take them
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    context.set_ciphers(offered)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            with context.wrap_socket(connection) as secured:
                return secured.cipher() is not None
        except (ssl.SSLError, ConnectionError):
            return False
