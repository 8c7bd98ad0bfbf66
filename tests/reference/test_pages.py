"""What the reference's addresses answer: types, policy, caching, and nothing that is loaded from elsewhere."""

import gzip
import http.client
import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tessera.web.reference.pages import FOLDER, files
from tests.support.server import Server, start_bare

ADDRESSES = ("/openapi.json", "/docs", "/docs/page.css", "/docs/main.js")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_answered_and_kept(server: Server, address: str) -> None:
    """Anybody gets a page, may keep it for a minute, and is answered 304 when it is still the same."""
    got = httpx.get(server.url + address, timeout=60)
    head = httpx.head(server.url + address, timeout=60)
    again = httpx.get(server.url + address, headers={"If-None-Match": f'"other", {got.headers["etag"]}'}, timeout=60)
    other = httpx.get(server.url + address, headers={"If-None-Match": '"other"'}, timeout=60)

    assert (got.status_code, head.status_code, again.status_code, other.status_code) == (200, 200, 304, 200)
    assert re.fullmatch(r'"[0-9a-f]{32}-gzip"', got.headers["etag"])
    assert got.headers["cache-control"] == "public, max-age=60"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert (head.content, again.content) == (b"", b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert "content-length" not in again.headers
    assert again.headers["etag"] == got.headers["etag"]
    assert httpx.post(server.url + address, timeout=60).status_code == 405


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_compressed_for_who_takes_it(server: Server, address: str) -> None:
    """Both forms say the same, have tags of their own, and tell caches what they depend on, as 304 does."""
    plain = httpx.get(server.url + address, headers={"Accept-Encoding": "identity"}, timeout=60)
    packed = httpx.get(server.url + address, headers={"Accept-Encoding": "gzip"}, timeout=60)
    tags = [each.headers["etag"] for each in (plain, packed)]

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert int(packed.headers["content-length"]) * 2 < len(plain.content)
    assert tags[1] == tags[0][:-1] + '-gzip"'
    for encoding, tag, status in (
        ("identity", tags[0], 304),
        ("identity", tags[1], 200),
        ("gzip", tags[1], 304),
        ("gzip", tags[0], 200),
    ):
        again = httpx.get(server.url + address, headers={"Accept-Encoding": encoding, "If-None-Match": tag}, timeout=60)
        assert (again.status_code, again.headers["vary"]) == (status, "accept-encoding"), (encoding, tag)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ([], False),
        ([""], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["deflate, br, gzip;q=0.5"], True),
        (["br", "gzip"], True),
        (["*"], True),
        (["br"], False),
        (["gzip;q=0"], False),
        (["gzip; q=0.000, *"], False),
        (["*;q=0"], False),
        (["identity, notgzip"], False),
    ],
)
def test_a_client_says_what_it_takes(server: Server, accepted: list[str], packed: bool) -> None:
    """`Accept-Encoding` is read with its weights, in one line or several; without it nothing is compressed."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.putrequest("GET", "/openapi.json", skip_accept_encoding=True)
        for each in accepted:
            connection.putheader("Accept-Encoding", each)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()

    assert answer.headers["Content-Encoding"] == ("gzip" if packed else None)
    assert json.loads(gzip.decompress(body) if packed else body)["openapi"] == "3.1.0"


def test_a_connection_goes_on_after_an_answer_without_a_body(server: Server) -> None:
    """On one connection, what comes after a 304 is read as it should be."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        tag = client.get("/docs").headers["etag"]
        assert [client.get("/docs", headers={"If-None-Match": tag}).status_code for _ in range(3)] == [304] * 3
        assert client.get("/openapi.json").json()["openapi"] == "3.1.0"


def test_the_page_may_load_and_reach_this_server_only(server: Server) -> None:
    """The policy of the page allows our own scripts and styles, and lets nobody frame it."""
    for address in ADDRESSES[1:]:
        policy = httpx.get(server.url + address, timeout=60).headers["content-security-policy"]
        assert policy == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
            " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )


def test_only_the_files_of_the_page_are_served(server: Server) -> None:
    """No other file can be had below the page's address."""
    for name in ("nothing.js", "..%2fpages.py", "%2e%2e", "index.html%00.js", "__init__.py"):
        assert httpx.get(f"{server.url}/docs/{name}", timeout=60).status_code == 404


def test_the_page_names_no_other_host() -> None:
    """No file of the page has an address of another host, a script or style in the page, or makes HTML of a text."""
    for name, body in files().items():
        text = body.decode()
        assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", text.replace("http://www.w3.org/2000/svg", "")) == [], (
            name
        )
        assert (
            re.findall(r"<style|<script>|\son\w+=|\sstyle=|innerHTML|outerHTML|insertAdjacentHTML|eval\(", text) == []
        ), name


def test_every_file_of_the_page_is_used() -> None:
    """Each file is named by another one, but the page itself."""
    texts = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}

    for name in texts:
        assert name == "index.html" or [other for other, text in texts.items() if other != name and name in text], name


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "Text/HTML;q=0.5", "application/json, text/html;q=0.9"])
def test_a_browser_gets_a_page_at_the_root(server: Server, accept: str) -> None:
    """Who asks for HTML is told what this is and where the documentation stands; every link leads somewhere."""
    got = httpx.get(f"{server.url}/", headers={"Accept": accept}, timeout=60)

    assert (got.status_code, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert got.headers["content-security-policy"].startswith("default-src 'none'")
    assert got.headers["vary"] == "accept, accept-encoding"
    assert httpx.head(f"{server.url}/", headers={"Accept": accept}, timeout=60).status_code == 200
    again = httpx.get(f"{server.url}/", headers={"Accept": accept, "If-None-Match": got.headers["etag"]}, timeout=60)
    assert again.status_code == 304
    links = [each for each in re.findall(r'(?:href|src)="([^"]+)"', got.text) if not each.startswith("data:")]
    assert "docs" in links
    for link in links:
        assert httpx.get(f"{server.url}/{link}", timeout=60).status_code == 200, link


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html;q=0, */*", "text/htmlx", ",;,text/html;q=0.000", "\xff", ""]
)
def test_a_program_gets_what_it_got_at_the_root(server: Server, accept: str) -> None:
    """A caller that does not ask for HTML is answered at `/` as at any address that nothing answers at."""
    headers = [(b"Accept", accept.encode("latin-1"))]
    got = httpx.get(f"{server.url}/", headers=headers, timeout=60)
    elsewhere = httpx.get(f"{server.url}/nowhere", headers=headers, timeout=60)

    assert (got.status_code, got.content) == (404, elsewhere.content)
    assert len(got.headers["x-request-id"]) == 32
    assert got.headers.keys() == elsewhere.headers.keys()


def test_examples_exist_and_are_no_secrets(server: Server) -> None:
    """A demonstration tells ids by which a call can be tried, and nothing that opens anything."""
    demo, found = server.demo, httpx.get(f"{server.url}/docs/examples.json", timeout=60).json()

    for name, member in (("api_key", "api_key"), ("user_id", "customer_id"), ("external_id", "external_id")):
        assert found[name] == demo[member]
    assert found["retailer_id"] == demo["retailer_id"]
    assert found.keys() <= {*demo, "user_id", "point_account_id", "point_source_id", "tier_system_id"}
    assert not {*found.values()} & {demo["client_secret"], demo["property_secret"], demo["client_id"]}


def test_nobody_s_ids_are_told_without_a_demonstration(server: Server, tmp_path: Path) -> None:
    """A server that was not started with `--demo` tells no ids, not even those of a demonstration that is there."""
    shutil.copytree(server.folder, tmp_path / "data")
    bare = start_bare(tmp_path / "data")
    try:
        assert httpx.get(f"{bare.url}/docs/examples.json", timeout=60).json() == {}
    finally:
        bare.stop()
