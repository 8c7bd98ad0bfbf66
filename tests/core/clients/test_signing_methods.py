"""How clients sign: sets of algorithms by name, what a profile and a server leave of them, and audiences."""

import pytest

from tessera.core.clients import signing_methods
from tessera.core.clients.signing_methods import (
    FAPI2_ALGORITHMS,
    AssertionAudience,
    NotAlgorithms,
    Profile,
    SigningAlgorithms,
    algorithms_named,
    allowed,
)
from tessera.core.keys.jws import ALGORITHMS

ANY = SigningAlgorithms(0)
RS256, ES256 = SigningAlgorithms.RS256, SigningAlgorithms.ES256
ISSUER = "https://id.example"
FAPI2_NAMES = ("EdDSA", "Ed25519", "ES256", "PS256")


@pytest.mark.parametrize(
    ("text", "found"),
    [("any", ANY), ("fapi2", FAPI2_ALGORITHMS), ("RS256", RS256), ("RS256,ES256", RS256 | ES256)],
)
def test_a_set_is_named(text: str, found: SigningAlgorithms) -> None:
    """By `any`, by a profile, or by names with commas between; and it is shown so that it can be typed again."""
    assert algorithms_named(text) == found
    assert algorithms_named(signing_methods.shown(found)) == found


@pytest.mark.parametrize("text", ["", "none", "HS256", "es256", "ES256,", "ES256 PS256", "any,ES256", "Ed25519"])
def test_what_names_no_set_is_refused(text: str) -> None:
    """With what can be written instead."""
    with pytest.raises(NotAlgorithms, match="EdDSA, ES256, PS256, RS256"):
        algorithms_named(text)


@pytest.mark.parametrize(
    ("profile", "own", "server", "names"),
    [
        (Profile.NONE, ANY, ANY, ALGORITHMS),
        (Profile.FAPI2, ANY, ANY, FAPI2_NAMES),
        (Profile.NONE, RS256, ANY, ("RS256",)),
        (Profile.NONE, ANY, FAPI2_ALGORITHMS, FAPI2_NAMES),
        (Profile.NONE, RS256 | ES256, FAPI2_ALGORITHMS, ("ES256",)),
        (Profile.FAPI2, RS256 | ES256, ANY, ("ES256",)),
        (Profile.FAPI2, RS256, ANY, ()),
        (Profile.NONE, RS256, ES256, ()),
    ],
)
def test_every_limit_holds(
    profile: Profile, own: SigningAlgorithms, server: SigningAlgorithms, names: tuple[str, ...]
) -> None:
    """The profile, the application's own set and the server's: what is left is in all of them."""
    assert allowed(profile, own, server) == names


@pytest.mark.parametrize(
    ("profile", "audience", "strict"),
    [
        (Profile.NONE, AssertionAudience.DEFAULT, False),
        (Profile.FAPI2, AssertionAudience.DEFAULT, True),
        (Profile.NONE, AssertionAudience.ISSUER, True),
        (Profile.FAPI2, AssertionAudience.ISSUER_OR_ENDPOINT, False),
    ],
)
def test_the_profile_decides_where_nothing_was_chosen(
    profile: Profile, audience: AssertionAudience, strict: bool
) -> None:
    """The choice of an operator comes first."""
    assert signing_methods.only_issuer(profile, audience) is strict


@pytest.mark.parametrize(
    ("audience", "strict", "loose"),
    [
        (ISSUER, True, True),
        (f"{ISSUER}/oauth/token", False, True),
        (f"{ISSUER}/oauth/introspect", False, True),
        ([ISSUER], False, True),
        ([f"{ISSUER}/oauth/token"], False, True),
        (f"{ISSUER}/", False, False),
        (f"{ISSUER}/oauth/revoke", False, False),
        ("https://other.example", False, False),
        ([ISSUER, "https://other.example"], False, False),
        ([ISSUER, ISSUER], False, False),
        ([], False, False),
        ([[ISSUER]], False, False),
        (None, False, False),
        ({"a": ISSUER}, False, False),
        (1, False, False),
    ],
)
def test_to_whom_an_assertion_is_addressed(audience: object, strict: bool, loose: bool) -> None:
    """The issuer alone and as a text, or an endpoint too and as a list of one; never anybody else beside it."""
    for only, taken in ((True, strict), (False, loose)):
        assert signing_methods.addressed_to(audience, (ISSUER,), "/oauth/introspect", strict=only) is taken
