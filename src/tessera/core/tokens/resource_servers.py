"""Resource servers beside the platform: how they are named, what may be asked for there, and whom a token is for.

A resource is named by an absolute URI (RFC 8707), compared letter by letter. An application may do at a resource what
it was granted there, as far as the resource still has that scope. The platform itself is `PLATFORM`, and its name is
the issuer.
"""

import re
from collections.abc import Iterable

import msgspec

from tessera.core.clients.applications import Application, TokenFormat
from tessera.core.errors import InvalidTarget
from tessera.core.scopes import Scopes

PLATFORM = 0
"""The number that stands in a token for the platform; rows are numbered from 1."""

IDENTIFIER_LENGTH_MAX = 255

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+")

NOT_ONE = (
    "The parameter resource must be one absolute URI without a fragment. Ask for one resource at a time, each with a"
    " token of its own."
)
NOT_GRANTED = "The resource is unknown, or this client was granted nothing there."
"""One text for both, so that it tells nobody which resources there are."""


class Resource(msgspec.Struct, frozen=True):
    """A resource server as every request needs it.

    `token_format` is what tokens for it look like whoever asks, None for whatever the application has. `application`
    is the number of the application by which it asks about tokens, None when it has none.
    """

    number: int
    identifier: str
    scopes: Scopes
    token_format: TokenFormat | None = None
    application: int | None = None


class ResourceRecord(msgspec.Struct, frozen=True):
    """A resource server as its operator sees it; `server` is the name of the application by which it asks."""

    number: int
    identifier: str
    name: str
    scope: str
    token_format: str | None
    server: str | None
    created_at: int


class AccessRecord(msgspec.Struct, frozen=True):
    """What an application was granted at a resource, as their operator sees it."""

    application: str
    client_id: str
    organization: str
    resource: str
    scope: str


class Resources:
    """All resource servers, by identifier and by number; `platform` is the identifier of the platform, the issuer."""

    __slots__ = ("known", "numbered", "platform")

    def __init__(self, resources: Iterable[Resource] = (), platform: str | None = None) -> None:
        self.numbered = {each.number: each for each in resources}
        self.known = {each.identifier: each for each in self.numbered.values()}
        self.platform = platform

    def granted(self, application: Application, number: int) -> Scopes:
        """What an application may do at the resource with this number now; nothing at one that is gone."""
        if number == PLATFORM:
            return application.scopes
        resource = self.numbered.get(number)
        if resource is None:
            return ()
        for place, granted in application.options.access:
            if place == number:
                return tuple(name for name in granted if name in resource.scopes)
        return ()

    def uphold(self, application: Application, number: int, claimed: Scopes) -> bool:
        """Whether an application may still do all that a token for this resource claims."""
        return number in self.numbered and set(claimed) <= set(self.granted(application, number))

    def target(self, application: Application, asked: str | None) -> int:
        """The number of the resource that a token is to be for.

        Raises InvalidTarget when `asked` cannot name one, or names one that is unknown or where nothing was granted,
        and when it is None although there is neither a platform scope nor a single resource that could be meant.
        """
        if asked is None:
            return PLATFORM if application.scopes else self._only(application)
        if not identifies(asked):
            raise InvalidTarget(NOT_ONE, check="target.form")
        number = PLATFORM if asked == self.platform else self._number(asked)
        if not self.granted(application, number):
            raise InvalidTarget(NOT_GRANTED, detail="the client was granted nothing there", check="target.granted")
        return number

    def _number(self, identifier: str) -> int:
        resource = self.known.get(identifier)
        if resource is None:
            raise InvalidTarget(NOT_GRANTED, detail="no resource has this identifier", check="target.known")
        return resource.number

    def _only(self, application: Application) -> int:
        places = [number for number, _ in application.options.access if self.granted(application, number)]
        if len(places) != 1:
            raise InvalidTarget(
                "Say with the parameter resource what the token is for.",
                detail=f"no resource was named; the client has no platform scope, and access to {len(places)} of them",
                check="target.missing",
            )
        return places[0]


NONE = Resources()
"""No resource servers: the platform is all there is."""


def identifies(text: str) -> bool:
    """Whether a text can name a resource: an absolute URI without a fragment (RFC 3986 section 4.3)."""
    return len(text) <= IDENTIFIER_LENGTH_MAX and _ABSOLUTE.fullmatch(text) is not None
