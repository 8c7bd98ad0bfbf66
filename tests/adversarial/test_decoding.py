"""Whatever bytes come as a body: a value of the type or a refusal in good form, and never another exception."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tessera.api.platform import fields
from tessera.api.platform.activity import EventsRequest, TagsRequest
from tessera.api.platform.custom_profiles import CustomProfileRequest
from tessera.api.platform.customers import CreateUser, UpdateUser
from tessera.api.platform.points import BalancesRequest, DepositRequest, SpendRequest
from tessera.api.platform.points_history import AuditLogRequest
from tessera.api.platform.programs import ApplyRequest, TierSystemsRequest
from tessera.core.errors import ArgumentError, MissingData
from tests.adversarial.valid_requests import BODIES
from tests.architecture.words import REFUSAL_TEXT

MARK = "qzxjw"
"""Letters that no text of ours has in this order."""


class Counts(msgspec.Struct, frozen=True):
    """A body whose members' names are the caller's."""

    counts: dict[str, int | None] = {}
    lists: list[list[str]] | None = None


DECODERS: tuple[msgspec.json.Decoder[Any], ...] = (
    fields.number_decoder(DepositRequest),
    fields.number_decoder(SpendRequest),
    msgspec.json.Decoder(AuditLogRequest),
    msgspec.json.Decoder(BalancesRequest),
    msgspec.json.Decoder(CreateUser),
    msgspec.json.Decoder(UpdateUser),
    msgspec.json.Decoder(CustomProfileRequest),
    msgspec.json.Decoder(TagsRequest),
    msgspec.json.Decoder(EventsRequest),
    fields.number_decoder(ApplyRequest),
    msgspec.json.Decoder(TierSystemsRequest),
    msgspec.json.Decoder(Counts),
)


class _Anything(dict[str, str]):
    """Values of a world in which everything is called the same."""

    def __missing__(self, name: str) -> str:
        return "x"


VALID = [json.dumps(body(_Anything(), "fresh")).encode() for body in BODIES.values()]

_NAMES = st.sampled_from(sorted({name for body in VALID for name in json.loads(body)} | {"user", "counts", "lists"}))
_DEEPER = st.sampled_from(
    ["amount", "point_account_id", "point_account_ids", "phone_numbers", "phone_number", "gender", "dob",
     "user_profile", "preference_flags", "opted_in", "skip", "take"]
)  # fmt: skip
_TEXT = (
    st.text(st.characters(), max_size=8)
    | st.just(MARK)
    | st.sampled_from(["\ud800", "\udfff\ud800", "\x00", "a" * 300])
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES | _DEEPER | _TEXT, inner, max_size=6),
    max_leaves=30,
)


def outcome(decoder: msgspec.json.Decoder[Any], body: bytes) -> str:
    """The text of the refusal, checked; empty when the body was taken. Any other exception goes through."""
    text = ""
    try:
        fields.decode(decoder, body)
    except (ArgumentError, MissingData) as refusal:
        text = refusal.public
    assert REFUSAL_TEXT.fullmatch(text), text
    assert len(text) < 300
    return text


@given(st.binary(max_size=60))
@example(b"\xef\xbb\xbf{}")
@example(b'"\\')
@example(b'{"\xff": "\\')
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    """Bytes of any kind, mostly no JSON at all."""
    for decoder in DECODERS:
        outcome(decoder, body)


@given(st.sampled_from(VALID), st.integers(0, 400), st.integers(0, 6), st.binary(max_size=6))
@example(VALID[0], 60, 0, b"1e99999999999999999999")
def test_any_splinter_in_a_valid_body_is_taken_or_refused(body: bytes, at: int, gone: int, put: bytes) -> None:
    """Valid bodies in which something was cut out, and something else put in."""
    place = at % len(body)
    for decoder in DECODERS:
        outcome(decoder, body[:place] + put + body[place + gone :])


@given(st.dictionaries(_NAMES | _DEEPER | _TEXT, _VALUES, max_size=6))
@example({"counts": {MARK: MARK}})
@example({"counts": {MARK: float("nan")}})
@example({"lists": [[], ["a", "\ud800"]]})
@example({"user": {"gender": MARK, MARK: "\udc00"}})
@example({"user": {"user_profile": {MARK: ["\ud800"]}}})
def test_any_json_is_taken_or_refused_without_an_echo(members: dict[str, Any]) -> None:
    """Objects of any shape, with NaN, infinities and lone surrogates: the refusal never quotes what was sent."""
    for decoder in DECODERS:
        for ascii_only in (True, False):
            text = json.dumps(members, ensure_ascii=ascii_only)
            assert MARK not in outcome(decoder, text.encode("utf-8", "surrogatepass"))


@given(
    st.sampled_from(["amount", "point_account_id", "reference_id"]),
    st.sampled_from(["NaN", '"\\ud800"', '"\\q"', '"\x01"']),
)
def test_a_broken_value_is_found_among_others(name: str, broken: str) -> None:
    """The place is told with its element, past unknown members, equal ones and escapes that are sound."""
    sound = '{"amount": 1, "point_account_id": "\\ud83d\\ude00 \\\\ud800 \\" ", "unknown": {"amount": [{}]}}'
    body = f'{{"user_id": "x", "deposit_details": [{sound}, {sound}, {{"{name}": {broken}, "{name}": 1}}]}}'

    assert f" deposit_details[2].{name} " in outcome(DECODERS[0], body.encode())


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 130_000, b'"' * 262_000, b'{"deposit_details": [' + b"NaN," * 60_000 + b"1]}",
        b'{"a": "' + b"\\ud800" * 43_000 + b'"}', b'{"a": [' + b"[]," * 80_000 + b"NaN]}", b"[" * 262_000,
        b'{"a": ' * 43_000, b'{"a": "' + b"\xff" * 262_000 + b'"}', b'{"a": "' + b"\\" * 262_000,
        b'{"a": NaN, "b": ' + b"9" * 262_000,
    ],
)  # fmt: skip
def test_finding_the_place_takes_no_longer_than_the_body(body: bytes) -> None:
    """The largest bodies, made to be slow to read: nobody else waits for them long.

    They take some milliseconds each, and minutes where the time grows with the square of the length.
    """
    started = time.process_time()
    outcome(DECODERS[0], body)

    assert time.process_time() - started < 10
