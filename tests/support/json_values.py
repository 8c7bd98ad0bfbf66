"""Any JSON value, and things that are nearly JSON, for the members of what strangers write."""

import json
from collections.abc import Mapping

from hypothesis import strategies as st

ODD = (
    b"null", b"true", b"false", b"0", b"-0", b"1", b"-1", b"1.5", b"1e308", b"-1e308", b"1e999", b"9" * 40, b'""',
    b'" "', b'"\\u0000"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xc3\xa9"', b'"\xff"', b'"AA"', b'"AA=="', b"[]",
    b"[1]", b"[null]", b'[["verify"]]', b'["verify"]', b'["verify",1]', b"{}", b'{"a":1}', b"NaN", b"Infinity",
    b"[" * 60 + b"]" * 60,
)  # fmt: skip
"""Values that were trouble somewhere: wrong types, numbers out of range, texts that are none."""

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)

anything: st.SearchStrategy[bytes] = st.sampled_from(ODD) | _VALUES.map(lambda value: json.dumps(value).encode())
"""The text of a value of any type."""


def written(members: Mapping[str, object], name: str, value: bytes, *others: str) -> bytes:
    """A JSON object with these members, but that one (or more of them, or a new one) has this text as its value."""
    parts = {each: json.dumps(members[each]).encode() for each in members}
    parts |= dict.fromkeys((name, *others), value)
    return b"{" + b",".join(json.dumps(each).encode() + b":" + parts[each] for each in parts) + b"}"
