"""Keys and certificates of an application from the command line, and the ways in which it may prove itself."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tessera.core.keys import jws, public_keys
from tests.cli.command import folder_with_application, one_sentence, run
from tests.support import assertions, pki

SET = "https://partner.example/jwks.json"
FILES = ("jwk", "pem", "private_jwk", "private_pem", "secret_jwk", "stray", "empty", "certificate", "two", "ended")


def files(tmp_path: Path) -> dict[str, str]:
    """A file of each kind that an operator may name, good or not."""
    key, certificate = assertions.new_key(), pki.certificate("app").pem
    texts = {
        "jwk": assertions.jwk(key, kid="mine"),
        "pem": assertions.pem(key),
        "private_jwk": assertions.jwk(key, d="AA"),
        "private_pem": assertions.private_pem(key),
        "secret_jwk": json.dumps({"kty": "oct", "k": "c2VjcmV0IG9mIHNvbWVib2R5"}).encode(),
        "stray": b"\xff\x00\xfe",
        "empty": b"",
        "certificate": certificate,
        "two": certificate + pki.certificate("other").pem,
        "ended": pki.certificate("app", now=datetime.now(UTC).timestamp() - 86_400 * 90).pem,
    }
    assert tuple(texts) == FILES
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    return {name: str(tmp_path / name) for name in texts}


def names(folder: Path, what: str) -> list[str]:
    """The names that a list of this kind has."""
    return [each["name"] for each in run("apps", what, "list", "Partner", "--json", "--data-dir", folder).document]


def test_a_key_is_the_same_as_jwk_and_as_pem(tmp_path: Path) -> None:
    """Both are shown by the end of the one thumbprint (RFC 7638), numbered by themselves, and nothing else tells."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    first = run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], "--json", *at).document
    second = run("apps", "keys", "add", "Partner", "--pem", given["pem"], "--json", *at).document
    read = public_keys.read_pem((tmp_path / "pem").read_bytes())
    assert first["last_four"] == second["last_four"] == jws.encode(public_keys.thumbprint(read))[-4:]
    assert (first["name"], second["name"]) == ("key-1", "key-2")
    for each in (first, second):
        assert (each["kind"], each["state"], each["ends_at"]) == ("public_key", "live", None)
        assert (each["last_used_at"], each["named"]) == (None, None)
    assert run("apps", "keys", "list", "Partner", "--json", *at).document == [first, second]
    table = run("apps", "keys", "list", "Partner", *at).out
    assert table.count(first["last_four"]) == 2
    assert run("apps", "secrets", "add", "Partner", "--json", *at).document["secret_name"] == "secret-2"


def test_a_key_set_is_shown_with_its_address(tmp_path: Path) -> None:
    """The address is in the document and whole in the table, under the name that was asked for, with its end."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    done = run("apps", "keys", "add", "Partner", "--jwks-uri", SET, "--name", "2030", "--ends", "90d", *at)
    assert done.code == 0, done
    assert "Added 2030. Running servers accept it within 250 ms." in done.err
    assert SET in done.out
    (shown,) = run("apps", "keys", "list", "Partner", "--json", *at).document
    assert (shown["name"], shown["kind"], shown["named"], shown["state"]) == ("2030", "jwks_uri", SET, "ending")
    lasts = datetime.fromisoformat(shown["ends_at"]) - datetime.fromisoformat(shown["created_at"])
    assert lasts == timedelta(days=90)
    assert SET in run("apps", "keys", "list", "Partner", *at).out


def test_certificates_and_subjects_are_added(tmp_path: Path) -> None:
    """Each has a number of its own kind, a subject is shown as it is held, and neither is among the keys."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], *at)
    add = ("apps", "certificates", "add", "Partner")
    first = run(*add, "--pem", given["certificate"], "--ends", "2100-01-01T00:00:00Z", "--json", *at).document
    second = run(*add, "--subject", "san_dns:app.partner.example", "--json", *at).document
    third = run(*add, "--subject", "subject:CN=app,O=Partner", "--name", "by name", "--json", *at).document
    assert (first["name"], first["kind"], first["ends_at"]) == ("certificate-1", "certificate", "2100-01-01T00:00:00Z")
    assert len(first["last_four"]) == 4
    assert (second["name"], second["kind"]) == ("certificate-2", "tls_subject")
    assert second["named"] == "san_dns:app.partner.example"
    assert (third["name"], third["named"]) == ("by name", "subject:CN=app,O=Partner")
    assert run("apps", "certificates", "list", "Partner", "--json", *at).document == [first, second, third]
    assert "san_dns:app.partner.example" in run("apps", "certificates", "list", "Partner", *at).out
    assert names(folder, "keys") == ["key-1"]


REFUSED = {
    ("keys", "--jwk"): ("pem", "private_jwk", "private_pem", "secret_jwk", "stray", "empty", "certificate"),
    ("keys", "--pem"): ("jwk", "private_jwk", "private_pem", "secret_jwk", "stray", "empty", "certificate"),
    ("certificates", "--pem"): ("jwk", "pem", "private_pem", "stray", "empty", "two", "ended"),
}


@pytest.mark.parametrize("flags", REFUSED, ids=" ".join)
def test_a_file_that_is_none_is_refused(tmp_path: Path, flags: tuple[str, str]) -> None:
    """Another kind of file, a private key above all, is refused in one sentence that quotes nothing of it."""
    folder, _ = folder_with_application(tmp_path)
    given, (group, flag) = files(tmp_path), flags
    for what in REFUSED[flags]:
        sentence = one_sentence(run("apps", group, "add", "Partner", flag, given[what], "--data-dir", folder))
        if group == "keys" and what in {f"private_{flag[2:]}", f"secret_{flag[2:]}"}:
            assert "private or a secret key" in sentence, (what, sentence)
        assert "c2VjcmV0" not in sentence
    assert names(folder, group) == []


@pytest.mark.parametrize("flags", REFUSED, ids=" ".join)
def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path, flags: tuple[str, str]) -> None:
    """The option is named, and the data folder is not blamed."""
    folder, _ = folder_with_application(tmp_path)
    for path in (tmp_path / "missing", tmp_path):
        done = run("apps", flags[0], "add", "Partner", flags[1], path, "--data-dir", folder)
        assert done.code == 2, done
        assert f"'{flags[1]}'" in done.err
        assert "--data-dir" not in done.err


@pytest.mark.parametrize(
    "address",
    [
        "", "https://", "http://partner.example/jwks.json", "partner.example/jwks.json", "file:///etc/passwd",
        "https://user:word@partner.example/", "https://partner.example/#a", "https://partner.example/a b",
        "https://partner.example:99999/", "https://partner.example:0/", "https://[::1", "https://café.example/",
        "https://partner.example\\@evil.example/", f"https://partner.example/{'a' * 1024}", "https://a.example/\n",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    """What no key set is fetched from is not added; the sentence is ours."""
    folder, _ = folder_with_application(tmp_path)
    sentence = one_sentence(run("apps", "keys", "add", "Partner", "--jwks-uri", address, "--data-dir", folder))
    assert sentence.startswith("The address")
    if address.endswith((":0/", ":99999/")):
        assert "its port must be a number from 1 to 65535" in sentence
    assert names(folder, "keys") == []


@pytest.mark.parametrize("subject", ["", "CN=app", "subject:", "san_ip:1", "san_dns", "other:app", "subject:no name"])
def test_a_subject_that_is_none_is_refused(tmp_path: Path, subject: str) -> None:
    """A subject has one of the five forms, and a name that a certificate can have."""
    folder, _ = folder_with_application(tmp_path)
    one_sentence(run("apps", "certificates", "add", "Partner", "--subject", subject, "--data-dir", folder))
    assert names(folder, "certificates") == []


def test_what_is_added_is_said_once(tmp_path: Path) -> None:
    """None of the options, or two of them, is wrong usage; so is an end that cannot be read."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    for flags in (
        ("keys",), ("certificates",), ("keys", "--jwk", given["jwk"], "--pem", given["pem"]),
        ("keys", "--jwk", given["jwk"], "--jwks-uri", SET),
        ("certificates", "--pem", given["certificate"], "--subject", "san_dns:a.example"),
        ("keys", "--jwk", given["jwk"], "--ends", "soon"),
        ("certificates", "--pem", given["certificate"], "--ends", "soon"),
    ):  # fmt: skip
        assert run("apps", flags[0], "add", "Partner", *flags[1:], *at).code == 2, flags
    for ends in ("0", "2020-01-01"):
        past = run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], "--ends", ends, *at)
        assert "already passed" in one_sentence(past)
    for name in ("", "a" * 256, "café"):
        one_sentence(run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], "--name", name, *at))
    taken = run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], "--name", "first", *at)
    assert "already has a credential with this name" in one_sentence(taken)
    assert "no application named Nobody" in one_sentence(run("apps", "keys", "add", "Nobody", "--jwks-uri", SET, *at))
    assert names(folder, "keys") == names(folder, "certificates") == []


def test_a_key_is_ended_now_or_later(tmp_path: Path) -> None:
    """With `--at` it ends then, without at once, and an ended one stays ended; the list shows it all the same."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], *at)
    run("apps", "keys", "add", "Partner", "--jwks-uri", SET, *at)
    later = run("apps", "keys", "expire", "Partner", "key-1", "--at", "7d", "--json", *at).document
    assert later["state"] == "ending"
    assert "ends at" in run("apps", "keys", "expire", "Partner", "key-1", "--at", "3d", *at).err
    assert "key-1: ended." in run("apps", "keys", "expire", "Partner", "key-1", *at).err
    assert "already ended" in one_sentence(run("apps", "keys", "expire", "Partner", "key-1", *at))
    past = run("apps", "keys", "expire", "Partner", "key-2", "--at", "2020-01-01", *at)
    assert "already passed" in one_sentence(past)
    assert run("apps", "keys", "expire", "Partner", "key-2", "--at", "soon", *at).code == 2
    shown = run("apps", "keys", "list", "Partner", "--json", *at).document
    assert [each["state"] for each in shown] == ["ended", "live"]


def test_each_command_ends_its_own_kind(tmp_path: Path) -> None:
    """`keys expire` ends no secret and no certificate, and so on; the right command is named, or what there is."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    none = one_sentence(run("apps", "keys", "expire", "Partner", "other", "--yes", *at))
    assert none == "The application has no key named other. It has: none."
    run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], *at)
    run("apps", "certificates", "add", "Partner", "--pem", given["certificate"], *at)
    own = {"secret": "first", "key": "key-1", "certificate": "certificate-1"}
    for kind, mine in own.items():
        for other, name in own.items():
            if other != kind:
                sentence = one_sentence(run("apps", f"{kind}s", "expire", "Partner", name, "--yes", *at))
                assert sentence == f"{name} is a {other}, not a {kind}. End it with `tessera apps {other}s expire`."
        sentence = one_sentence(run("apps", f"{kind}s", "expire", "Partner", "other", "--yes", *at))
        assert sentence == f"The application has no {kind} named other. It has: {mine}."
    shown = run("apps", "show", "Partner", "--json", *at).document["secrets"]
    assert [each["state"] for each in shown] == ["live"] * 3


@pytest.mark.parametrize("group", ["keys", "certificates"])
def test_the_last_credential_is_not_ended_by_accident(tmp_path: Path, group: str) -> None:
    """A secret beside it is enough; when it is alone, ending it asks for `--yes`, now and at a time to come."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    add = ("--jwk", given["jwk"]) if group == "keys" else ("--pem", given["certificate"])
    name = run("apps", group, "add", "Partner", *add, "--json", *at).document["name"]
    assert run("apps", "secrets", "expire", "Partner", "first", *at).code == 0
    for when in ([], ["--at", "7d"]):
        assert "last active credential" in one_sentence(run("apps", group, "expire", "Partner", name, *when, *at))
    assert run("apps", group, "list", "Partner", "--json", *at).document[0]["state"] == "live"
    assert run("apps", group, "expire", "Partner", name, "--yes", "--json", *at).document["state"] == "ended"


def test_the_ways_of_an_application_are_chosen(tmp_path: Path) -> None:
    """They are shown by name in the order of the list, whichever way they were said; `any` takes the choice back."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    assert run("apps", "show", "Partner", "--json", *at).document["authentication_methods"] == "any"
    for said, held in (
        ("tls", "tls"), ("tls,private_key_jwt", "private_key_jwt,tls"), ("secret,secret", "secret"),
        ("tls,secret,private_key_jwt", "secret,private_key_jwt,tls"), ("any", "any"),
    ):  # fmt: skip
        done = run("apps", "set", "Partner", "--methods", said, "--yes", *at)
        assert (done.code, done.out) == (0, "")
        assert f"It may authenticate with: {said}." in done.err
        shown = run("apps", "show", "Partner", *at).out
        assert [line.split()[-1] for line in shown.splitlines() if line.startswith("proves itself by")] == [held]
        both = run("apps", "set", "Partner", "--query-credentials", "warn", "--json", *at).document
        assert both["authentication_methods"] == held


@pytest.mark.parametrize("said", ["", ",", "any,tls", "secret,", "secret, tls", "SECRET", "client_secret_basic", "2"])
def test_a_way_that_is_none_is_wrong_usage(tmp_path: Path, said: str) -> None:
    """Nothing of the command is done then."""
    folder, _ = folder_with_application(tmp_path)
    flags = ("--methods", said, "--query-credentials", "deny")
    assert run("apps", "set", "Partner", *flags, "--data-dir", folder).code == 2
    shown = run("apps", "show", "Partner", "--json", "--data-dir", folder).document
    assert (shown["authentication_methods"], shown["query_credentials"]) == ("any", "allow")


def test_an_application_is_not_shut_out_by_accident(tmp_path: Path) -> None:
    """Ways for which it has no live credential ask for `--yes`, and nothing of the command is done without it."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)

    def chosen(*flags: str) -> str:
        done = run("apps", "set", "Partner", *flags, "--json", *at)
        if done.code:
            return one_sentence(done)
        methods: str = done.document["authentication_methods"]
        return methods

    for said, named in (("tls", "tls"), ("tls,private_key_jwt", "private_key_jwt or tls")):
        sentence = chosen("--methods", said, "--query-credentials", "deny")
        assert sentence.startswith(f"Partner has no active credential for {named}, so it would get no tokens. "), (
            sentence
        )
    shown = run("apps", "show", "Partner", "--json", *at).document
    assert (shown["authentication_methods"], shown["query_credentials"]) == ("any", "allow")
    run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], *at)
    assert chosen("--methods", "private_key_jwt,tls") == "private_key_jwt,tls"
    assert chosen("--methods", "secret") == "secret"
    assert run("apps", "keys", "expire", "Partner", "key-1", *at).code == 0
    assert "no active credential for private_key_jwt" in chosen("--methods", "private_key_jwt")
    assert chosen("--methods", "private_key_jwt", "--yes") == "private_key_jwt"
    assert chosen("--methods", "any") == "any"


def test_the_last_credential_of_a_way_that_is_on_is_not_ended_by_accident(tmp_path: Path) -> None:
    """One beside it does not count when its way is off; one whose own way is off may go."""
    folder, _ = folder_with_application(tmp_path)
    given, at = files(tmp_path), ("--data-dir", folder)
    run("apps", "keys", "add", "Partner", "--jwk", given["jwk"], *at)
    run("apps", "set", "Partner", "--methods", "secret,tls", *at)
    sentence = one_sentence(run("apps", "secrets", "expire", "Partner", "first", *at))
    assert sentence.startswith(
        "first is the last active credential for secret or tls: without it, Partner gets no tokens. Add"
    )
    run("apps", "secrets", "add", "Partner", "--expires", "7d", *at)
    assert "last active" in one_sentence(run("apps", "secrets", "expire", "Partner", "first", "--in", "8d", *at))
    assert run("apps", "secrets", "expire", "Partner", "first", "--in", "6d", *at).code == 0
    assert run("apps", "keys", "expire", "Partner", "key-1", "--at", "5d", *at).code == 0
    run("apps", "set", "Partner", "--methods", "tls", "--yes", *at)
    assert run("apps", "secrets", "expire", "Partner", "first", *at).code == 0
