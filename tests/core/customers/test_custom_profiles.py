"""Custom profiles: replaced, merged, counted and bounded."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.customers import custom_profiles
from tessera.core.customers.custom_profiles import DEPTH_MAX, SIZE_MAX_BYTES
from tessera.core.errors import ArgumentError, Validation

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5) | st.just("_version")
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=5)


def sent(members: dict[str, Any]) -> dict[str, msgspec.Raw]:
    """Members as a request has them."""
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in members.items()}


def kept(members: dict[str, Any]) -> dict[str, Any]:
    """What is kept of members: all but those that are null, and the version."""
    return {name: value for name, value in members.items() if value is not None and name != "_version"}


@given(MEMBERS, MEMBERS)
def test_replacing_and_merging_are_as_with_dictionaries(one: dict[str, Any], two: dict[str, Any]) -> None:
    """The members afterwards are those of the second, or of both with nulls removed; the version counts each change."""
    stored = custom_profiles.first(sent(one))
    assert json.loads(stored) == {**kept(one), "_version": 1}
    merged = kept({**kept(one), **{name: value for name, value in two.items() if name != "_version"}})
    for change, expected in ((custom_profiles.replaced, kept(two)), (custom_profiles.merged, merged)):
        after = change(stored, sent(two))
        if after is None:
            assert expected == kept(one)
        else:
            assert json.loads(after) == {**expected, "_version": 2}


@given(MEMBERS)
def test_saying_the_same_changes_nothing(members: dict[str, Any]) -> None:
    """The same members again, however they are spaced, are no change."""
    stored = custom_profiles.first(sent(members))
    spaced = {name: msgspec.Raw(json.dumps(value, indent=3).encode()) for name, value in members.items()}
    assert custom_profiles.replaced(stored, spaced) is None
    assert custom_profiles.merged(stored, spaced) is None
    assert custom_profiles.merged(stored, {}) is None
    assert custom_profiles.merged(None, {}) is None


def test_a_custom_profile_is_bounded() -> None:
    """What is too large or too deep as a whole is refused, also when it comes in parts."""
    half = sent({"a": "x" * (SIZE_MAX_BYTES // 2)})
    stored = custom_profiles.first(half)
    with pytest.raises(Validation, match="larger than 32 KiB"):
        custom_profiles.merged(stored, sent({"b": "x" * (SIZE_MAX_BYTES // 2)}))
    assert custom_profiles.replaced(stored, sent({"b": "x" * (SIZE_MAX_BYTES // 2)})) is not None
    deep: Any = '"[["'
    for _ in range(DEPTH_MAX):
        deep = f"[{deep}]"
    assert custom_profiles.first({"deep": msgspec.Raw(deep.encode())})
    with pytest.raises(Validation, match="16 levels"):
        custom_profiles.first({"deep": msgspec.Raw(f'{{"more":{deep}}}'.encode())})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'"\xff"', "bytes that are not UTF-8"), (b'"\\ud800"', "bytes that are not UTF-8"),
        (b'"\\ud800\\u0041"', "bytes that are not UTF-8"), (b'["\xc3"]', "bytes that are not UTF-8"),
        (b'{"\xed\xa0\x80": 1}', "bytes that are not UTF-8"), (b"1e400", "out of range"), (b"[-1e999]", "out of range"),
        (b'"\\u0000"', "control character"), (b'{"a\\\\\\u0000": 1}', "control character"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_could_not_be_shown_again_is_refused_by_name(raw: bytes, reason: str) -> None:
    """Text that is none, a NUL, a number that is out of range, what lies too deep: the field is named."""
    for change in (custom_profiles.replaced, custom_profiles.merged):
        with pytest.raises(ArgumentError, match=rf"The field user_profile\[\.\.\.\] cannot be used: .*{reason}"):
            change(None, {"fine": msgspec.Raw(b"1"), "a": msgspec.Raw(raw)})


def test_a_backslash_before_u0000_is_no_control_character() -> None:
    """An escaped backslash with the same letters behind it is text like any other."""
    assert json.loads(custom_profiles.first(sent({"a": "\\u0000"}))) == {"a": "\\u0000", "_version": 1}


def test_a_customer_without_one_has_version_0() -> None:
    """What was never set is shown as an empty object of version 0."""
    assert bytes(custom_profiles.shown(None)) == b'{"_version":0}'
