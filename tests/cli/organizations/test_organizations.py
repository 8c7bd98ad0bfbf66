"""Organizations from the command line."""

from pathlib import Path

from tests.cli.command import folder_with_application, one_sentence, run
from tests.cli.test_terminal import Terminal


def test_an_organization_is_shown_renamed_stopped_and_started(tmp_path: Path) -> None:
    """Each verb says what it did, and its state is in every listing from then on."""
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    shown = run("orgs", "show", "Aurora", "--json", *here).document
    assert (shown["enabled"], shown["applications"], shown["customers"]) == (True, 1, 0)
    renamed = run("orgs", "set", "Aurora", "--name", "Aurora Coffee", *here, "--json").document
    assert (renamed["name"], renamed["retailer_id"]) == ("Aurora Coffee", shown["retailer_id"])
    assert "--yes" in one_sentence(run("orgs", "disable", "Aurora Coffee", *here))
    done = run("orgs", "disable", "Aurora Coffee", "--yes", *here)
    assert done.code == 0
    assert "within 250 ms" in done.err
    assert "disabled" in run("orgs", "list", *here).out
    assert "organization disabled" in run("apps", "list", *here).out
    assert "already disabled" in one_sentence(run("orgs", "disable", "Aurora Coffee", "--yes", *here))
    assert run("orgs", "enable", "Aurora Coffee", *here).code == 0
    assert "disabled" not in run("orgs", "show", "Aurora Coffee", *here).out
    assert run("orgs", "set", "Aurora Coffee", *here).code == 2
    sentence = one_sentence(run("orgs", "show", "Aurora Cofee", *here))
    assert "Did you mean Aurora Coffee?" in sentence


def test_an_organization_is_deleted_by_its_name_only(tmp_path: Path) -> None:
    """Without a terminal the name has to be said once more; another name deletes nothing."""
    folder, _ = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    assert "--confirm" in one_sentence(run("orgs", "delete", "Aurora", *here))
    assert "Nothing was deleted" in one_sentence(run("orgs", "delete", "Aurora", "--confirm", "aurora", *here))
    assert run("orgs", "show", "Aurora", "--json", *here).document["enabled"] is True
    gone = run("orgs", "delete", "Aurora", "--confirm", "Aurora", "--json", *here).document
    assert (gone["name"], gone["applications"], gone["customers"]) == ("Aurora", 1, 0)
    assert run("orgs", "list", "--json", *here).document == []
    assert run("apps", "list", "--json", *here).document == []


def test_what_goes_is_said_before_the_name_is_typed(tmp_path: Path) -> None:
    """At a terminal the sentence counts what goes and offers disabling; a wrong name deletes nothing."""
    folder, _ = folder_with_application(tmp_path)
    for typed, left in (("Aurora Coffee\n", 1), ("Aurora\n", 0)):
        terminal = Terminal("orgs", "delete", "Aurora", "--data-dir", folder)
        terminal.wait_for("Type the name to go on")
        assert "1 applications, 0 properties" in terminal.shown
        assert "tessera orgs disable" in terminal.shown
        terminal.type(typed)
        code, _ = terminal.end()
        terminal.close()
        assert code == left
        assert len(run("orgs", "list", "--json", "--data-dir", folder).document) == left
