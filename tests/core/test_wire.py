"""Form parsing: what is read, what is refused, and agreement with the standard library where both accept."""

from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tessera.core import wire
from tessera.core.errors import InvalidRequest
from tessera.core.oauth import parameters
from tests.support import forms

FORM = b"application/x-www-form-urlencoded"

_RAW = st.lists(
    st.sampled_from([*b"ab=&+;/~", *b"%41", *b"%c3%a9", *b"%2", *b"%zz", *b"%26%3D", 0, 10, 127, 200]), max_size=40
).map(bytes)
_CONTROL = {*map(chr, range(0x20)), "\x7f"}
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


def _std(raw: bytes) -> list[tuple[str, str]]:
    return parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=False, errors="strict")


@given(_RAW)
def test_agrees_with_the_standard_library(raw: bytes) -> None:
    """Whatever we accept, `parse_qsl` reads the same way, names and values in order."""
    try:
        ours = wire.query_pairs(raw)
    except InvalidRequest:
        return

    assert [pair for pair in ours if pair != ("", "")] == [pair for pair in _std(raw) if pair != ("", "")]


@given(st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=20))
def test_reads_back_what_was_encoded(pairs: list[tuple[str, str]]) -> None:
    """Pairs that the standard library encodes come back as they were."""
    assert wire.query_pairs(urlencode(pairs).encode()) == pairs


@settings(max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from([FORM, b"application/json", b"", b"text/plain"]))
def test_any_bytes_give_parameters_or_a_refusal(query: bytes, body: bytes, content_type: bytes) -> None:
    """No bytes make the parser fail in another way than by a refusal, and no value has a control character."""
    try:
        params = forms.form(query, body, content_type)
    except InvalidRequest:
        return

    assert params.values.keys() <= parameters.EVERY_ENDPOINT
    assert all(value and not set(value) & _CONTROL for value in params.values.values())


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (b"client_id=a&client_id=b", b""),
        (b"client_id=a&client_id=a", b""),
        (b"client_id=&client_id=a", b""),
        (b"client_id=a&%63lient_id=b", b""),
        (b"", b"scope=a&scope=b"),
        (b"scope=a", b"scope=a"),
        (b"client_id=a", b"%63lient_id=a"),
    ],
)
def test_a_defined_parameter_stands_once(query: bytes, body: bytes) -> None:
    """A defined parameter that stands twice, in one place or in both, is refused, however it is spelled."""
    with pytest.raises(InvalidRequest, match=r"once|both"):
        forms.form(query, body, FORM)


def test_an_unknown_parameter_may_stand_twice() -> None:
    """Parameters that nobody reads are left out, however often they stand."""
    params = forms.form(b"x=1&x=2&grant_type=g", b"x=3", FORM)

    assert params.values == {"grant_type": "g"}


def test_an_empty_parameter_is_absent() -> None:
    """A parameter sent empty counts as not sent, and does not clash with one in the other place."""
    params = forms.form(b"scope=&client_id=a&client_secret", b"client_secret=s", FORM)

    assert params.values == {"client_id": "a", "client_secret": "s"}
    assert params.get("scope") is None
    assert "client_secret" in params.in_body
    assert "client_secret" not in params.in_query


@pytest.mark.parametrize("name", sorted(parameters.EVERY_ENDPOINT))
def test_an_over_long_value_is_refused(name: str) -> None:
    """A value at the limit passes; one character more is refused and never dropped."""
    at_limit = "v" * wire.VALUE_LENGTH_MAX

    assert forms.form(f"{name}={at_limit}".encode(), b"", b"").get(name) == at_limit
    with pytest.raises(InvalidRequest, match=f"{name} is longer"):
        forms.form(f"{name}={at_limit}v".encode(), b"", b"")
    with pytest.raises(InvalidRequest, match=f"{name} is longer"):
        forms.form(b"", f"{name}={at_limit}v".encode(), FORM)


def test_the_query_has_a_limit() -> None:
    """A query at the limit passes; one byte more is refused."""
    padding = b"&x=" + b"y" * (wire.QUERY_BYTES_MAX - len(b"grant_type=g&x="))

    assert forms.form(b"grant_type=g" + padding, b"", b"").get("grant_type") == "g"
    assert len(b"grant_type=g" + padding) == wire.QUERY_BYTES_MAX
    with pytest.raises(InvalidRequest, match="query string is longer"):
        forms.form(b"grant_type=g" + padding + b"y", b"", b"")
    with pytest.raises(InvalidRequest, match="query string is longer"):
        wire.query_pairs(b"grant_type=g" + padding + b"y")


@pytest.mark.parametrize("separators", [b"&", b"&a="])
def test_the_number_of_parameters_has_a_limit(separators: bytes) -> None:
    """As many parameters as the limit pass; one more is refused, empty ones included."""
    full = b"a=" + separators * (wire.PARAMETERS_MAX - 1)

    assert forms.form(full, b"", b"").values == {}
    with pytest.raises(InvalidRequest, match="More than"):
        forms.form(full + separators, b"", b"")
    with pytest.raises(InvalidRequest, match="More than"):
        forms.form(b"", full + separators, FORM)


@pytest.mark.parametrize("raw", [b"%", b"%4", b"a%", b"%zz", b"%4g", b"%-1", b"% 41", b"%u0041", b"100%&a=%41"])
def test_a_malformed_percent_sign_is_refused(raw: bytes) -> None:
    """A percent sign without two hex digits is refused in names and in values."""
    for query in (b"scope=" + raw, raw + b"=x"):
        with pytest.raises(InvalidRequest, match="percent sign"):
            forms.form(query, b"", b"")


@pytest.mark.parametrize("raw", [b"%ff", b"%c3", b"%c3%28", b"%ed%a0%80", b"%c0%af", b"%f8%88%80%80%80"])
def test_bytes_that_are_not_utf8_are_refused(raw: bytes) -> None:
    """Percent-encoded bytes that are not UTF-8 (over-long forms and surrogates included) are refused."""
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        forms.form(b"scope=" + raw, b"", b"")


@pytest.mark.parametrize("code", [*range(0x20), 0x7F])
def test_control_characters_are_refused(code: int) -> None:
    """NUL and every other control character is refused, raw or encoded, in names and in values."""
    for query in (b"scope=a%%%02x" % code, b"%%%02x=a" % code, b"scope=" + bytes([code]), bytes([code]) + b"=a+b"):
        with pytest.raises(InvalidRequest, match="control character"):
            forms.form(query, b"", b"")


def test_raw_non_ascii_is_refused() -> None:
    """A byte beyond ASCII must come percent-encoded."""
    with pytest.raises(InvalidRequest, match="percent-encoded"):
        forms.form("scope=é".encode(), b"", b"")
    assert forms.form(b"scope=%C3%A9", b"", b"").get("scope") == "é"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"scope=a+b", "a b"),
        (b"scope=a%2Bb", "a+b"),
        (b"scope=a%20b", "a b"),
        (b"scope=a;client_id=b", "a;client_id=b"),
        (b"scope=a=b=", "a=b="),
        (b"scope=%2541", "%41"),
        (b"&&scope=a&&", "a"),
        (b"Scope=b&scope=a", "a"),
    ],
)
def test_what_separates_and_what_does_not(raw: bytes, value: str) -> None:
    """`+` is a space, `;` separates nothing, a value may hold `=`, decoding happens once, names are exact."""
    assert forms.form(raw, b"", b"").values == {"scope": value}


@pytest.mark.parametrize(
    "content_type",
    [b"", b"text/plain", b"multipart/form-data", b"application/x-www-form-urlencodedx", b"application/jsonp", b";"],
)
def test_other_content_types_are_refused(content_type: bytes) -> None:
    """A body of any other type, or of none, is refused; an empty body needs no type."""
    with pytest.raises(InvalidRequest, match="Send the body as"):
        forms.form(b"", b"a=b", content_type)
    assert forms.form(b"", b"", content_type).values == {}


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), FORM + b"; charset=utf-8", b" " + FORM + b" ;a=b"])
def test_the_form_type_in_any_spelling(content_type: bytes) -> None:
    """The content type is compared without case, blanks around it or its parameters."""
    assert forms.form(b"", b"scope=a", content_type).values == {"scope": "a"}


@given(_TEXT)
def test_decode_is_the_inverse_of_form_encoding(text: str) -> None:
    """A text that was form-encoded decodes to itself."""
    assert wire.decode(quote_plus(text)) == text


@pytest.mark.parametrize(
    ("value", "length_max", "passes"),
    [("a" * 5, 5, True), ("a" * 6, 5, False), (" ~", 5, True), ("\x1f", 5, False), ("\x7f", 5, False),
     ("é", 5, False), ("", 5, True), ("a\n", 5, False)],
)  # fmt: skip
def test_printable(value: str, length_max: int, passes: bool) -> None:
    """Printable is ASCII from blank to tilde, of at most the length given."""
    assert wire.printable(value, length_max) is passes
