"""TLS by certificate files: what clients verify, what replaces what, what is refused."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.command import one_sentence, spawn
from tests.support import raw
from tests.support.authority import Authority
from tests.support.operator import Operated, operated, until
from tests.support.server import free_port


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that clients trust."""
    return Authority(tmp_path)


@pytest.fixture
def served(tmp_path: Path, authority: Authority) -> Iterator[Operated]:
    """A server with two workers and a certificate named `served`."""
    certificate, key = authority.issue("served")
    files = {"TESSERA_TLS_CERTIFICATE_FILE": str(certificate), "TESSERA_TLS_KEY_FILE": str(key)}
    with operated(tmp_path / "data", "--workers", "2", **files) as running:
        until(lambda: running.number("tessera_workers"), lambda workers: workers == 2)
        yield running


def trusting(authority: Authority) -> ssl.SSLContext:
    """A client that trusts this authority alone."""
    return ssl.create_default_context(cafile=str(authority.file))


def connected(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A connection whose certificate was verified."""
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60), server_hostname="127.0.0.1")


def shown(port: int, context: ssl.SSLContext) -> str:
    """The name in the certificate that a new connection is shown."""
    with connected(port, context) as connection:
        certificate = connection.getpeercert()
        assert certificate is not None
        return str(dict(part for row in certificate["subject"] for part in row)["commonName"])  # type: ignore[misc]  # the standard library does not say more


def put(authority: Authority, name: str, served: str = "served", **moments: float) -> None:
    """Put a new pair in the place of the one that is served."""
    certificate, key = authority.issue(name, **moments)
    certificate.replace(certificate.with_name(f"{served}.pem"))
    key.replace(key.with_name(f"{served}.key"))


def test_a_client_that_verifies_gets_its_token(served: Operated, authority: Authority) -> None:
    """A client library verifies the certificate, asks for tokens and reads with them; many at once too."""
    demo = served.server.demo
    with httpx.Client(verify=trusting(authority), base_url=served.server.url, timeout=60) as client:
        for _ in range(20):
            answer = client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(demo["client_id"], demo["client_secret"]),
            )
            token = answer.raise_for_status().json()["access_token"]
        read = client.get(
            f"/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}",
            headers={"Authorization": f"Bearer {token}"},
        )
    assert read.status_code == 200
    assert served.server.url.startswith("https://")
    assert f"Listening on {served.server.url}" in served.server.output
    with connected(served.server.port, trusting(authority)) as connection:
        connection.sendall(raw.request("GET", "/nothing") * 50)
        received = b""
        while received.count(b"HTTP/1.1 404") < 50:
            received += connection.recv(65536)
    with pytest.raises(httpx.TransportError):
        httpx.get(served.server.url.replace("https", "http"), timeout=60)


def test_old_versions_are_refused(served: Operated, authority: Authority) -> None:
    """TLS 1.2 and 1.3 are spoken; 1.0 and 1.1 are not, nor a cipher without forward secrecy."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = trusting(authority)
        context.minimum_version = context.maximum_version = version
        assert shown(served.server.port, context) == "served"
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = trusting(authority)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="deprecated"):
            context.minimum_version = version
        with pytest.warns(DeprecationWarning, match="deprecated"):
            context.maximum_version = version
        with pytest.raises(ssl.SSLError):
            connected(served.server.port, context)
    context = trusting(authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA:AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connected(served.server.port, context)


def test_a_new_pair_is_taken_and_open_connections_go_on(served: Operated, authority: Authority) -> None:
    """Files that are replaced are served to new connections by every worker; those that are open stay as they are."""
    context = trusting(authority)
    port = served.server.port
    with connected(port, context) as kept:
        kept.sendall(raw.request("GET", "/nothing"))
        assert kept.recv(65536).startswith(b"HTTP/1.1 404")
        put(authority, "renewed")
        until(lambda: len(served.events("certificate_loaded")), lambda taken: taken >= 2)
        assert {shown(port, context) for _ in range(20)} == {"renewed"}
        kept.sendall(raw.request("GET", "/nothing"))
        assert kept.recv(65536).startswith(b"HTTP/1.1 404")
        assert dict(part for row in kept.getpeercert()["subject"] for part in row)["commonName"] == "served"  # type: ignore[index,misc]  # likewise


def test_a_bad_new_pair_is_told_and_the_old_one_stays(served: Operated, authority: Authority, tmp_path: Path) -> None:
    """An ended certificate, a key that is not its own, or a file that is none: told once a worker, and no harm done."""
    context = trusting(authority)
    port = served.server.port
    put(authority, "ended", begins=-3, ends=-1)
    told = until(lambda: served.events("certificate_rejected"), lambda events: len(events) >= 2)
    assert "ended at" in told[0]["reason"]
    assert {shown(port, context) for _ in range(10)} == {"served"}
    authority.issue("other")[1].replace(tmp_path / "served.key")
    told = until(lambda: served.events("certificate_rejected"), lambda events: len(events) >= 4)
    assert "is not that of" in told[-1]["reason"]
    (tmp_path / "served.pem").unlink()
    told = until(lambda: served.events("certificate_rejected"), lambda events: len(events) >= 6)
    assert "cannot be read" in told[-1]["reason"]
    assert {shown(port, context) for _ in range(10)} == {"served"}
    put(authority, "mended")
    until(lambda: shown(port, context), lambda name: name == "mended")


def test_what_cannot_be_served_refuses_the_start(authority: Authority, tmp_path: Path) -> None:
    """A missing file, one file of two, a foreign key, an ended certificate, a text: each ends in one sentence."""
    certificate, key = authority.issue("good")
    ended = authority.issue("ended", begins=-3, ends=-1)
    early = authority.issue("early", begins=1, ends=3)
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    cases: dict[str, list[str | Path]] = {
        "both files": ["--tls-certificate-file", certificate],
        "cannot be read": ["--tls-certificate-file", tmp_path / "none.pem", "--tls-key-file", key],
        "is not that of": ["--tls-certificate-file", certificate, "--tls-key-file", ended[1]],
        "ended at": ["--tls-certificate-file", ended[0], "--tls-key-file", ended[1]],
        "begins at": ["--tls-certificate-file", early[0], "--tls-key-file", early[1]],
        "do not hold": ["--tls-certificate-file", text, "--tls-key-file", key],
    }
    for said, flags in cases.items():
        done = spawn("serve", "--port", str(free_port()), "--data-dir", tmp_path / "data", *flags)
        assert said in one_sentence(done)


@pytest.mark.parametrize(("seconds", "header"), [(None, "max-age=31536000"), ("60", "max-age=60"), ("0", None)])
def test_browsers_are_told_to_keep_to_https(
    tmp_path: Path, authority: Authority, seconds: str | None, header: str | None
) -> None:
    """Every answer over TLS of the server's own says so, pages, refusals and what is no HTTP included."""
    certificate, key = authority.issue("served")
    files = {"TESSERA_TLS_CERTIFICATE_FILE": str(certificate), "TESSERA_TLS_KEY_FILE": str(key)}
    chosen = {} if seconds is None else {"TESSERA_HSTS_MAX_AGE_SECONDS": seconds}
    with operated(tmp_path / "data", **files, **chosen) as running:
        with httpx.Client(verify=trusting(authority), base_url=running.server.url, timeout=60) as client:
            answers = [client.get(path) for path in ("/docs", "/nowhere", "/.well-known/oauth-authorization-server")]
            answers.append(client.post("/oauth/token"))
        assert [answer.headers.get("strict-transport-security") for answer in answers] == [header] * 4
        with connected(running.server.port, trusting(authority)) as wire:
            wire.sendall(b"nonsense\r\n\r\n")
            malformed = wire.recv(4096)
        assert malformed.startswith(b"HTTP/1.1 400 ")
        assert (b"strict-transport-security" in malformed) == (header is not None)


def test_answers_without_tls_say_nothing_of_https(tmp_path: Path) -> None:
    """Over http the header would count for nothing (RFC 6797 section 7.2)."""
    with operated(tmp_path / "data") as running:
        assert "strict-transport-security" not in httpx.get(f"{running.server.url}/docs", timeout=60).headers
