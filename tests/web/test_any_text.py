"""Any text that a member takes, it gives back in a form that it takes again, unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from tests.adversarial.bad_values import Field, alternatives
from tests.adversarial.valid_requests import BODIES
from tests.support import invariants
from tests.support.partner import Partner
from tests.support.scene import Scene, play
from tests.web.test_not_given import CREATE, optional_members, put, with_body

pytestmark = [pytest.mark.usefixtures("lent"), pytest.mark.engines("sqlite")]

FLAGS = "user[user_profile]=true&show_identifiers=true"

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \t\n\u00a0\u0130\u0958\u00df\u212b\ufb01\u0301\u2028"),
    min_size=1,
    max_size=12,
) | st.sampled_from(("\u0130", "\u0958", "\u00df", "a", "\U0001d160", "e\u0301")).flatmap(
    lambda letter: st.integers(80, 260).map(letter.__mul__)
)
"""Short ones of any characters, and long ones of characters that grow or shrink when they are put into one form."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=6,
)


def texts_of(partner: Partner) -> list[Field]:
    """The members of a new customer that are texts, at every depth, and the elements of lists of texts."""
    found = optional_members(with_body(partner)[CREATE])
    kept = [each for each in found if any(isinstance(kind, inspect.StrType) for kind in alternatives(each.kind))]
    phone = Field(
        "user.phone_numbers[0].phone_number", ("user", "phone_numbers", 0, "phone_number"), kept[0].kind, True
    )
    flag = Field("preference_flags[0]", ("user", "phone_numbers", 0, "preference_flags", 0), kept[0].kind, False)
    listed = Field("identifiers[0]", ("user", "identifiers", 0, "external_id"), kept[0].kind, True)
    return [*kept, phone, flag, listed]


@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@example("\u0958" * 200, {"a": 1})
@example("\u0130" * 255, {"b": [None]})
@example("\u212b and \ufb01", {"c": {"d": 1.5}})
@given(TEXTS, st.dictionaries(st.text("ab\u00e9\u0130 _", min_size=1, max_size=5), JSON, max_size=3))
def test_any_text_can_be_sent_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, profile: dict[str, Any]
) -> None:
    """Each member of a customer with this text: refused at first, or taken, answered, and taken again for good."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        await partner.settle_in()
        taken = 0
        for field in texts_of(partner):
            body = put(BODIES[CREATE](partner.values, "fresh"), field, text)
            body["user"]["user_profile"] = profile
            answer = await partner.ask("POST", f"{partner.users}?{FLAGS}", body)
            if answer.status == 400:
                continue
            assert answer.status == 200, (field.name, text, answer)
            taken += 1
            created = json.loads(answer.body)["user"]
            place = f"{partner.users}/{created['id']}"
            again = (await partner.done("PUT", place, {"user": created}))["user"]
            assert {name: again[name] for name in created} == created, field.name
            gone = (await partner.done("DELETE", f"{place}?{FLAGS}"))["user"]
            remade = (await partner.done("POST", f"{partner.users}?{FLAGS}", {"user": gone}))["user"]
            await partner.done("DELETE", f"{partner.users}/{remade['id']}")
            assert {name: remade[name] for name in created.keys() - {"id"}} == {
                name: value for name, value in created.items() if name != "id"
            }, field.name
        plain = f"{text}{json.dumps(profile, ensure_ascii=False)}".isprintable()
        assert taken >= 12 or len(text) > 20 or not plain
        invariants.check(scene.folder)

    play(tmp_path_factory.mktemp("texts"), scenario)


def test_a_custom_profile_that_fits_can_always_be_changed(tmp_path: Path) -> None:
    """One of the greatest size is still taken when its version has more digits."""

    async def scenario(scene: Scene) -> None:
        partner = Partner(scene)
        place = f"{partner.users}/{await scene.customer('card')}/models/user_profile"
        await partner.settle_in()
        size = 32 * 1024 - len('{"a":"","_version":1}')
        assert (await partner.ask("POST", place, {"user_profile": {"a": "x" * (size + 1)}})).status == 400
        for number in range(12):
            sent = {"user_profile": {"a": str(number % 10) * size}}
            done = await partner.done("POST", place, sent)
            assert done["user_profile"]["_version"] == number + 1

    play(tmp_path, scenario)
