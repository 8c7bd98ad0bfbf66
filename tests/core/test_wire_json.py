"""JSON bodies of OAuth requests: objects of strings, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import wire
from tessera.core.errors import InvalidRequest
from tessera.core.oauth import parameters
from tests.support import forms

JSON = b"application/json"

_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@given(st.dictionaries(st.sampled_from(sorted(parameters.EVERY_ENDPOINT)) | _TEXT, _TEXT, max_size=12))
def test_reads_an_object_of_strings(members: dict[str, str]) -> None:
    """The defined members of an object of strings are the parameters."""
    params = forms.form(b"", json.dumps(members).encode(), JSON)

    assert params.values == {name: value for name, value in members.items() if name in parameters.EVERY_ENDPOINT}


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b'["scope"]', b'"scope"', b"1", b"null", b"true", b'{"scope": 1}', b'{"scope": null}', b'{"x": true}',
        b'{"scope": ["a"]}', b'{"scope": {"a": "b"}}', b'{"scope": {}}', b'{"scope": NaN}', b'[["scope", "a"]]',
    ],
)  # fmt: skip
def test_anything_but_an_object_of_strings_is_refused(body: bytes) -> None:
    """Arrays, bare values, and objects with a value that is no string are refused."""
    with pytest.raises(InvalidRequest, match="must be an object whose values are strings"):
        forms.form(b"", body, JSON)


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"{'scope': 'a'}", b'{"scope": "a",}', b'{"scope": "a"} x', b'{"scope": "\xff"}', b"\xef\xbb\xbf{}",
        b"[" * 16_000, b'{"a":' * 3_000, b'{"scope": "a\nb"}', b" ", b'{"scope": ' + b"9" * 5_000 + b"}",
        '{"scope": "a"}'.encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """Malformed JSON, other encodings, and nesting beyond reason are refused, not crashed on."""
    with pytest.raises(InvalidRequest, match="not JSON"):
        forms.form(b"", body, JSON)


@pytest.mark.parametrize(
    "body", [b'{"scope":"a","scope":"a"}', b'{"scope":"a","\\u0073cope":"b"}', b'{"scope":"","scope":"a"}']
)
def test_a_member_stands_once(body: bytes) -> None:
    """A defined member that stands twice is refused, however its name is spelled."""
    with pytest.raises(InvalidRequest, match="scope was sent twice"):
        forms.form(b"", body, JSON)


@pytest.mark.parametrize("escape", ["\\u0000", "\\u001f", "\\u007f", "\\n", "\\ud800", "\\udfff", "\\ud800x"])
def test_control_characters_and_lone_surrogates_are_refused(escape: str) -> None:
    """NUL, control characters and half characters are refused in names and in values."""
    for body in (f'{{"scope": "a{escape}"}}', f'{{"a{escape}": "x"}}'):
        with pytest.raises(InvalidRequest, match="control character"):
            forms.form(b"", body.encode(), JSON)


def test_a_pair_of_surrogates_is_a_character() -> None:
    """An escaped pair of surrogates is one character."""
    assert forms.form(b"", b'{"scope": "\\ud83d\\ude00"}', JSON).get("scope") == "\U0001f600"


def test_limits_hold_in_json_too() -> None:
    """A long value and too many members are refused, at the same limits as in a form."""
    at_limit = "v" * wire.VALUE_LENGTH_MAX

    assert forms.form(b"", json.dumps({"scope": at_limit}).encode(), JSON).get("scope") == at_limit
    with pytest.raises(InvalidRequest, match="scope is longer"):
        forms.form(b"", json.dumps({"scope": at_limit + "v"}).encode(), JSON)
    full = {str(index): "x" for index in range(wire.PARAMETERS_MAX)}
    assert forms.form(b"", json.dumps(full).encode(), JSON).values == {}
    with pytest.raises(InvalidRequest, match="More than"):
        forms.form(b"", json.dumps(full | {"one": "more"}).encode(), JSON)


def test_a_parameter_in_the_query_and_in_json_is_refused() -> None:
    """The rule against saying a thing twice spans the query and a JSON body."""
    with pytest.raises(InvalidRequest, match="both"):
        forms.form(b"scope=a", b'{"scope": "a"}', JSON)
    assert forms.form(b"scope=a", b'{"scope": ""}', JSON).values == {"scope": "a"}
