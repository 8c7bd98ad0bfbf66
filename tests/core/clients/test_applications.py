"""Applications: which secret opens the door, and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.clients import applications
from tessera.core.clients.applications import NOBODY, Application, Credential, CredentialKind, QueryCredentials, held

PEPPER = b"p" * 32


def application(*secrets: Credential) -> Application:
    """An enabled application with these secrets."""
    return Application(1, "id", 1, True, ("openid",), 60, QueryCredentials.ALLOW, 0, *held(secrets))


def keyed(number: int, text: str, ends_at: int | None = None) -> Credential:
    """A generated secret."""
    return Credential(number, CredentialKind.KEYED, applications.secret_digest(PEPPER, text), ends_at)


def test_a_secret_ends_at_its_very_microsecond() -> None:
    """A secret is live before its end and not at it; one without an end is always live."""
    assert keyed(1, "a", ends_at=100).live(99)
    assert not keyed(1, "a", ends_at=100).live(100)
    assert keyed(1, "a").live(2**62)


@pytest.mark.parametrize(
    ("text", "now", "number"),
    [("old", 99, 1), ("old", 100, None), ("new", 99, 2), ("new", 100, 2), ("New", 99, None), ("", 99, None)],
)
def test_two_secrets_overlap(text: str, now: int, number: int | None) -> None:
    """While two secrets overlap either opens the door; after the end of the old one only the new one does."""
    found = applications.matching_secret(
        application(keyed(1, "old", ends_at=100), keyed(2, "new")), applications.secret_digest(PEPPER, text), now
    )

    assert found == number


def test_the_digest_depends_on_the_pepper() -> None:
    """The digest of a secret under another pepper is another, 32 bytes each."""
    digests = {applications.secret_digest(pepper, "a") for pepper in (PEPPER, b"q" * 32)}

    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == 2


@given(st.text(st.characters(codec="ascii"), max_size=64))
def test_nobody_has_no_secret(text: str) -> None:
    """No secret opens the door for the stand-in of an unknown client, and it is never in service."""
    assert applications.matching_secret(NOBODY, applications.secret_digest(PEPPER, text), 0) is None
    assert not NOBODY.in_service(0)


def test_slow_secrets_are_the_live_ones_that_people_made() -> None:
    """Only live argon2id secrets go to the slow check."""
    slow = [
        Credential(number, CredentialKind.ARGON2ID, b"$argon2id$", ends_at) for number, ends_at in ((2, 100), (3, None))
    ]
    known = application(keyed(1, "a"), *slow)

    assert applications.slow_secrets(known, 99) == slow
    assert applications.slow_secrets(known, 100) == slow[1:]


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("a" * 64, True),
        ("0" * 63, False),
        ("0" * 65, False),
        ("A" * 64, False),
        ("g" * 64, False),
        ("0" * 64 + "\n", False),
    ],
)
def test_the_generated_form(text: str, ours: bool) -> None:
    """An id or secret of ours is 64 lower-case hex characters."""
    assert applications.generated_form(text) is ours


def test_ended_secrets_are_left_behind() -> None:
    """What a process keeps in memory holds no secret that has ended; when the last one ends stays known."""
    first, second = (
        Credential(1, CredentialKind.KEYED, bytes(32), 100),
        Credential(2, CredentialKind.ARGON2ID, b"$argon2id$v", 200),
    )
    known = application(first, second)

    assert known.without_ended_credentials(99) is known
    assert known.without_ended_credentials(100).credentials == [second]
    assert known.without_ended_credentials(200).credentials == []
    assert known.without_ended_credentials(200).serves_until == 200


def test_only_secrets_are_compared_with_secrets() -> None:
    """What stands in the table of credentials and is no secret opens nothing, even to whoever sends its very bytes."""
    digest = applications.secret_digest(PEPPER, "one")
    others = [kind for kind in CredentialKind if kind is not CredentialKind.KEYED]
    for kind in others:
        assert applications.matching_secret(application(Credential(1, kind, digest, None)), digest, 0) is None
