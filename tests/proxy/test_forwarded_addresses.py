"""Client addresses behind a real nginx: told by a trusted one, and by nobody else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tessera.app.clients import limit_settings
from tessera.app.clients.applications import Issued
from tessera.app.clients.limit_settings import LimitChanges
from tests.proxy.nginx import ADDRESS, proxy
from tests.support import operator_session, raw
from tests.support.raw import Answer
from tests.support.server import Server, running

LISTED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
FORWARDED = 'proxy_set_header Forwarded "for=$remote_addr;proto=$scheme";'
PRETENDED = "proxy_set_header X-Forwarded-For $http_x_client;"
"""Has nginx say of its client what a test wants it to: from another address no test can come."""

OFFICE = "192.0.2.7"


class Behind:
    """A server that trusts nginx, and another that trusts nobody."""

    def __init__(self, trusting: Server, wary: Server) -> None:
        self.trusting = trusting
        self.wary = wary

    def partner(self, server: Server, name: str, **wanted: Any) -> Issued:
        """A new application with these limits."""
        made = operator_session.make_partner(server.folder, name)
        operator_session.do(server.folder, lambda context: limit_settings.change(context, name, LimitChanges(**wanted)))
        return made


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """The two servers."""
    folder = tmp_path_factory.mktemp("behind")
    few = {"TESSERA_FAILED_ATTEMPTS_MAX": "10"}
    with (
        running(folder / "trusting", "--trusted-proxy", ADDRESS, "--trusted-proxy", "10.0.0.0/8", **few) as trusting,
        running(folder / "wary", **few) as wary,
    ):
        yield Behind(trusting, wary)


def asked(port: int, made: Issued, *headers: tuple[str, str], secret: str | None = None) -> Answer:
    """A token request through whatever listens on this port."""
    form = f"grant_type=client_credentials&client_id={made.client_id}&client_secret={secret or made.client_secret}"
    return raw.ask(port, "POST", "/oauth/token", form.encode(), [raw.FORM, *headers])


@pytest.mark.parametrize("line", [LISTED, FORWARDED])
def test_the_client_is_who_nginx_says(behind: Behind, tmp_path: Path, line: str) -> None:
    """Behind a trusted nginx that writes the header, the client is nginx's client: here the loopback."""
    here = behind.partner(behind.trusting, f"here {line[17]}", networks=("127.0.0.1",))
    elsewhere = behind.partner(behind.trusting, f"elsewhere {line[17]}", networks=(OFFICE, ADDRESS))
    with proxy(tmp_path / "nginx", behind.trusting.port, line) as port:
        assert asked(port, here).status == 200
        for spoofed in (("X-Forwarded-For", OFFICE), ("Forwarded", f"for={OFFICE}"), ("X-Real-IP", OFFICE)):
            assert asked(port, elsewhere, spoofed).status == 401, f"{spoofed[0]} was believed"


def test_an_address_that_nginx_hands_over_is_the_client_s(behind: Behind, tmp_path: Path) -> None:
    """Networks are held against the address that nginx saw, with proxies before it that are trusted too."""
    made = behind.partner(behind.trusting, "from the office", networks=(OFFICE, "2001:db8::/32"))
    with proxy(tmp_path / "nginx", behind.trusting.port, PRETENDED) as port:
        for said, status in (
            (OFFICE, 200),
            (f"198.51.100.1, {OFFICE}, 10.1.2.3", 200),
            ("2001:db8::7", 200),
            (f"{OFFICE}, 198.51.100.1", 401),
            ("198.51.100.1", 401),
            ("unknown", 401),
            ("", 401),
        ):
            assert asked(port, made, ("X-Client", said)).status == status, said


def test_nobody_else_s_word_is_taken(behind: Behind, tmp_path: Path) -> None:
    """Without a trusted proxy, with nginx in front or none, the source is the connection's other end."""
    made = behind.partner(behind.wary, "wary", networks=("127.0.0.1", ADDRESS))
    elsewhere = behind.partner(behind.wary, "wary elsewhere", networks=(OFFICE,))
    spoofs = [
        ("X-Forwarded-For", OFFICE),
        ("Forwarded", f"for={OFFICE};host=evil.example;proto=https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
    ]
    assert asked(behind.wary.port, made, *spoofs).status == 200
    with proxy(tmp_path / "nginx", behind.wary.port, PRETENDED) as port:
        assert asked(port, made, ("X-Client", OFFICE)).status == 200
        assert asked(port, elsewhere, ("X-Client", OFFICE)).status == 401
    assert asked(behind.wary.port, elsewhere, *spoofs).status == 401


def test_no_host_or_scheme_of_such_headers_is_told(behind: Behind, tmp_path: Path) -> None:
    """What the service says of its own address is the same whatever the headers say, also from a trusted proxy."""
    said = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Port", "1234"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Forwarded", "for=192.0.2.7;host=evil.example;proto=gopher"),
    ]
    with proxy(tmp_path / "nginx", behind.trusting.port) as trusted:
        for port in (trusted, behind.trusting.port, behind.wary.port):
            for path in ("/openapi.json", "/docs", "/.well-known/oauth-authorization-server", "/oauth/token"):
                plain = raw.ask(port, "GET", path)
                spoofed = raw.ask(port, "GET", path, b"", said)
                assert (plain.status, plain.body) == (spoofed.status, spoofed.body)
                assert b"evil" not in spoofed.body
                assert not [value for _, value in spoofed.headers if "evil" in value or "gopher" in value]
            assert raw.ask(port, "GET", "/openapi.json", b"", said).status == 200


def test_a_flood_is_slowed_by_client_and_not_by_proxy(behind: Behind, tmp_path: Path) -> None:
    """Wrong secrets of one address behind nginx slow that address; a forged header does not make it another one."""
    made = behind.partner(behind.trusting, "flooded behind nginx")
    with proxy(tmp_path / "nginx", behind.trusting.port, LISTED) as port:
        statuses = [
            asked(port, made, ("X-Forwarded-For", f"198.51.100.{number}"), secret="wrong").status
            for number in range(30)
        ]
        assert statuses[:10] == [401] * 10
        assert 429 in statuses
        assert asked(port, made).status == 200
    with proxy(tmp_path / "other", behind.trusting.port, PRETENDED) as port:
        assert asked(port, made, ("X-Client", "198.51.100.77"), secret="wrong").status == 401
