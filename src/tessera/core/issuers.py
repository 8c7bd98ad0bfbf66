"""The issuer: the address by which callers reach the service, compared byte for byte wherever it stands."""

from urllib.parse import urlsplit

LENGTH_MAX = 255

_LOOPBACK = ("localhost", "::1")


def loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    return host in _LOOPBACK or host.startswith("127.")


def check(issuer: str) -> str:
    """The issuer as it is. Raises ValueError, with a sentence, when it cannot be one (RFC 8414 section 2)."""
    if not issuer.isascii() or not issuer.isprintable() or " " in issuer or len(issuer) > LENGTH_MAX:
        raise ValueError(f"the issuer is at most {LENGTH_MAX} printable characters without spaces")
    if any(each in issuer for each in '?#\\"<>'):
        raise ValueError("the issuer has no query and no fragment")
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        raise ValueError("the issuer is an address as https://id.example.com")
    if parts.scheme == "http" and not loopback(host):
        raise ValueError("the issuer begins with https://, since http:// does beyond this machine not keep a secret")
    if issuer.endswith("/"):
        raise ValueError("the issuer has no slash at its end: it is compared byte for byte")
    if parts.netloc != parts.netloc.lower() or _has_default_port(parts.scheme, parts.port):
        raise ValueError("the issuer's host is in lower case and without the port that goes without saying")
    return issuer


def _has_default_port(scheme: str, port: int | None) -> bool:
    return port == {"http": 80, "https": 443}[scheme]


def local(host: str, port: int, scheme: str = "http") -> str:
    """The issuer of a service that is reached on this machine only."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
