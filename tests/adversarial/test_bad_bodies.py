"""Bodies that are no request at all, and bad values in addresses and query strings: refused, and nothing written."""

import json
from collections.abc import Callable

import pytest

from tessera.api.platform import fields
from tessera.core.decoding import MULTIPART, NOT_JSON
from tessera.web.routes import Route
from tests.adversarial.stand import Stand, name_of, refused, same
from tests.adversarial.valid_requests import BODIES, QUERIES

BROKEN = (
    b"", b" ", b"\x00", b"hello", b"{", b"}", b"{'a': 1}", b'{"a": 1,}', b'{"a" 1}', b"\xff", b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}", b"user[email]=a%40b.example", b"NaN", b"{" * 100_000, b'"' + b'\\"' * 100_000, b'{"\\ud800": 1}',
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n", b"<user/>", b'{"a": tru}',
)  # fmt: skip
NO_OBJECT = (b"[]", b"null", b"true", b"1", b'"text"', b"[" * 100_000, b"[{}]", b"1e400")

PATHS = {
    "a NUL": "%00", "a NUL within": "a%00b", "10 KiB": "a" * 10_240, "no UTF-8": "%ff", "a surrogate": "%ed%a0%80",
    "overlong": "%c0%af", "a bad percent sign": "%zz", "a line end": "a%0d%0ab", "dots": "..", "encoded dots": "%2e%2e",
    "a slash": "a%2fb", "a quote": "'%20or%201=1--", "10 KiB encoded": "%41" * 3_000,
    "a right-to-left mark": "%e2%80%8f",
    "text beyond the plane": "%f0%9f%98%80", "a bracket": "{user_id}", "a star": "*", "a percent sign": "%25",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_body_that_is_no_object_is_refused(stand: Stand, name: str) -> None:
    """What is not JSON, not an object, empty, too deep or too long is refused as such, and nothing is written."""
    before = stand.contents()
    for route in stand.named(name):
        for body in BROKEN:
            code, message = refused(stand.send(route.method, stand.address(route), body))
            assert code == "argument_error", body[:40]
            assert message in {NOT_JSON, MULTIPART, fields.TOO_DEEP}, body[:40]
        for body in NO_OBJECT:
            code, message = refused(stand.send(route.method, stand.address(route), body))
            assert code == "argument_error", body[:40]
            assert message.startswith("The body cannot be used: "), body[:40]
        answer = stand.send(route.method, stand.address(route), b'{"a":"' + b"a" * 1_048_576 + b'"}')
        assert (answer.status, refused(answer)[0]) == (413, "argument_error")
    assert stand.contents() == before


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_valid_body_with_something_wrong_beside_it_is_refused(stand: Stand, name: str) -> None:
    """Depth, bytes that are no UTF-8 and broken texts count wherever they stand, also where nobody reads them."""
    before = stand.contents()
    beside = (
        b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000, b'"\xff"', b'"\\ud800"', b"NaN", b"'a'",
        b'"a\x00"', b'"a',
    )  # fmt: skip
    for route in stand.named(name):
        for value in beside:
            body = json.dumps(stand.valid(route)).encode()[:-1] + b', "beside": ' + value + b"}"
            assert refused(stand.send(route.method, stand.address(route), body))[0] == "argument_error", value[:40]
        body = json.dumps(stand.valid(route)).encode()
        for wrong in (b"\xef\xbb\xbf" + body, body[:-1], body + b"x", body + body, body.decode().encode("utf-16")):
            assert refused(stand.send(route.method, stand.address(route), wrong))[0] == "argument_error", wrong[:40]
    assert stand.contents() == before


@pytest.mark.parametrize("name", sorted(BODIES))
def test_the_last_of_two_equal_members_counts(stand: Stand, name: str) -> None:
    """As in every reader of JSON that is at hand: what stands before is checked, and not used."""
    for route in stand.named(name):
        members = stand.valid(route)
        first = next(iter(members))
        good = json.dumps(members).encode()
        assert (
            stand.send(route.method, stand.address(route), b'{"%b": 1, %b' % (first.encode(), good[1:])).status == 400
        )
        wrong = b'%b, "%b": null}' % (good[:-1], first.encode())
        assert refused(stand.send(route.method, stand.address(route), wrong))[1].startswith(f"The field {first} ")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=x", ""])
def test_the_content_type_is_not_looked_at(stand: Stand, kind: str) -> None:
    """A body is read as JSON whatever it is said to be: many clients say something else."""
    for route, _ in stand.with_body():
        body = json.dumps(stand.valid(route)).encode()
        assert stand.send(route.method, stand.address(route), body, ("Content-Type", kind)).status == 200, route.path


def body_for(stand: Stand, route: Route) -> bytes:
    """A valid body, where the route takes one."""
    return json.dumps(stand.valid(route)).encode() if name_of(route) in BODIES else b""


def test_a_bad_value_in_an_address_leads_nowhere(stand: Stand) -> None:
    """In the place of an API key or a customer's id anything at all is a refusal of 4xx, and nothing is written."""
    before = stand.contents()
    tried = 0
    for route in stand.routes:
        for place in ("api_key", "user_id", "external_id"):
            if f"{{{place}}}" not in route.path:
                continue
            for bad in PATHS.values():
                answer = stand.send(route.method, stand.whole_address(route, **{place: bad}), body_for(stand, route))
                assert refused(answer)[0] in {"invalid_api_key", "user_not_found", "not_found"}, answer
                tried += 1
    assert tried
    assert stand.contents() == before


def test_an_address_of_another_organization_is_as_good_as_none(stand: Stand) -> None:
    """Its API key, customers and external ids are answered as those that nobody has, byte for byte."""
    foreign = {
        "api_key": ("their_api_key", "unknown_key", "invalid_api_key"),
        "user_id": ("their_customer_id", "nowhere", "user_not_found"),
        "external_id": ("their_external_id", "nowhere", "user_not_found"),
    }
    before = stand.contents()
    for route in stand.routes:
        for place, (theirs, nobodys, code) in foreign.items():
            if f"{{{place}}}" in route.path:
                answers = [
                    stand.send(
                        route.method,
                        stand.whole_address(route, **{place: stand.values[each].replace(" ", "%20")}),
                        body_for(stand, route),
                    )
                    for each in (theirs, nobodys)
                ]
                assert refused(answers[0])[0] == code, answers
                assert same(*answers), route.path
    assert stand.contents() == before


BAD_QUERIES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("a NUL", lambda name: f"{name}=%00"),
    ("no UTF-8", lambda name: f"{name}=%ff"),
    ("a surrogate", lambda name: f"{name}=%ed%a0%80"),
    ("a bad percent sign", lambda name: f"{name}=%zz"),
    ("half a percent sign", lambda name: f"{name}=1%4"),
    ("a line end", lambda name: f"{name}=a%0ab"),
)


def test_a_parameter_that_cannot_be_read_is_refused_by_name(stand: Stand) -> None:
    """Bad percent signs, bytes that are no UTF-8 and control characters in a known parameter: its name is told."""
    tried = 0
    for route in stand.routes:
        if route.method != "GET" or route.operation is None:
            continue
        for parameter in route.operation.query:
            for _, query in BAD_QUERIES:
                for name in (parameter.name, parameter.name.replace("[", "%5B").replace("]", "%5D")):
                    code, message = refused(stand.send("GET", f"{stand.address(route)}?{query(name)}"))
                    assert code == "argument_error"
                    assert parameter.name in message, message
                    tried += 1
    assert tried


def test_every_query_that_is_required_has_a_valid_request(stand: Stand) -> None:
    """What is known to be a valid query string is one, and whatever has no such query string needs none."""
    for route in stand.routes:
        if route.method == "GET":
            assert stand.send("GET", stand.whole_address(route)).status == 200, "add it to QUERIES in valid_requests.py"


def test_odd_query_strings_do_no_harm(stand: Stand) -> None:
    """Parameters doubled, empty, unknown, many or long are answered or refused, and never a mistake of ours."""
    for route in stand.routes:
        if route.method != "GET" or route.operation is None:
            continue
        names = [parameter.name for parameter in route.operation.query] or ["unknown"]
        required = f"&{QUERIES[name_of(route)]}" if name_of(route) in QUERIES else ""
        for name in names:
            for query in (
                f"{name}=", name, f"{name}=true&{name}=false", f"{name}=" + "a" * 4096, f"{name}=NaN", f"{name}=1e400",
                f"{name}=-1", f"{name}={2**63}", f"{name}[]=true", f"{name}[a]=true", "=", "&&&",
                f"{name}=%f0%9f%98%80", "&".join([f"{name}=true"] * 101), f"{name}=" + "a" * 9_000,
            ):  # fmt: skip
                answer = stand.send("GET", f"{stand.address(route)}?{query}{required}")
                if answer.status != 200:
                    assert refused(answer)[0] in {"argument_error", "missing_data", "user_not_found"}, (query, answer)
