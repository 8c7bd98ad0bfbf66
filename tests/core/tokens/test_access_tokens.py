"""Tokens: their binary form, their life to the microsecond, and what makes one dead."""

import json
import struct
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import generations, scopes
from tessera.core.clients.applications import (
    Application,
    Credential,
    CredentialKind,
    QueryCredentials,
    TokenBinding,
    held,
)
from tessera.core.keys.sealing import KEY_BYTES, Ring, SealingKey
from tessera.core.times import SECOND, PurgeTime
from tessera.core.tokens import access_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.revocations import Revocations

NOW = 1_900_000_000_000_000
FORTNIGHT = 14 * 86_400
HOUR = 3600 * SECOND
NIL = str(UUID(int=0))
RING = Ring([SealingKey(1, bytes(range(KEY_BYTES)), 0, None)])


def claims(issued_at: int = NOW, lifetime_seconds: int = FORTNIGHT, token_id: int = 7) -> Claims:
    """Claims of a token of application 1."""
    return Claims(1, 1, token_id, issued_at, lifetime_seconds, ("openid",))


def secret(ends_at: int | None = None) -> Credential:
    """A secret with this end."""
    return Credential(1, CredentialKind.KEYED, bytes(32), ends_at)


def application(
    *secrets: Credential, enabled: bool = True, tokens_valid_from: int = 0, generation: int = 0
) -> Application:
    """Application 1, with these secrets or with one that has no end."""
    return Application(
        1,
        "id",
        1,
        enabled,
        ("openid",),
        FORTNIGHT,
        QueryCredentials.ALLOW,
        tokens_valid_from,
        *held(secrets or (secret(),)),
        generation=generation,
    )


_SCOPES = st.lists(st.sampled_from([*scopes.WELL_KNOWN, "x", "a:b"]), min_size=1).map(
    lambda names: scopes.parse(" ".join(names))
)
_TARGETS = st.one_of(
    st.just((TokenBinding.NONE, b"")),
    st.tuples(st.sampled_from([TokenBinding.DPOP, TokenBinding.TLS]), st.binary(min_size=32, max_size=32)),
)


@st.composite
def all_claims(draw: st.DrawFn) -> Claims:
    """Any claims: for the platform or a resource, bound or not."""
    small, issued_at = st.integers(0, 2**32 - 1), draw(st.integers(0, 2**62))
    lifetime = draw(st.integers(1, access_tokens.LIFETIME_SECONDS_MAX))
    token_id = access_tokens.new_id(draw(st.binary(min_size=4, max_size=4)), issued_at)
    binding, thumbprint = draw(_TARGETS)
    issued = (draw(small), draw(small), token_id, issued_at, lifetime)
    generation = draw(st.one_of(st.just(0), st.just(generations.RANGE - 1), small))
    subject = draw(st.one_of(st.just(""), st.uuids().map(str).filter(lambda each: each != NIL)))
    grant = draw(st.one_of(st.just(0), st.integers(0, 2**63 - 1)))
    return Claims(*issued, draw(_SCOPES), draw(small), binding, thumbprint, generation, subject, grant)


@given(all_claims())
def test_claims_survive_the_seal(wanted: Claims) -> None:
    """What a token says is what was sealed."""
    assert access_tokens.unseal(RING, access_tokens.seal(RING, wanted), wanted.issued_at) == wanted


def test_the_length_of_a_token_is_pinned() -> None:
    """A token with the platform's own scopes is 96 hex characters, whatever its numbers are."""
    lengths = {
        len(access_tokens.seal(RING, Claims(n, n, n, NOW, FORTNIGHT, names, generation=generation)))
        for n in (0, 2**32 - 1)
        for generation in (0, 1, generations.RANGE - 1)
        for names in (("openid",), scopes.WELL_KNOWN)
    }

    assert lengths == {96}


@pytest.mark.parametrize("form", [0, 9, 10, 255])
def test_another_form_of_claims_is_no_token(form: int) -> None:
    """Claims of a form this version does not know, sealed under a good key, open as nothing."""
    sealed = RING.seal(bytes([form]) + bytes(30), access_tokens.PURPOSE, NOW)

    assert access_tokens.unseal(RING, sealed, NOW) is None


def test_a_token_of_generation_0_is_one_that_older_versions_read() -> None:
    """Its bytes are pinned: nodes of the version before generations serve beside new ones during an upgrade."""
    plain = RING.open(access_tokens.seal(RING, claims(token_id=2**63 - 1)), access_tokens.PURPOSE, NOW)
    bound = msgspec.structs.replace(claims(), resource=3, binding=TokenBinding.DPOP, thumbprint=b"t" * 32)
    targeted = RING.open(access_tokens.seal(RING, bound), access_tokens.PURPOSE, NOW)

    assert plain == struct.pack(">BIIQQI", 1, 1, 1, 2**63 - 1, NOW, FORTNIGHT) + scopes.pack(("openid",))
    assert targeted == (
        struct.pack(">BIIQQIIB", 2, 1, 1, 7, NOW, FORTNIGHT, 3, 1) + b"t" * 32 + scopes.pack(("openid",))
    )


def test_the_bytes_of_a_token_of_a_later_generation() -> None:
    """Forms 3 and 4 are pinned: what is issued today is read by every later version."""
    token_id = access_tokens.new_id(b"\x01\x02\x03\xff", NOW)
    plain = msgspec.structs.replace(claims(token_id=token_id), generation=0xA0B0C0D0)
    bound = msgspec.structs.replace(plain, resource=3, binding=TokenBinding.TLS, thumbprint=b"t" * 32)
    fixed = struct.pack(">IIIIQI", 1, 1, 0x010203FF, 0xA0B0C0D0, NOW, FORTNIGHT)

    for claimed, raw in (
        (plain, b"\x03" + fixed + scopes.pack(("openid",))),
        (bound, b"\x04" + fixed + struct.pack(">IB", 3, 2) + b"t" * 32 + scopes.pack(("openid",))),
    ):
        assert RING.open(access_tokens.seal(RING, claimed), access_tokens.PURPOSE, NOW) == raw
        assert access_tokens.unseal(RING, RING.seal(raw, access_tokens.PURPOSE, NOW), NOW) == claimed


def test_the_bytes_of_a_token_about_somebody() -> None:
    """Forms 5 to 8 are 1 to 4 with the subject and the number of the grant before the scopes, and are pinned."""
    subject = "01234567-89ab-7def-8123-456789abcdef"
    person = UUID(subject).bytes + struct.pack(">Q", 2**63 - 1)
    token_id = access_tokens.new_id(b"\x01\x02\x03\xff", NOW)
    plain = msgspec.structs.replace(claims(token_id=token_id), subject=subject, grant=2**63 - 1)
    bound = {"resource": 3, "binding": TokenBinding.TLS, "thumbprint": b"t" * 32}
    first = struct.pack(">IIQQI", 1, 1, token_id, NOW, FORTNIGHT)
    later = struct.pack(">IIIIQI", 1, 1, 0x010203FF, 9, NOW, FORTNIGHT)
    target = struct.pack(">IB", 3, 2) + b"t" * 32

    for claimed, raw in (
        (plain, b"\x05" + first),
        (msgspec.structs.replace(plain, **bound), b"\x06" + first + target),
        (msgspec.structs.replace(plain, generation=9), b"\x07" + later),
        (msgspec.structs.replace(plain, generation=9, **bound), b"\x08" + later + target),
    ):
        whole = raw + person + scopes.pack(("openid",))
        assert RING.open(access_tokens.seal(RING, claimed), access_tokens.PURPOSE, NOW) == whole
        assert access_tokens.unseal(RING, RING.seal(whole, access_tokens.PURPOSE, NOW), NOW) == claimed


@given(all_claims(), st.data())
def test_a_changed_token_opens_nothing(issued: Claims, data: st.DataObject) -> None:
    """Any flipped bit makes it invalid, in every form, so nobody gives a token another generation."""
    sealed = bytearray.fromhex(access_tokens.seal(RING, issued))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert access_tokens.unseal(RING, sealed.hex(), issued.issued_at) is None


@given(st.binary(min_size=4, max_size=4), st.integers(0, 2**62))
def test_a_token_id_is_a_number_that_databases_hold(random: bytes, issued_at: int) -> None:
    """It has 63 bits, of which the random ones and those of the time can be told apart."""
    token_id = access_tokens.new_id(random, issued_at)

    assert 0 <= token_id < 2**63
    assert (token_id >> 31, token_id % 2**31) == (int.from_bytes(random), issued_at % 2**31)


def test_a_fresh_token_of_fourteen_days() -> None:
    """The remaining life is rounded down: a fresh token of fourteen days has 1209599 seconds left."""
    assert access_tokens.seconds_left(claims(), NOW) == 1_209_599


@given(st.integers(1, 10**9), st.integers(-(10**15), 10**16))
def test_seconds_left_is_whole_and_never_negative(lifetime_seconds: int, passed: int) -> None:
    """What is left is never negative, and a caller that trusts it never holds a dead token for live."""
    token = claims(lifetime_seconds=lifetime_seconds)
    now = NOW + passed
    left = access_tokens.seconds_left(token, now)

    assert left >= 0
    assert left == 0 or now + left * SECOND < token.expires_at <= now + (left + 1) * SECOND


def test_a_token_dies_at_its_very_microsecond() -> None:
    """A token is live in its last microsecond, with no whole second left, and dead in the next."""
    token = claims(lifetime_seconds=60)
    end = NOW + 60 * SECOND

    assert token.expires_at == end
    assert access_tokens.live(token, application(), Revocations(), end - 1)
    assert not access_tokens.live(token, application(), Revocations(), end)
    assert access_tokens.seconds_left(token, end - 1) == 0


@pytest.mark.parametrize(
    ("known", "alive"),
    [
        (application(), True),
        (None, False),
        (application(enabled=False), False),
        (application(tokens_valid_from=NOW), True),
        (application(tokens_valid_from=NOW + 1), False),
        (application(generation=1), False),
        (application(generation=generations.RANGE - 1), False),
        (application(tokens_valid_from=0, generation=1), False),
        (application(secret(ends_at=NOW + 10)), False),
        (application(secret(ends_at=NOW + 11)), True),
        (application(secret(ends_at=0), secret(ends_at=NOW + 11)), True),
        (application(secret(ends_at=0), secret(ends_at=None)), True),
        (application(secret(ends_at=0), secret(ends_at=NOW + 10)), False),
        (msgspec.structs.replace(application(), packed_credentials=b"", serves_until=0), False),
        (application(enabled=False, tokens_valid_from=0), False),
    ],
)
def test_what_makes_a_token_dead(known: Application | None, alive: bool) -> None:
    """Ten microseconds after issue: gone, disabled, cut off, or without a live secret is dead; otherwise live."""
    assert access_tokens.live(claims(), known, Revocations(), NOW + 10) is alive


@pytest.mark.parametrize("moment", [0, NOW - 1, NOW, NOW + 1, NOW + 10**15])
def test_after_generation_0_no_moment_matters(moment: int) -> None:
    """A token is valid in its own generation and in no other, whatever clock the cut-off went by."""
    issued = msgspec.structs.replace(claims(), generation=5)

    for generation in (0, 1, 4, 5, 6, 5 + generations.STEP_MAX, generations.RANGE - 5):
        known = application(tokens_valid_from=moment, generation=generation)
        assert access_tokens.live(issued, known, Revocations(), NOW) is (generation == 5)
        assert access_tokens.cut_off(issued, known) is (generation != 5)


def test_a_revoked_token_is_dead_and_others_are_not() -> None:
    """Revoking takes the one token; its entry may go once the token has expired by itself."""
    revocations = Revocations()
    revocations.add(7, claims().expires_at)

    assert not access_tokens.live(claims(token_id=7), application(), revocations, NOW)
    assert access_tokens.live(claims(token_id=8), application(), revocations, NOW)
    assert not revocations.purge(PurgeTime(claims().expires_at), 10)
    assert revocations.holds(7, claims().expires_at)
    assert not revocations.purge(PurgeTime(claims().expires_at + HOUR), 10)
    assert len(revocations) == 0
    assert not access_tokens.live(claims(token_id=7), application(), revocations, NOW), "however early it is"


def test_a_token_of_an_age_whose_revocations_were_purged_is_dead() -> None:
    """One that ends at the mark is dead, whatever the clock says; one that ends later is not."""
    for mark, alive in ((claims().expires_at - 1, True), (claims().expires_at, False)):
        revocations = Revocations()
        revocations.purged(mark)
        assert access_tokens.live(claims(), application(), revocations, NOW) is alive


def test_the_reply_has_its_members_in_order() -> None:
    """The token response has exactly the contract's members, in its order."""
    printed = msgspec.json.encode(access_tokens.reply("abc", claims(), NOW + 1_500_000))

    assert list(json.loads(printed).items()) == [
        ("access_token", "abc"),
        ("created_at", NOW // SECOND),
        ("expires_in", 1_209_598),
        ("scope", "openid"),
        ("token_type", "bearer"),
    ]
