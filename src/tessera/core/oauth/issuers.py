"""The issuer: the address by which callers reach the service, compared byte for byte wherever it stands."""

from ipaddress import ip_address
from urllib.parse import SplitResult

from tessera.core import urls

LENGTH_MAX = 255

_DEFAULT_PORTS = {"http": 80, "https": 443}


def loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check(issuer: str, what: str = "issuer") -> str:
    """The issuer as it is. Raises ValueError, with a sentence, when it cannot be one (RFC 8414 section 2).

    `what` is what the sentence calls it.
    """
    if not issuer.isascii() or not issuer.isprintable() or " " in issuer or len(issuer) > LENGTH_MAX:
        raise ValueError(f"the {what} is at most {LENGTH_MAX} printable characters without spaces")
    if any(each in issuer for each in '?#\\"<>'):
        raise ValueError(f"the {what} has no query and no fragment")
    parts, port = _parts(issuer, what)
    host = parts.hostname or ""
    if not issuer.startswith(("https://", "http://")) or not host or parts.username is not None:
        raise ValueError(f"the {what} is an address as https://id.example.com")
    if parts.scheme == "http" and not loopback(host):
        raise ValueError(f"the {what} begins with https://: beyond this machine http:// keeps no secret")
    if issuer.endswith("/"):
        raise ValueError(f"the {what} has no slash at its end: it is compared byte for byte")
    if parts.netloc != parts.netloc.lower() or port == _DEFAULT_PORTS[parts.scheme]:
        raise ValueError(f"the {what}'s host is in lower case, without the port that goes without saying")
    return issuer


def _parts(issuer: str, what: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urls.split(issuer)
    except ValueError:
        raise ValueError(f"the {what} is an address as https://id.example.com, with a port from 1 to 65535") from None
    return parts, parts.port


def local(host: str, port: int, scheme: str = "http") -> str:
    """The issuer of a service that is reached on this machine only."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
