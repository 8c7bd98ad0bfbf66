"""Events of customers: whom they mean, and that they count once for that customer and for nobody else."""

from pathlib import Path

import msgspec
import pytest

from tessera.api.platform import fields
from tessera.api.platform.user_events import TriggerRequest
from tessera.app.context import Context
from tessera.app.loyalty import user_events
from tessera.app.loyalty.user_events import Subject, Triggered
from tessera.core.changes import AddEventAward, AddEventRule
from tessera.core.errors import ArgumentError, UserNotFound
from tessera.core.loyalty.points import UNITS
from tests.support import invariants
from tests.support.scene import Scene, play

NOBODY = "00000000-0000-4000-8000-000000000000"

_decode = msgspec.json.Decoder(TriggerRequest)


async def declare(context: Context) -> None:
    """An event that earns points in two accounts."""
    await context.commit(
        AddEventRule(1, "rule-visit", "visit", "Visit"),
        AddEventAward(1, "rule-visit", "account-spend", 25 * UNITS + 5_000, None),
        AddEventAward(1, "rule-visit", "account-tier", UNITS, None),
    )


async def trigger(scene: Scene, key: str, by_our_id: bool | None = None) -> Triggered:
    """Tell of a visit."""
    subject = Subject(key, by_our_id)
    return await user_events.trigger(scene.context, scene.caller, scene.retailer_id, subject, "visit")


def test_how_a_customer_is_named(tmp_path: Path) -> None:
    """By id, by any external id in any of its spellings, or by either; an id wins over the same external id."""

    async def scenario(scene: Scene) -> None:
        await declare(scene.context)
        ada = await scene.customer("card-1", identifiers=[{"external_id": "12", "external_id_type": "till"}])
        impostor = await scene.customer(ada)
        for key, by_our_id, whose, was_id in (
            (ada, True, ada, True),
            (ada, None, ada, True),
            (ada.upper(), None, ada, True),
            ("card-1", None, ada, False),
            (" card-1 ", False, ada, False),
            ("12", None, ada, False),
            (ada, False, impostor, False),
        ):
            event = (await trigger(scene, key, by_our_id)).user_event
            assert (event.customer_id, event.is_session_m, event.user_id) == (whose, was_id, key)
        before = invariants.contents(scene.folder)
        for key, by_our_id in (("card-1", True), (NOBODY, None), ("card-2", None), ("card-2", False), ("\u00ad", None)):
            with pytest.raises(UserNotFound):
                await trigger(scene, key, by_our_id)
        assert invariants.contents(scene.folder) == before

    play(tmp_path, scenario)


def test_an_event_is_answered_with_its_time_and_its_points(tmp_path: Path) -> None:
    """The time has seven digits of a second, and each award is an outcome that was applied."""

    async def scenario(scene: Scene) -> None:
        await declare(scene.context)
        await scene.customer("card")
        scene.clock.step(0.123456)
        result = await trigger(scene, "card")
        event = result.user_event
        assert event.time_of_occurrence.startswith(event.occurred_at[:-1] + ".")
        assert len(event.time_of_occurrence) == len("2026-06-06T20:57:21.1234560Z")
        assert event.time_of_occurrence.endswith("1234560Z")
        assert [(each.is_outcome_applied, each.discriminator, each.points_awarded) for each in result.outcomes] == [
            (True, 1, 25.5),
            (True, 1, 1),
        ]

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("member", "meant"),
    [
        (b"true", True),
        (b"false", False),
        (b'"true"', True),
        (b'"No"', False),
        (b"1", True),
        (b"null", None),
        (b'""', None),
    ],
)
def test_whether_it_is_an_id_of_ours_may_be_a_text(member: bytes, meant: bool | None) -> None:
    """A boolean or its word, or nothing; an id of digits alone may come as a number."""
    body = b'{"retailer_id": "r", "user_id": 12, "event_lookup": "visit", "is_session_m": %b}' % member
    request = fields.decode(_decode, body)
    assert (request.user_id, request.is_session_m) == ("12", meant)


@pytest.mark.parametrize("member", [b"2", b'"perhaps"', b"[]", b"0.0"])
def test_another_word_is_refused_by_name(member: bytes) -> None:
    """What could mean either is refused."""
    body = b'{"retailer_id": "r", "user_id": "u", "event_lookup": "visit", "is_session_m": %b}' % member
    with pytest.raises(ArgumentError, match="is_session_m"):
        fields.decode(_decode, body)
