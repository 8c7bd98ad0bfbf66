"""Request targets and hosts: odd ones change no answer, and malformed ones are refused."""

import pytest

from tests.adversarial.test_raw_http import HEAD, assert_token, form, length
from tests.support import raw
from tests.support.raw import Wire
from tests.support.target import Target


def test_a_whole_address_as_the_target_changes_nothing(target: Target) -> None:
    """RFC 9112 section 3.2.2: the absolute form is served, whatever host it names."""
    body = form(target)
    assert_token(target, HEAD.replace(b"/oauth", b"http://evil.example/oauth") + length(body) + b"\r\n" + body)


@pytest.mark.parametrize(
    "host",
    [b"evil.example", b"evil.example:1", b"a:", b"[::1]", b"%00", b"a" * 255, b"a;b", b"%3Cscript%3E"],
)
def test_an_odd_host_changes_nothing(target: Target, host: bytes) -> None:
    """The path is what it is, no header or body repeats the host, and refusals stay what they are."""
    body = form(target)
    known = HEAD.replace(b"tessera.test", host)
    forwarded = b"X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\n"
    for data, status in (
        (known + forwarded + length(body) + b"\r\n" + body, 200),
        (known.replace(b"POST", b"GET") + b"\r\n", 405),
        (known.replace(b"/oauth/token", b"/nowhere") + length(b"") + b"\r\n", 404),
        (b"GET /priv/v1/apps/a/users/b HTTP/1.1\r\nHost: " + host + b"\r\n\r\n", 401),
    ):
        with Wire(target.port) as wire:
            wire.send(data)
            answer = wire.answered()
            assert answer.status == status, answer
            told = repr(answer.headers) + answer.body.decode()
            assert "evil" not in told
            assert len(host) < 5 or host.decode("latin-1") not in told


@pytest.mark.parametrize(
    "host",
    [
        b"127.0.0.1@evil.example", b"a/oauth/nothing", b"a?b", b"a#b", b"", b"\xe9", b"a" * 4000, b"<script>",
        b"/../../", b"evil.example/priv/v1/apps?x=", b"a, b", b"a b", b"a:http", b"a:0", b"a:65536",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(target: Target, host: bytes) -> None:
    """A request for what is no host is refused with what Host can be, and without repeating it (RFC 9112 3.2)."""
    body = form(target)
    with Wire(target.port) as wire:
        wire.send(HEAD.replace(b"tessera.test", host) + length(body) + b"\r\n" + body)
        answer = wire.answered()
        assert answer.status == 400
        assert b"the header Host is sent once, with a name or address in it" in answer.body
        assert len(host) < 5 or host not in answer.body
        assert wire.closed()


@pytest.mark.parametrize(
    "target_path",
    [
        "/%zz%ff/%00",
        "/a%2f..%2foauth%2ftoken",
        "/..//oauth/token",
        "/oauth/token;a=b",
        "*",
        "/priv/v1/apps/%ff/users/%00",
    ],
)
def test_an_odd_path_is_not_found(target: Target, target_path: str) -> None:
    """Whatever its encoding, a path that is not an address of ours is 404."""
    assert raw.ask(target.port, "OPTIONS" if target_path == "*" else "POST", target_path).status == 404
