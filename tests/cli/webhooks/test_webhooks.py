"""`tessera webhooks` and `tessera events`: what they print, refuse and ask."""

from pathlib import Path

import pytest

from tests.cli.command import Done, one_sentence, run
from tests.support import operator_session, prepared
from tests.support.post import happen
from tests.support.receiver import receiving_beside

SECRET_LENGTH = len("whsec_") + 44


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with an organization and a webhook."""
    folder = tmp_path / "data"
    prepared.copied(folder, _with_webhook)
    return folder


def _with_webhook(folder: Path) -> None:
    assert run("orgs", "create", "Org", "--data-dir", folder).code == 0
    assert run("webhooks", "create", "hook", "--url", "https://hook.example/a", "--data-dir", folder).code == 0


def hooks(folder: Path, *arguments: str) -> Done:
    """Run one of the commands on this folder."""
    return run("webhooks", *arguments, "--data-dir", folder)


def test_a_secret_is_shown_once(folder: Path) -> None:
    """Creating and rotating show a secret, and no other command does."""
    made = hooks(folder, "create", "other", "--url", "https://hook.example/b", "--json").document
    rotated = hooks(folder, "rotate", "other", "--overlap", "1h", "--json").document

    assert len(made["secret"]) == len(rotated["secret"]) == SECRET_LENGTH
    assert made["secret"] != rotated["secret"]
    for words in (("list",), ("show", "other"), ("deliveries", "other"), ("set", "other", "--events", "all")):
        for form in ((), ("--json",)):
            done = hooks(folder, *words, *form)
            assert done.code == 0
            assert "whsec_" not in done.out + done.err
            assert made["secret"].removeprefix("whsec_") not in done.out + done.err


def test_show_tells_how_far_it_is(folder: Path) -> None:
    """Position, what waits of the kinds it asks for, failures and the state."""
    assert hooks(folder, "set", "hook", "--events", "points.earned").code == 0
    operator_session.do(folder, lambda context: happen(context, 3))
    operator_session.do(folder, lambda context: happen(context, 2, kind="points.spent"))

    shown = hooks(folder, "show", "hook", "--json").document

    assert (shown["waiting"], shown["position"], shown["failures"], shown["state"]) == (3, 0, 0, "ok")
    assert shown["events"] == "points.earned"
    assert "events waiting" in hooks(folder, "show", "hook").out
    assert [each["name"] for each in hooks(folder, "list", "--json").document] == ["hook"]


def test_pausing_and_resuming_take_turns(folder: Path) -> None:
    """Each is refused in one sentence when it is so already."""
    assert "not disabled" in one_sentence(hooks(folder, "enable", "hook"))
    assert hooks(folder, "disable", "hook", "--json").document["state"] == "disabled"
    assert "already disabled" in one_sentence(hooks(folder, "disable", "hook"))
    assert hooks(folder, "enable", "hook", "--json").document["state"] == "ok"


def test_what_destroys_asks(folder: Path) -> None:
    """Deleting, and rotating while a former secret still signs, want `--yes` where nobody can be asked."""
    assert "--yes" in one_sentence(hooks(folder, "delete", "hook"))
    assert hooks(folder, "rotate", "hook").code == 0
    assert "--yes" in one_sentence(hooks(folder, "rotate", "hook"))
    assert hooks(folder, "rotate", "hook", "--yes", "--overlap", "0").code == 0
    assert hooks(folder, "rotate", "hook").code == 0
    assert hooks(folder, "delete", "hook", "--yes").code == 0
    assert "no webhook named hook" in one_sentence(hooks(folder, "show", "hook"))


def test_mistakes_are_one_sentence(folder: Path) -> None:
    """A URL, a kind or a name that cannot be used is told in a sentence, and nothing is made."""
    for words, sentence in (
        (("create", "new", "--url", "http://hook.example/"), "https://"),
        (("create", "new", "--url", "https://h", "--events", "points"), "points.earned"),
        (("create", "hook", "--url", "https://h"), "already"),
        (("create", "n\u00fc", "--url", "https://h"), "printable"),
        (("set", "hook"), "--url"),
        (("show", "unknown"), "It has: hook"),
    ):
        assert sentence in one_sentence(hooks(folder, *words)), words
    assert len(hooks(folder, "list", "--json").document) == 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254, which is link-local"),
        ("https://10.0.0.1/", "10.0.0.1, which is private"),
        ("https://localhost/", "which is loopback"),
        ("http://127.0.0.1:9090/metrics", "127.0.0.1, which is loopback"),
        ("https://2130706433/", "127.0.0.1, which is loopback"),
        ("https://[fec0::1]/", "fec0::1, which is private (site-local)"),
    ],
)
def test_a_url_that_leads_inside_is_refused_at_once(folder: Path, url: str, sentence: str) -> None:
    """Creating and changing say which address it is and which setting can allow it, and nothing is made."""
    for words in (("create", "new", "--url", url), ("set", "hook", "--url", url)):
        told = one_sentence(hooks(folder, *words))
        assert sentence in told
        assert "outbound_networks_allowed" in told
    assert [each["url"] for each in hooks(folder, "list", "--json").document] == ["https://hook.example/a"]


def test_the_port_of_management_is_refused_though_its_network_is_allowed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health and metrics are no receivers, and the sentence says so."""
    monkeypatch.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", "127.0.0.0/8")
    monkeypatch.setenv("TESSERA_MANAGEMENT_PORT", "9191")
    told = one_sentence(hooks(folder, "create", "new", "--url", "http://127.0.0.1:9191/metrics"))
    assert "management_port" in told
    assert hooks(folder, "create", "new", "--url", "http://127.0.0.1:9192/hook").code == 0


def test_a_url_that_was_allowed_is_judged_again_when_something_is_sent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A webhook whose network is not allowed any more is sent nothing, and is told which setting it is."""
    with receiving_beside() as receiver:
        with monkeypatch.context() as allowing:
            allowing.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", "127.0.0.1")
            assert hooks(folder, "create", "here", "--url", receiver.url).code == 0
        failed = hooks(folder, "test", "here")
        assert failed.code == 1
        assert "not sent" in failed.err
        assert "outbound_networks_allowed" in failed.err
        assert receiver.attempts == []


def test_a_test_message_is_sent_by_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`test` prints the answer, with exit code 1 when nothing arrived."""
    monkeypatch.setenv("TESSERA_OUTBOUND_NETWORKS_ALLOWED", "127.0.0.1")
    with receiving_beside() as receiver:
        hooks(folder, "create", "here", "--url", receiver.url)
        done = hooks(folder, "test", "here")
        assert (done.code, done.out, [each.kind for each in receiver.taken]) == (0, "ok\n", ["webhook.test"])
        assert "200" in done.err
        assert hooks(folder, "test", "here", "--json").document == {
            "webhook": "here",
            "arrived": True,
            "status": 200,
            "text": "ok",
        }
    failed = hooks(folder, "test", "here")
    assert (failed.code, failed.out) == (1, "")
    assert "nothing arrived" in failed.err


def test_events_are_listed_in_pages_and_shown(folder: Path) -> None:
    """The newest come first, `--after` goes on, and kind and customer choose."""
    ids = operator_session.do(folder, lambda context: happen(context, 5))
    spent = operator_session.do(folder, lambda context: happen(context, 1, kind="points.spent"))

    def listed(*arguments: str) -> list[str]:
        return [each["id"] for each in run("events", "list", *arguments, "--data-dir", folder, "--json").document]

    assert listed() == spent + ids[::-1]
    assert listed("--limit", "2") == [spent[0], ids[4]]
    assert listed("--limit", "2", "--after", ids[4]) == [ids[3], ids[2]]
    assert listed("--kind", "points.spent") == spent
    assert (listed("--user", "u", "--limit", "1"), listed("--user", "x")) == (spent, [])
    assert "--after" in run("events", "list", "--limit", "2", "--data-dir", folder).err
    assert run("events", "show", ids[0], "--data-dir", folder, "--json").document["data"] == {"user_id": "u"}
    assert ids[0] in run("events", "show", ids[0], "--data-dir", folder).out
    assert "no event" in one_sentence(run("events", "show", "unknown", "--data-dir", folder))


def test_a_replay_says_which(folder: Path) -> None:
    """One of the three ways has to be said, and what was never told is not sent again."""
    (event,) = operator_session.do(folder, lambda context: happen(context, 1))

    def replay(*arguments: str) -> Done:
        return run("events", "replay", "--webhook", "hook", *arguments, "--data-dir", folder)

    assert replay().code == replay("--failed", "--event", event).code == replay("--since", "7d").code == 2
    assert replay("--failed", "--json").document == {"webhook": "hook", "events": 0}
    assert replay("--since", "2000-01-01", "--json").document == {"webhook": "hook", "events": 0}
    assert "has not been sent to hook yet" in one_sentence(replay("--event", event))
