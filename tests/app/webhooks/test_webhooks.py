"""What an operator does with webhooks: where they may go, their secrets, what is sent again, when it is forgotten."""

import base64
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from tessera.app.operators import OperatorError
from tessera.app.organizations import organizations
from tessera.app.webhooks import events, webhooks
from tessera.core.times import SECOND
from tessera.core.webhooks.deliveries import RETRY_SCHEDULE_SECONDS
from tessera.ops.sender import open_sender
from tests.support import engines
from tests.support.post import delivering, happen, look, subscribe
from tests.support.receiver import Received, receiving
from tests.support.scene import Scene, play
from tests.support.waiting import until


def verified(message: Received, secret: str) -> bool:
    """Whether the library that partners use takes a message for one that was signed with this secret now."""
    try:
        Verifier(secret).verify(message.body, message.headers)
    except WebhookVerificationError:
        return False
    return True


async def at_the_real_time(scene: Scene) -> None:
    """Let the scene's clock tell the time that the library believes in."""
    scene.clock.at = time.time_ns() // 1000


def test_a_message_verifies_with_the_library_of_partners(tmp_path: Path) -> None:
    """Messages are those of the Standard Webhooks scheme; one that was changed, or another secret, does not verify."""

    async def scenario(scene: Scene) -> None:
        await at_the_real_time(scene)
        async with receiving() as receiver, delivering(scene.context):
            made = await subscribe(scene.context, "hook", receiver)
            customer = await scene.customer("card")
            await until(lambda: len(receiver.taken) == 1)
            (message,) = receiver.taken
            body = Verifier(made.secret).verify(message.body, message.headers)
            assert (body["type"], body["data"]["user_id"]) == ("customer.created", customer)
            assert body["timestamp"].endswith("Z")
            assert message.headers["content-type"] == "application/json"
            assert message.headers["user-agent"].startswith("tessera/")
            assert not verified(message._replace(body=message.body + b" "), made.secret)
            assert not verified(message, f"whsec_{'A' * 43}=")

    play(tmp_path, scenario)


def test_a_retry_keeps_its_id_and_gets_a_time_of_its_own(tmp_path: Path) -> None:
    """Each attempt has the same id and body, and its own time and signature."""

    async def scenario(scene: Scene) -> None:
        await at_the_real_time(scene)

        async def fails(_message: Received) -> int | None:
            return 503

        async with receiving() as receiver, delivering(scene.context) as deliverer:
            made = await subscribe(scene.context, "hook", receiver)
            receiver.behaviour = fails
            await happen(scene.context, 1)
            await until(lambda: len(receiver.attempts) == 1)
            await deliverer.idle()
            scene.clock.step(10)
            await until(lambda: len(receiver.attempts) == 2)
            first, second = receiver.attempts
            assert (first.id, first.body) == (second.id, second.body)
            assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 10
            assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
            assert verified(first, made.secret)
            assert verified(second, made.secret)

    play(tmp_path, scenario)


def test_both_secrets_sign_until_the_former_one_ends(tmp_path: Path) -> None:
    """In the overlap a message verifies with either secret, and after it with the new one only."""

    async def scenario(scene: Scene) -> None:
        await at_the_real_time(scene)
        async with receiving() as receiver, delivering(scene.context):
            old = await subscribe(scene.context, "hook", receiver)
            organization = await organizations.find(scene.context, "Org")
            new = await webhooks.rotate(scene.context, organization, await look(scene.context, "hook"), 60)
            assert webhooks.overlaps(scene.context, await look(scene.context, "hook"))
            await happen(scene.context, 1)
            await until(lambda: len(receiver.taken) == 1)
            scene.clock.step(60)
            await happen(scene.context, 1)
            await until(lambda: len(receiver.taken) == 2)
            during, after = receiver.taken
            assert [verified(during, each.secret) for each in (old, new)] == [True, True]
            assert [verified(after, each.secret) for each in (old, new)] == [False, True]
            assert not webhooks.overlaps(scene.context, await look(scene.context, "hook"))

    play(tmp_path, scenario)


def test_secrets_are_nowhere_in_the_clear(tmp_path: Path) -> None:
    """Neither a secret's text nor its bytes are in the database, and one of another webhook's row opens nothing."""

    async def scenario(scene: Scene) -> None:
        async with receiving() as receiver:
            one = await subscribe(scene.context, "one", receiver)
            await subscribe(scene.context, "two", receiver)
            raw = base64.b64decode(one.secret.removeprefix("whsec_"))
            stored = b"".join(engines.stored(scene.folder).values())
            assert b"hook?for=test" in stored
            assert raw not in stored
            assert one.secret.removeprefix("whsec_").encode() not in stored
            first, second = await look(scene.context, "one"), await look(scene.context, "two")
            assert scene.context.directory.decrypt(first.place, first.secret) == raw
            with pytest.raises(Exception, match="not of this place"):
                scene.context.directory.decrypt(second.place, first.secret)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "characters"),
        ("https://h/" + "x" * 2048, "characters"),
        ("https://h/ü", "ASCII"),
        ("https://h/a b", "ASCII"),
        ("https://h/a\nb", "ASCII"),
        ("ftp://h/", "https://"),
        ("h/hook", "https://"),
        ("https:///hook", "host"),
        ("https://h:0/", "its port must be a number from 1 to 65535"),
        ("https://h:00/", "its port must be a number from 1 to 65535"),
        ("https://h:65536/", "its port must be a number from 1 to 65535"),
        ("https://h:-1/", "its port must be a number from 1 to 65535"),
        ("https://h:port/", "its port must be a number from 1 to 65535"),
        ("http://127.0.0.1:0/", "its port must be a number from 1 to 65535"),
        ("https://[::1/", "cannot be read"),
        ("https://user:password@h/", "user or password"),
        ("https://h/#part", "fragment"),
        ("http://h/", "TLS"),
        ("http://10.0.0.1/", "TLS"),
        ("http://127.0.0.1.h/", "TLS"),
    ],
)
def test_a_url_that_messages_cannot_go_to_is_refused(tmp_path: Path, url: str, sentence: str) -> None:
    """Each is refused with a sentence that says why, when a webhook is made and when it is changed."""

    async def scenario(scene: Scene) -> None:
        organization = await organizations.find(scene.context, "Org")
        with pytest.raises(OperatorError, match=sentence):
            await webhooks.create(scene.context, organization, "hook", url, "all")
        await webhooks.create(scene.context, organization, "sound", "https://h", "all")
        with pytest.raises(OperatorError, match=sentence):
            await webhooks.change(scene.context, await look(scene.context, "sound"), url, None)

    play(tmp_path, scenario)


@pytest.mark.parametrize("url", ["https://h", "https://h:8443/a?b=c", "http://localhost:1/", "http://127.3.2.1/",
                                 "http://[::1]:80/"])  # fmt: skip
def test_other_urls_are_taken(tmp_path: Path, url: str) -> None:
    """HTTPS anywhere, and plain HTTP to this machine."""

    async def scenario(scene: Scene) -> None:
        organization = await organizations.find(scene.context, "Org")
        await webhooks.create(scene.context, organization, "hook", url, "points.earned, points.spent,points.earned")
        assert (await look(scene.context, "hook")).kinds == "points.earned,points.spent"

    play(tmp_path, scenario)


@pytest.mark.parametrize("kinds", ["", "points", "all,points.earned", "points.*", "webhook.test"])
def test_kinds_that_are_none_are_refused(tmp_path: Path, kinds: str) -> None:
    """The sentence lists the kinds that there are."""

    async def scenario(scene: Scene) -> None:
        organization = await organizations.find(scene.context, "Org")
        with pytest.raises(OperatorError, match=r"points\.earned"):
            await webhooks.create(scene.context, organization, "hook", "https://h", kinds)

    play(tmp_path, scenario)


def test_what_was_told_is_sent_again(tmp_path: Path) -> None:
    """One event, everything since a time, or what failed: each is sent again with the same id, of its kinds only."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        async with receiving() as receiver, delivering(context) as deliverer:
            await subscribe(context, "hook", receiver, "points.earned")
            early = await happen(context, 3)
            await happen(context, 2, kind="points.spent")
            scene.clock.step(3600)
            late = await happen(context, 2)
            await until(lambda: sorted(receiver.ids) == sorted(early + late))
            await deliverer.idle()
            hook = await look(context, "hook")

            await events.replay_one(context, hook, await events.find(context, early[0]))
            await until(lambda: receiver.ids[5:] == early[:1])
            assert await events.replay_since(context, hook, scene.clock.now() - SECOND) == 2
            await until(lambda: sorted(receiver.ids[6:]) == sorted(late))
            await deliverer.idle()
            assert await events.replay_failed(context, hook) == 0

            (spent,) = await happen(context, 1, kind="points.spent")
            with pytest.raises(OperatorError, match=r"is not subscribed to points\.spent"):
                await events.replay_one(context, hook, await events.find(context, spent))
            await webhooks.disable(context, hook)
            (waiting,) = await happen(context, 1)
            with pytest.raises(OperatorError, match="has not been sent to"):
                await events.replay_one(context, hook, await events.find(context, waiting))
            with pytest.raises(OperatorError, match="no event"):
                await events.find(context, waiting, organization=99)

    play(tmp_path, scenario)


def test_what_was_given_up_is_sent_again(tmp_path: Path) -> None:
    """An event that was given up waits for nothing, and arrives when it is asked for again."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        poison = ""

        async def behaves(message: Received) -> int | None:
            return 500 if message.id == poison else 200

        async with receiving() as receiver, delivering(context) as deliverer:
            await subscribe(context, "hook", receiver)
            receiver.behaviour = behaves
            (poison,) = await happen(context, 1)
            hook = await look(context, "hook")
            for _ in range(len(RETRY_SCHEDULE_SECONDS) + 1):
                scene.clock.step(14_400)
                await deliverer.idle()
            counts = await context.store.delivery_counts(hook.number)
            assert counts.given_up == 1
            tries = len(receiver.attempts)
            scene.clock.step(86_400)
            await deliverer.idle()
            assert len(receiver.attempts) == tries
            told, poison = poison, ""
            assert await events.replay_failed(context, hook) == counts.deliveries == 1
            await until(lambda: receiver.ids == [told])
            await deliverer.idle()
            assert (await context.store.delivery_counts(hook.number)).deliveries == 0

    play(tmp_path, scenario)


def test_events_are_purged_when_all_have_heard(tmp_path: Path) -> None:
    """Old events go in steps, but not those that a webhook has yet to hear, nor those that are tried again."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        await happen(context, 1200)
        async with receiving() as receiver:
            await subscribe(context, "hook", receiver)
            await webhooks.disable(context, await look(context, "hook"))
            waiting = await happen(context, 3)
            scene.clock.step(31 * 86_400)
            young = await happen(context, 2)
            await scene.purge()
            left = await context.store.events_after(1, 0, 5000)
            assert [each.id for each in left] == waiting + young
            await webhooks.enable(context, await look(context, "hook"))
            async with delivering(context) as deliverer:
                await until(lambda: len(receiver.taken) == 5)
                await deliverer.idle()
            hook = await look(context, "hook")
            await events.replay(context, hook, left[:1])
            await scene.purge()
            assert [each.id for each in await context.store.events_after(1, 0, 5000)] == [waiting[0], *young]

    play(tmp_path, scenario)


def test_a_test_message_says_what_came_of_it(tmp_path: Path) -> None:
    """A ping is signed like any message, is of a kind of its own, and is sent to a disabled webhook too."""

    async def scenario(scene: Scene) -> None:
        await at_the_real_time(scene)
        async with receiving() as receiver, open_sender(scene.context.outbound, 1) as sender:
            made = await subscribe(scene.context, "hook", receiver)
            hook = await look(scene.context, "hook")
            await webhooks.disable(scene.context, hook)
            answer = await webhooks.test(scene.context, sender, hook)
            assert (answer.status, answer.text) == (200, "ok")
            assert receiver.taken[0].kind == "webhook.test"
            assert verified(receiver.taken[0], made.secret)
            await receiver.close()
            answer = await webhooks.test(scene.context, sender, hook)
            assert answer.status is None
            assert answer.error

    play(tmp_path, scenario)
