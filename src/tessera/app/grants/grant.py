"""Grants: the values that each grant brings to the token endpoint, and the table of them."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tessera.app.context import Context
from tessera.core.changes import Change
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidRequest, UnsupportedGrantType
from tessera.core.oauth import parameters
from tessera.core.scopes import Scopes


class TokenRequest(msgspec.Struct, frozen=True, gc=False):
    """A token request as a grant sees it: everything that all grants share has been checked.

    `parameters` are those of the request that the grant alone reads (`Grant.parameters`): no other parameter reaches
    it, least of all the client's credentials. `scope` is the parameter of that name, as it was sent. `binding` and
    `thumbprint` are of the key or certificate that the sender has proved to hold. `target` is the number
    of the resource, and `scopes` are those to be granted there, within those of the client; both are None when the
    grant brings its own target and the request names none.
    """

    parameters: Mapping[str, str]
    scope: str | None
    binding: TokenBinding
    thumbprint: bytes
    target: int | None
    scopes: Scopes | None
    now: int


class Authorization(msgspec.Struct, frozen=True, gc=False):
    """The outcome of a grant's own step.

    `subject` is the id (UUID) of the account or customer that the token is about, empty for the client itself; `grant`
    is the number of the sign-in that it belongs to, 0 for none. `scopes` are the most that may be granted, and `target`
    is the only resource that the token may be for; None leaves both to the request. `changes` are committed when every
    other phase has passed. The answer has an access token and no other.
    """

    subject: str = ""
    grant: int = 0
    scopes: Scopes | None = None
    target: int | None = None
    changes: tuple[Change, ...] = ()


Authorize = Callable[[Context, TokenRequest, Authenticated], Awaitable[Authorization]]
"""A grant's own step. It reads and decides, and raises the OAuthRefusal of a request that it turns down.

It writes nothing: its changes restate the facts that they rely on. When one of them no longer holds at the commit, the
step is called again, and reads again.
"""


class Grant(msgspec.Struct, frozen=True):
    """One grant: its name, the request parameters that it alone reads, and its own step.

    Its client has authenticated by a credential (RFC 6749 section 2.1 calls such clients confidential).
    `brings_target` says that its authorization has a target, so that a request need not name one.
    """

    name: str
    authorize: Authorize
    parameters: frozenset[str] = frozenset()
    brings_target: bool = False


class Grants:
    """The grants of a token endpoint, by name; `parameters` are all that are defined there."""

    __slots__ = ("_named", "names", "parameters")

    def __init__(self, *grants: Grant) -> None:
        self._named = {each.name: each for each in grants}
        self.names = tuple(self._named)
        self.parameters = parameters.EVERY_ENDPOINT.union(*(each.parameters for each in grants))

    def named(self, name: str | None) -> Grant:
        """The grant that a request names by its parameter grant_type.

        Raises InvalidRequest when it names none, UnsupportedGrantType when that is not in the table.
        """
        if name is None:
            raise InvalidRequest(
                f"The parameter grant_type is missing. Send grant_type={' or '.join(self.names)}.",
                check="grant.absent",
            )
        grant = self._named.get(name)
        if grant is None:
            raise UnsupportedGrantType(
                f"This grant type is not supported. Use {' or '.join(self.names)}.", check="grant.unknown", sent=name
            )
        return grant
