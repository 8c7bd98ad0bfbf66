"""Heads that HTTP forbids, offers of other protocols, and second spellings of an address."""

import json

import pytest

from tests.adversarial.test_raw_http import HEAD, assert_refused_and_closed, chunks, form, length
from tests.support.raw import Wire
from tests.support.target import Target

HOST = b"Host: tessera.test\r\n"


@pytest.mark.parametrize("hosts", [b"", HOST * 2, HOST + b"hOST: other.test\r\n"])
def test_a_request_names_its_host_once(target: Target, hosts: bytes) -> None:
    """Without a Host, or with two, a request of HTTP/1.1 is refused (RFC 9112 section 3.2)."""
    body = form(target)
    assert_refused_and_closed(target, HEAD.replace(HOST, hosts) + length(body) + b"\r\n" + body)


def test_an_old_request_needs_no_host(target: Target) -> None:
    """HTTP/1.0 knew no Host."""
    body = form(target)
    with Wire(target.port) as wire:
        wire.send(HEAD.replace(HOST, b"").replace(b"HTTP/1.1", b"HTTP/1.0") + length(body) + b"\r\n" + body)
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 200


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"chunked, chunked", b"gzip"])
def test_a_coding_of_the_body_that_is_not_known_is_refused(target: Target, coding: bytes) -> None:
    """Only `chunked` is undone; a body in another coding is not taken for what it is not."""
    fields = b"Transfer-Encoding: " + coding + b"\r\n\r\n"
    assert_refused_and_closed(target, HEAD + fields + chunks(form(target)))


@pytest.mark.parametrize(
    "offer",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n",
        b"connection: upgrade\r\nUPGRADE: websocket\r\n",
        b"Upgrade: h2c\r\n",
    ],
)
def test_an_offer_to_upgrade_ends_the_connection(target: Target, offer: bytes) -> None:
    """Without a body it is answered, with one refused; whatever follows is no request of ours."""
    body = form(target)
    follows = HEAD + length(body) + b"\r\n" + body
    with Wire(target.port) as wire:
        wire.send(b"GET /oauth/token HTTP/1.1\r\n" + HOST + offer + b"\r\n")
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 405
        assert answer.header("connection") == "close"
        assert wire.closed()
    for sent in (length(follows), b"Transfer-Encoding: chunked\r\n"):
        assert_refused_and_closed(target, HEAD + offer + sent + b"\r\n" + follows)


def test_an_offer_in_a_body_is_a_body(target: Target) -> None:
    """What looks like an offer inside a body is left as it is."""
    body = form(target) + b"&note=%0D%0A\r\nUpgrade: h2c"
    assert_refused = HEAD + length(body) + b"\r\n" + body
    with Wire(target.port) as wire:
        wire.send(assert_refused)
        answer = wire.answer()
        assert answer is not None
        assert "control character" in json.loads(answer.body)["error_description"]


@pytest.mark.parametrize(
    "path", [b"/oauth%2Ftoken", b"/oauth/%74oken", b"/%6fauth/token", b"/oauth/token//", b"/oauth/./token"]
)
def test_an_address_has_one_spelling(target: Target, path: bytes) -> None:
    """Another spelling of the token endpoint's address leads nowhere: no rule of a proxy can be walked around."""
    body = form(target)
    with Wire(target.port) as wire:
        wire.send(HEAD.replace(b"/oauth/token", path) + length(body) + b"\r\n" + body)
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 404
