"""The issuer: what may be one, and what may not."""

import pytest

from tessera.core.oauth import issuers


@pytest.mark.parametrize(
    "issuer",
    [
        "https://id.example.com",
        "https://id.example.com:8443",
        "https://id.example.com/tenants/one",
        "http://127.0.0.1:8000",
        "http://localhost:8000",
        "http://[::1]:8000",
    ],
)
def test_an_issuer_stays_as_it_is(issuer: str) -> None:
    """What may be an issuer is not touched, byte for byte."""
    assert issuers.check(issuer) == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "id.example.com",
        "https://",
        "ftp://id.example.com",
        "http://id.example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://192.168.0.1:8000",
        "http://0.0.0.0:8000",
        "https://id.example.com/",
        "https://id.example.com/one/",
        "https://id.example.com?",
        "https://id.example.com?a=b",
        "https://id.example.com#",
        "https://id.example.com#part",
        "https://user@id.example.com",
        "https://ID.example.com",
        "HTTPS://id.example.com",
        "https://id.example.com:443",
        "http://127.0.0.1:80",
        "https://:8443",
        "https://id.example.com:port",
        "https://id.example.com:99999",
        "https://id.example.com:0",
        "https://id.example.com/a b",
        'https://id.example.com/"',
        "https://id.example.com/\\",
        "https://id.example.com/<one",
        "https://id.example.com/one>",
        "https://id.example.com\n",
        "https://idé.example.com",
        "https://id.example.com/" + "a" * 255,
        "https://[::1",
    ],
)
def test_what_cannot_be_an_issuer_is_refused(issuer: str) -> None:
    """Another scheme, plain HTTP beyond this machine, a query, a fragment, a slash at the end, a second spelling."""
    with pytest.raises(ValueError, match="issuer"):
        issuers.check(issuer)


def test_the_local_issuer_is_one() -> None:
    """The issuer of a service on this machine passes its own check."""
    for host in ("127.0.0.1", "::1", "localhost"):
        assert issuers.check(issuers.local(host, 8000)).endswith(":8000")
