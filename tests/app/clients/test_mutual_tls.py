"""Clients that prove themselves by the certificate of their connection, and tokens that are bound to it."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tessera.app import callers
from tessera.app.clients import application_settings, applications, credentials
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.operators import OperatorError
from tessera.app.tokens import verification
from tessera.core.changes import AddCredential
from tessera.core.clients import certificates
from tessera.core.clients.applications import CredentialKind, TokenBinding
from tessera.core.clients.certificates import Authorities
from tessera.core.clients.credentials import UNKNOWN_CLIENT
from tessera.core.errors import InvalidAuthToken, InvalidClient, InvalidRequest
from tessera.core.presented import RequestCredentials
from tessera.core.tokens.access_tokens import Claims, TokenReply
from tests.support import asking, forms, pki
from tests.support.clock import START
from tests.support.pki import Pair
from tests.support.scene import FORM, Scene, play

NOW = START / 1_000_000


def connected(pair: Pair | None, *chain: Pair, authorization: bytes | None = None) -> RequestCredentials:
    """The evidence of a connection with this certificate."""
    return RequestCredentials(
        authorization, certificate=None if pair is None else pair.der, chain=tuple(each.der for each in chain)
    )


async def ask(scene: Scene, request_credentials: RequestCredentials, secret: str = "") -> TokenReply:
    """A token by the certificate of a connection. Raises as the operation does."""
    also = f"&client_secret={secret}" if secret else ""
    body = f"grant_type=client_credentials&client_id={scene.partner.client_id}{also}"
    return await asking.issue(scene.context, forms.form(b"", body.encode(), FORM), request_credentials)


async def refused(scene: Scene, request_credentials: RequestCredentials) -> str:
    """Why a certificate is not taken, which only the operator is told."""
    with pytest.raises(InvalidClient, match=re.escape(UNKNOWN_CLIENT)) as caught:
        await ask(scene, request_credentials)
    return caught.value.detail


async def registered(scene: Scene, pair: Pair, name: str = "certificate") -> None:
    """Give the scene's partner this certificate."""
    await credentials.add_certificate(scene.context, scene.partner.client_id, name, pair.pem)


async def claims_of(scene: Scene, reply: TokenReply) -> Claims:
    """What a live token says."""
    found = await verification.check(scene.context, reply.access_token)
    assert found is not None
    return found[0]


def test_a_certificate_that_is_registered_proves_its_client(tmp_path: Path) -> None:
    """The certificate itself counts: another one with the same name proves nothing, nor does an ended one."""

    async def scenario(scene: Scene) -> None:
        pair, other = (pki.certificate("Partner", now=NOW) for _ in range(2))
        await registered(scene, pair)
        claims = await claims_of(scene, await ask(scene, connected(pair)))
        assert (claims.binding, claims.thumbprint) == (TokenBinding.TLS, hashlib.sha256(pair.der).digest())
        assert await refused(scene, connected(other))
        with pytest.raises(InvalidClient):
            await ask(scene, connected(None))
        await applications.expire_secret(scene.context, scene.partner.client_id, "certificate")
        assert await refused(scene, connected(pair))

    play(tmp_path, scenario)


def test_an_expired_certificate_proves_nothing(tmp_path: Path) -> None:
    """A certificate lives from its first moment to its last, registered or not."""

    async def scenario(scene: Scene) -> None:
        later = pki.certificate("Partner", now=NOW + 86_401)
        pair = pki.certificate("Partner", now=NOW, days=1)
        await scene.context.commit(
            AddCredential(
                scene.partner.client_id,
                "later",
                CredentialKind.CERTIFICATE,
                certificates.thumbprint(later.der),
                "",
                1,
                None,
            )
        )
        await registered(scene, pair)
        assert "begun" in await refused(scene, connected(later))
        scene.clock.step(1)
        await ask(scene, connected(later))
        scene.clock.step(86_399)
        await ask(scene, connected(pair))
        scene.clock.step(1)
        assert "over" in await refused(scene, connected(pair))

    play(tmp_path, scenario)


def test_what_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    """A header that held no certificate is refused, and does not count as none beside a secret."""

    async def scenario(scene: Scene) -> None:
        pair = pki.certificate("Partner", now=NOW)
        await registered(scene, pair)
        for der in (certificates.UNREADABLE, b"x", pair.der[:-1], pair.der + b"\0"):
            assert await refused(scene, RequestCredentials(certificate=der))

    play(tmp_path, scenario)


SUBJECTS = {
    "subject:CN=app,O=Partner": ("app", ()),
    "san_dns:App.Example": ("x", ("dns:app.example", "dns:other.example")),
    "san_uri:urn:app:1": ("x", ("uri:urn:app:1",)),
    "san_ip:2001:DB8:0::7": ("x", ("ip:2001:db8::7",)),
    "san_email:app@partner.example": ("x", ("email:app@partner.example",)),
}


@pytest.mark.parametrize(("subject", "has"), SUBJECTS.items(), ids=[each.partition(":")[0] for each in SUBJECTS])
def test_a_subject_proves_its_client_under_our_authorities(
    tmp_path: Path, subject: str, has: tuple[str, tuple[str, ...]]
) -> None:
    """A certificate of ours with the subject does; one with another subject, or of another authority, does not."""

    async def scenario(scene: Scene) -> None:
        root, stranger = pki.authority(now=NOW), pki.authority(now=NOW)
        between = pki.authority("Between", root, now=NOW)
        await credentials.add_subject(scene.context, scene.partner.client_id, "subject", subject)
        text, names = has
        good = pki.certificate(text, root, *names, now=NOW)
        assert "mtls_ca_file, by which" in await refused(scene, connected(good))
        scene.context.authorities = Authorities(root.pem)
        await ask(scene, connected(good))
        below = pki.certificate(text, between, *names, now=NOW)
        await ask(scene, connected(below, between))
        assert "no authority" in await refused(scene, connected(below))
        bad = {
            "another subject": pki.certificate("app2", root, "dns:app.example.evil", now=NOW),
            "only the common name": pki.certificate("app.example", root, now=NOW),
            "another authority": pki.certificate(text, stranger, *names, now=NOW),
            "nobody above": pki.certificate(text, None, *names, now=NOW),
            "expired": pki.certificate(text, root, *names, now=NOW - 30 * 86_400, days=20),
            "for servers": pki.certificate(text, root, *names, now=NOW, usage=ExtendedKeyUsageOID.SERVER_AUTH),
            "an authority in name only": pki.certificate(text, good, *names, now=NOW),
        }
        for what, pair in bad.items():
            assert await refused(scene, connected(pair, good, stranger)), what

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "app.example",
        "san_dns:",
        "dns:app.example",
        "subject:app",
        "san_ip:app",
        "san_dns:é.example",
        "san_ip:1.2.3",
    ],
)
def test_subjects_that_name_nothing_are_not_added(tmp_path: Path, subject: str) -> None:
    """A subject has one of the forms, and a name that a certificate could have."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError):
            await credentials.add_subject(scene.context, scene.partner.client_id, "subject", subject)

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"x",
        pki.certificate("Old", now=NOW - 90 * 86_400).pem,
        pki.certificate("A", now=NOW).pem + pki.certificate("B", now=NOW).pem,
        pki.certificate("A", now=NOW).key_pem,
    ],
)
def test_certificates_that_cannot_be_used_are_not_added(tmp_path: Path, pem: bytes) -> None:
    """One certificate, in its time, is added; nothing else is."""

    async def scenario(scene: Scene) -> None:
        with pytest.raises(OperatorError):
            await credentials.add_certificate(scene.context, scene.partner.client_id, "certificate", pem)

    play(tmp_path, scenario)


def test_a_bound_token_works_with_its_certificate_only(tmp_path: Path) -> None:
    """The platform refuses it without a certificate, with another, and with one that cannot be read."""

    async def scenario(scene: Scene) -> None:
        pair, other = (pki.certificate("Partner", now=NOW) for _ in range(2))
        await registered(scene, pair)
        header = b"Bearer " + (await ask(scene, connected(pair))).access_token.encode()
        await callers.identify(scene.context, connected(pair, authorization=header))
        for request_credentials in (
            connected(None, authorization=header),
            connected(other, authorization=header),
            RequestCredentials(header, certificate=certificates.UNREADABLE),
        ):
            with pytest.raises(InvalidAuthToken, match="bound to a certificate"):
                await callers.identify(scene.context, request_credentials)

    play(tmp_path, scenario)


def test_tokens_by_secret_are_bound_where_that_is_asked_for(tmp_path: Path) -> None:
    """With the binding set a secret needs a certificate beside it; without it the certificate changes nothing."""

    async def scenario(scene: Scene) -> None:
        pair, secret = pki.certificate("Anybody", now=NOW), scene.partner.client_secret or ""
        assert not (await claims_of(scene, await ask(scene, connected(pair), secret))).binding
        await application_settings.change(
            scene.context, scene.partner.client_id, ApplicationChanges(token_binding=TokenBinding.TLS)
        )
        claims = await claims_of(scene, await ask(scene, connected(pair), secret))
        assert claims.thumbprint == hashlib.sha256(pair.der).digest()
        for request_credentials in (connected(None), RequestCredentials(certificate=certificates.UNREADABLE)):
            with pytest.raises(InvalidRequest, match="Connect with one"):
                await ask(scene, request_credentials, secret)

    play(tmp_path, scenario)


def _spoilt(change: Callable[[bytes], bytes]) -> bytes:
    return change(pki.header(b"certificate!"))


@pytest.mark.parametrize(
    ("leaves", "chains"),
    [
        ([b""], []),
        ([b"::"], []),
        ([b":"], []),
        ([b"Y2VydA=="], []),
        ([_spoilt(lambda text: text[:-1])], []),
        ([_spoilt(lambda text: text + b";a=b")], []),
        ([_spoilt(lambda text: text.replace(b"Y", b"\n"))], []),
        ([_spoilt(lambda text: b":" + text + b":")], []),
        ([b":Y2VydB==:"], []),
        ([b":Y2VydA:"], []),
        ([pki.header(b"one"), pki.header(b"two")], []),
        ([pki.header(b"one") + b", " + pki.header(b"two")], []),
        ([pki.header(b"one")], [b"x"]),
        ([pki.header(b"one")], [b", ".join([pki.header(b"a")] * 6)]),
    ],
)
def test_headers_that_are_not_well_formed_hold_nothing(leaves: list[bytes], chains: list[bytes]) -> None:
    """RFC 9440: one byte sequence, in its one spelling, and a list of them above it."""
    assert certificates.handed_over(leaves, chains) == (certificates.UNREADABLE, ())


def test_a_certificate_and_those_above_it_are_read() -> None:
    """The chain may stand in several lines; a chain without a certificate is nothing."""
    one, two, three = (pki.header(each) for each in (b"one", b"two", b"three"))
    assert certificates.handed_over([b" " + one + b"\t"], []) == (b"one", ())
    assert certificates.handed_over([one], [two + b" ,  " + three]) == (b"one", (b"two", b"three"))
    assert certificates.handed_over([one], [two, three]) == (b"one", (b"two", b"three"))
    assert certificates.handed_over([], [one]) == (None, ())
