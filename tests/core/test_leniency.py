"""What a body was meant to say, read off its type: empty members, folded lines, digits, flags, UUIDs."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from tessera.core import leniency
from tessera.core import text as core_text
from tessera.core.customers.identifiers import SentIdentifier
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer, PhoneNumber
from tessera.core.text import Id, Line, Text

EMPTY = (None, "")


class Holder(msgspec.Struct):
    """Every kind of text and what else may be said in words, in one place and in lists."""

    line: Line
    id: Id
    text: Text
    ids: list[Id] = []
    plain: str = ""
    flag: bool = False
    perhaps: bool | None = None
    counts: dict[Text, int] = {}
    amount: Any = None


_new = msgspec.json.Decoder(NewCustomer)
_update = msgspec.json.Decoder(CustomerUpdate)
_holder = msgspec.json.Decoder(Holder)


def optional(kind: type) -> list[str]:
    """The members of a struct that may be left out."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return [field.encode_name for field in described.fields if not field.required]


def decoded(decoder: msgspec.json.Decoder[Any], body: object) -> Any:
    """A body as it is taken."""
    return leniency.decode(decoder, json.dumps(body).encode())


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("name", optional(NewCustomer))
def test_an_empty_member_of_a_new_customer_is_not_given(name: str, empty: object) -> None:
    """For every member that may be left out, null and an empty text are as good as leaving it out."""
    assert decoded(_new, {"external_id": "x"} | {name: empty} | {"email": "a@b.example"}) in (
        decoded(_new, {"external_id": "x", "email": "a@b.example"}),
        decoded(_new, {"email": "a@b.example"}),
    )
    assert decoded(_new, {name: empty}) == decoded(_new, {})


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("name", optional(CustomerUpdate))
def test_an_empty_member_of_an_update_clears(name: str, empty: object) -> None:
    """For every member, an empty text is as good as null; where nothing can be cleared, as good as leaving it out."""
    sent = decoded(_update, {name: empty})
    described = {field.encode_name: field for field in inspect.type_info(CustomerUpdate).fields}  # type: ignore[attr-defined]
    clears = leniency.clearable(described[name].type)
    assert sent == (decoded(_update, {name: None}) if clears else decoded(_update, {}))
    assert (getattr(sent, name) is None) == clears


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize(
    ("kind", "member", "whole"),
    [
        (PhoneNumber, "phone_numbers", {"phone_number": "1"}),
        (SentIdentifier, "identifiers", {"external_id": "x"}),
    ],
)
def test_the_same_holds_within_a_list(kind: type, member: str, whole: dict[str, object], empty: object) -> None:
    """An empty member of an element is not given, whether the customer is new or not."""
    for decoder in (_new, _update):
        for name in optional(kind):
            assert decoded(decoder, {member: [{**whole, name: empty}]}) == decoded(decoder, {member: [whole]})


@given(st.dictionaries(st.sampled_from(optional(CustomerUpdate)), st.sampled_from(EMPTY)))
def test_empty_members_do_not_disturb_each_other(body: dict[str, Any]) -> None:
    """Any number of empty members together mean what each of them means."""
    together = decoded(_update, body)
    for name, empty in body.items():
        assert getattr(together, name) == getattr(decoded(_update, {name: empty}), name)


WHOLE = {"line": "a", "id": "x", "text": "t"}
UUID = "2f030785-02cf-4b70-86de-ccdff6fd9b21"


@pytest.mark.parametrize(
    ("member", "sent", "kept"),
    [
        ("line", "1 Street\r\n\tFlat 2", "1 Street Flat 2"),
        ("line", "\na \u2028 b\u0085", "a b"),
        ("line", " a  b ", " a  b "),
        ("line", 10115, "10115"),
        ("line", "01067", "01067"),
        ("text", 0, "0"),
        ("text", -5, "-5"),
        ("text", 2**53 + 1, "9007199254740993"),
        ("text", 10**30 + 1, "1000000000000000000000000000001"),
        ("plain", 5, "5"),
        ("flag", "TRUE", True),
        ("flag", " yes", True),
        ("flag", 1, True),
        ("flag", "Off", False),
        ("flag", 0, False),
        ("flag", "", False),
        ("perhaps", "No", False),
        ("perhaps", "", None),
        ("counts", {"a": "", "b": 2, "c": None}, {"b": 2}),
        ("amount", "", None),
        ("amount", None, None),
        ("id", UUID.upper(), UUID),
        ("id", f"{UUID[:8].upper()}{UUID[8:]}", UUID),
        ("id", "NOT-A-UUID", "NOT-A-UUID"),
        ("ids", [UUID.upper(), "A"], [UUID, "A"]),
    ],
)
def test_what_can_only_mean_one_thing_is_put_right(member: str, sent: object, kept: object) -> None:
    """Lines are folded, whole numbers are digits, words are flags, UUIDs are in lower case; all else is kept."""
    assert getattr(decoded(_holder, WHOLE | {member: sent}), member) == kept


@pytest.mark.parametrize(
    ("member", "sent"),
    [("text", "a\nb"), ("text", 1.5), ("text", True), ("text", 10**300), ("id", 1), ("flag", 2), ("flag", "perhaps"),
     ("line", "\n"), ("line", "a\u009bb"), ("line", "a\x07"), ("id", f"{UUID.upper()}\x00"), ("line", ""),
     ("line", None), ("ids", [None]), ("ids", [""])],
)  # fmt: skip
def test_all_else_is_refused_by_its_type(member: str, sent: object) -> None:
    """What is required stays required, elements of lists are not dropped, and control characters are refused."""
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{member}"):
        decoded(_holder, WHOLE | {member: sent})


@given(st.text())
def test_a_folded_text_has_one_line(text: str) -> None:
    """Nothing that breaks a line is left, and folding again changes nothing."""
    folded = core_text.folded(text)
    assert len(folded.splitlines()) <= 1
    assert core_text.folded(folded) == folded
