"""Parameters of the token request that are doubled, empty, misspelled, mis-encoded, or too long."""

import json
from urllib.parse import quote_plus

import pytest

from tests.support import raw
from tests.support.raw import Answer
from tests.support.target import Target, assert_refused

pytestmark = pytest.mark.engines("sqlite", "postgres")

REQUIRED = {
    "grant_type": (400, "invalid_request"),
    "client_id": (401, "invalid_client"),
    "client_secret": (401, "invalid_client"),
}
ONCE = (*REQUIRED, "scope", "client_assertion", "client_assertion_type", "token", "token_type_hint")
KNOWN = (*ONCE, "resource")
"""`resource` may stand several times (RFC 8707 section 2), but nothing else of the tables is other for it."""

PLACES = ("query", "form", "json")


def good(target: Target) -> dict[str, str]:
    """The parameters of a good request."""
    return {
        "grant_type": "client_credentials",
        "client_id": target.values["client_id"],
        "client_secret": target.values["client_secret"],
    }


def encoded(pairs: dict[str, str]) -> str:
    """Form-encoded parameters."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs.items())


def send(target: Target, place: str, parameters: str) -> Answer:
    """Form-encoded parameters in the query string or in the body."""
    return target.ask_token(parameters) if place == "query" else target.ask_token("", parameters)


@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize("name", ONCE)
def test_a_defined_parameter_stands_once(target: Target, name: str, place: str) -> None:
    """Twice is an invalid request, with equal values, different ones or an empty one, however the name is encoded."""
    others = {key: value for key, value in good(target).items() if key != name}
    value = quote_plus(good(target).get(name, "openid"))
    spelled = f"%{ord(name[0]):02x}{name[1:]}"
    for doubled in (
        f"{name}={value}&{name}={value}",
        f"{name}={value}&{name}=x",
        f"{name}=&{name}={value}",
        f"{name}={value}&{spelled}={value}",
    ):
        assert_refused(send(target, place, f"{encoded(others)}&{doubled}"), 400, "invalid_request")


@pytest.mark.parametrize("name", KNOWN)
def test_a_defined_parameter_stands_in_one_place(target: Target, name: str) -> None:
    """Once in the query string and once in the body is twice."""
    value = quote_plus(good(target).get(name, "openid"))
    answer = target.ask_token(f"{name}={value}", f"{encoded({**good(target), name: good(target).get(name, 'openid')})}")
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("place", PLACES)
def test_a_resource_may_stand_twice_and_is_then_looked_for(target: Target, place: str) -> None:
    """Equal ones count once, an empty one does not, and different ones are too many: none of these is a resource."""
    for one, other in (("urn:a", "urn:a"), ("urn:a", "urn:b"), ("", "urn:a"), ("urn:a", "")):
        if place == "json":
            members = ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in good(target).items())
            body = f'{{{members},"resource":"{one}","resource":"{other}"}}'
            answer = target.ask_token("", body, ("Content-Type", "application/json"))
        else:
            answer = send(target, place, f"{encoded(good(target))}&resource={one}&resource={other}")
        assert_refused(answer, 400, "invalid_target")


@pytest.mark.parametrize("name", ONCE)
def test_a_json_member_stands_once(target: Target, name: str) -> None:
    """Twice in a JSON object is twice."""
    members = ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in {**good(target), name: "a"}.items())
    body = f'{{{members},"{name}":"a"}}'
    assert_refused(target.ask_token("", body, ("Content-Type", "application/json")), 400, "invalid_request")


@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize("form", ["{}=", "{}"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_parameter_sent_empty_is_absent(target: Target, name: str, form: str, place: str) -> None:
    """RFC 6749 section 3.2: what is required is then missing, what is optional does not count."""
    others = {key: value for key, value in good(target).items() if key != name}
    answer = send(target, place, f"{encoded(others)}&{form.format(name)}")
    if name in REQUIRED:
        assert_refused(answer, *REQUIRED[name])
    else:
        assert answer.status == 200, answer


@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize("form", ["{}[]", "{}[a]", "{}[0]", "{}.a", "{} ", "%20{}", "{}%00x"])
@pytest.mark.parametrize("name", KNOWN)
def test_a_parameter_with_brackets_is_another_one(target: Target, name: str, form: str, place: str) -> None:
    """`p[]`, `p[a]` and their like never stand for `p`; a control character in a name is an invalid request."""
    others = {key: value for key, value in good(target).items() if key != name}
    value = quote_plus(good(target).get(name, "openid"))
    answer = send(target, place, f"{encoded(others)}&{form.format(name).replace(' ', '+')}={value}")
    if "%00" in form:
        assert_refused(answer, 400, "invalid_request")
    elif name in REQUIRED:
        assert_refused(answer, *REQUIRED[name])
    else:
        assert answer.status == 200, answer


@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize("value", ["%00", "a%00b", "%", "%4", "%zz", "%ff", "%c3%28", "%ed%a0%80", "%0d%0aX:y", "%7f"])
@pytest.mark.parametrize("name", [*KNOWN, "unknown"])
def test_a_value_that_is_no_text_is_refused(target: Target, name: str, value: str, place: str) -> None:
    """NUL, other control characters, a bad percent sign, bytes that are not UTF-8: an invalid request."""
    others = {key: each for key, each in good(target).items() if key != name}
    assert_refused(send(target, place, f"{encoded(others)}&{name}={value}"), 400, "invalid_request")


@pytest.mark.parametrize(
    "body", [b"\x00", b"grant_type=\x00", b"a=\xff", b"a=\xc3\xa9", b"a=\n", b"\x1b[2J", b"{", b"[]", b'""', b"null"]
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
def test_a_body_of_stray_bytes_is_refused(target: Target, body: bytes, kind: str) -> None:
    """A body that is not what its type says is an invalid request."""
    assert_refused(target.ask_token("", body, ("Content-Type", kind)), 400, "invalid_request")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/octet-stream", "", "*/*",
        "application/x-www-form-urlencoded2", "application/json-patch+json", "x/application/x-www-form-urlencoded",
    ],
)  # fmt: skip
def test_another_media_type_is_never_read_as_a_form(target: Target, kind: str) -> None:
    """A good form under another content type is an invalid request."""
    assert_refused(target.ask_token("", encoded(good(target)), ("Content-Type", kind)), 400, "invalid_request")


def test_a_body_with_no_content_type_is_refused(target: Target) -> None:
    """A body must say what it is."""
    answer = raw.ask(target.port, "POST", "/oauth/token", encoded(good(target)).encode())
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        b'{"grant_type":["client_credentials"]}', b'{"grant_type":{"a":1}}', b'{"grant_type":1}',
        b'{"grant_type":null}',
        b'{"grant_type":true}', b'{"grant_type":"a\\u0000"}', b'{"grant_type":"\\ud800"}', b'{"a":"b"', b'{"a":1e999}',
        b"[" * 8000, b'{"a":' * 3000, b'{"scope":NaN}', b'\xef\xbb\xbf{"a":"b"}', b'{"a":"\xff"}',
    ],
)  # fmt: skip
def test_json_that_is_no_object_of_strings_is_refused(target: Target, body: bytes) -> None:
    """Other values, broken texts and deep nesting are an invalid request."""
    assert_refused(target.ask_token("", body, ("Content-Type", "application/json")), 400, "invalid_request")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", KNOWN)
def test_an_over_long_parameter_is_an_error_and_never_dropped(target: Target, name: str, place: str) -> None:
    """Over the limit nothing is cut or passed over: the request is refused."""
    parameters = {**good(target), name: "a" * 4097}
    if place == "json":
        answer = target.ask_token("", json.dumps(parameters), ("Content-Type", "application/json"))
    else:
        answer = send(target, place, encoded(parameters))
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("length", [1001, 4096])
def test_an_over_long_scope_is_an_error(target: Target, length: int) -> None:
    """A scope beyond its own limit is invalid, not shortened to what fits."""
    scope = ("openid " * length)[:length].strip().ljust(length, "x")
    assert_refused(send(target, "form", encoded({**good(target), "scope": scope})), 400, "invalid_scope")


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_an_over_long_credential_is_never_cut_to_the_right_one(target: Target, name: str) -> None:
    """The right id or secret with something behind it is a wrong one."""
    for more in ("a", " ", "0" * 200, "%20"):
        answer = send(target, "form", encoded({**good(target), name: good(target)[name] + more}))
        assert_refused(answer, 401, "invalid_client")


def test_too_many_parameters_are_an_error(target: Target) -> None:
    """Unknown parameters are ignored up to a limit, and refused beyond it."""
    few = "&".join(f"p{index}={index}" for index in range(90))
    many = "&".join(f"p{index}={index}" for index in range(101))
    assert send(target, "form", f"{encoded(good(target))}&{few}").status == 200
    assert_refused(send(target, "form", f"{encoded(good(target))}&{many}"), 400, "invalid_request")
    flood = "&".join("p" for _ in range(7000))
    assert_refused(send(target, "form", f"{encoded(good(target))}&{flood}"), 400, "invalid_request")


def test_a_long_query_string_is_an_error(target: Target) -> None:
    """Beyond 8 KiB a query string is refused whole."""
    assert_refused(send(target, "query", f"{encoded(good(target))}&p={'a' * 9000}"), 400, "invalid_request")


def test_a_large_body_is_refused_whole(target: Target) -> None:
    """Beyond 16 KiB a body is refused, though a good request stands at its beginning."""
    assert_refused(send(target, "form", f"{encoded(good(target))}&p={'a' * 20_000}"), 413, "invalid_request")
    assert_refused(send(target, "form", f"{encoded(good(target))}&p={'a' * 1_048_576}"), 413, "invalid_request")


def test_an_unknown_parameter_may_stand_twice(target: Target) -> None:
    """Only defined parameters are held to standing once; ten unknown ones do no harm."""
    unknown = "&".join(f"x{index % 5}={index}" for index in range(10))
    assert send(target, "form", f"{encoded(good(target))}&{unknown}").status == 200


def test_a_semicolon_does_not_separate(target: Target) -> None:
    """`;` belongs to the value it stands in."""
    form = encoded({name: value for name, value in good(target).items() if name != "grant_type"})
    assert_refused(send(target, "form", f"x=1;grant_type=client_credentials&{form}"), 400, "invalid_request")


def test_plus_is_a_blank_and_its_code_is_a_plus(target: Target) -> None:
    """RFC 6749 appendix B: so `a+b` are two scopes, and `a%2Bb` is one."""
    accountant = {"client_id": target.values["accountant_id"], "client_secret": target.values["accountant_secret"]}
    form = f"grant_type=client_credentials&{encoded(accountant)}&scope=loyalty:read"
    answer = send(target, "form", f"{form}+loyalty:write")
    assert json.loads(answer.body)["scope"] == "loyalty:read loyalty:write", answer
    assert_refused(send(target, "form", f"{form}%2Bloyalty:write"), 400, "invalid_scope")


@pytest.mark.parametrize(
    "value",
    ["password", "refresh_token", "Client_Credentials", "client_credentials ", "client_credentials%0a", "\"\\'<é"],
)
def test_another_grant_type_is_refused_without_an_echo(target: Target, value: str) -> None:
    """Unknown grant types are refused in a text of ours; a value with a control character is no value at all."""
    encoded_value = value if "%" in value else quote_plus(value)
    answer = send(target, "form", encoded(good(target)).replace("client_credentials", encoded_value))
    if "%" in value:
        assert_refused(answer, 400, "invalid_request")
    else:
        assert_refused(answer, 400, "unsupported_grant_type")
