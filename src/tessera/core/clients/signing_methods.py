"""How clients sign: the profile they keep to, their algorithms, and to whom their assertions are addressed."""

from collections.abc import Collection
from enum import IntEnum, IntFlag
from functools import lru_cache

from tessera.core.keys.jws import ALGORITHMS, Algorithm
from tessera.core.nearest import nearest


class Profile(IntEnum):
    """A security profile that an application is held to; `FAPI2` is the FAPI 2.0 Security Profile."""

    NONE = 0
    FAPI2 = 1


class AssertionAudience(IntEnum):
    """Audiences that a client's assertions may have (`aud`); `DEFAULT` goes by the profile.

    `ISSUER` is the issuer alone, as one text. `ISSUER_OR_ENDPOINT` is that or the address of the token endpoint, or of
    the endpoint that is asked, also as a list of this one.
    """

    DEFAULT = 0
    ISSUER = 1
    ISSUER_OR_ENDPOINT = 2


class SigningAlgorithms(IntFlag):
    """Algorithms with which a client may sign assertions and DPoP proofs; none set means any that the server takes."""

    EDDSA = 1
    ES256 = 2
    PS256 = 4
    RS256 = 8


FAPI2_ALGORITHMS = SigningAlgorithms.PS256 | SigningAlgorithms.ES256 | SigningAlgorithms.EDDSA
"""FAPI 2.0 Security Profile section 5.4.1."""

NAMES = {
    SigningAlgorithms.EDDSA: (Algorithm.EDDSA, Algorithm.ED25519),
    SigningAlgorithms.ES256: (Algorithm.ES256,),
    SigningAlgorithms.PS256: (Algorithm.PS256,),
    SigningAlgorithms.RS256: (Algorithm.RS256,),
}
"""The names of each in a signed text."""

BY_NAME = {names[0].value: flag for flag, names in NAMES.items()}
"""By the name that an operator uses."""

TOKEN_PATH = "/oauth/token"
"""Path of the token endpoint, below the issuer."""


class NotAlgorithms(ValueError):
    """A text that names no set of algorithms; it says what does."""


def algorithms_named(text: str) -> SigningAlgorithms:
    """The algorithms of a text: `any`, `fapi2`, or some names with commas between. Raises NotAlgorithms."""
    if text == "any":
        return SigningAlgorithms(0)
    if text == "fapi2":
        return FAPI2_ALGORITHMS
    found = SigningAlgorithms(0)
    for name in text.split(","):
        if name not in BY_NAME:
            meant = nearest(name, BY_NAME)
            raise NotAlgorithms(
                f"there is no algorithm {name}{f' (did you mean {meant}?)' if meant else ''}; write any, fapi2, or some"
                f" of {', '.join(BY_NAME)}, with commas between"
            )
        found |= BY_NAME[name]
    return found


def shown(algorithms: SigningAlgorithms) -> str:
    """The algorithms as an operator reads them: their names with commas between, or `any`."""
    return ",".join(name for name, flag in BY_NAME.items() if flag in algorithms) or "any"


@lru_cache(maxsize=256)
def allowed(profile: Profile, own: SigningAlgorithms, server: SigningAlgorithms) -> tuple[str, ...]:
    """The names that a client of this profile, held to these algorithms, may sign with here; in the order of `jws`."""
    limits = [each for each in (own, server, FAPI2_ALGORITHMS if profile is Profile.FAPI2 else 0) if each]
    flags = [flag for flag in SigningAlgorithms if all(flag & limit for limit in limits)]
    names: Collection[str] = {name for flag in flags for name in NAMES[flag]}
    return tuple(each for each in ALGORITHMS if each in names)


def only_issuer(profile: Profile, audience: AssertionAudience) -> bool:
    """Whether an assertion has to be addressed to the issuer alone."""
    if audience is AssertionAudience.DEFAULT:
        return profile is Profile.FAPI2
    return audience is AssertionAudience.ISSUER


def addressed_to(audience: object, addresses: tuple[str, ...], endpoint: str, *, strict: bool) -> bool:
    """Whether an `aud` is one of ours: `endpoint` is the path of the one that is asked, `strict` as `only_issuer`.

    `addresses` are those of the service: the issuer first, behind it one at which the endpoints are reached too.
    """
    issuer = addresses[0]
    if strict:
        return audience == issuer
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return audience == issuer or audience in [each + path for each in addresses for path in (TOKEN_PATH, endpoint)]
