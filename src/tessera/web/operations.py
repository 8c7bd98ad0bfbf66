"""What a route tells of itself: from this the API's reference is made, and by this its tests know what to try."""

from typing import Literal

import msgspec

from tessera.core.errors import Refusal

Access = Literal["platform", "client", "bearer", "public"]
"""Who may call: whoever has a token or a property's secret, an application by its client id and secret, whoever has a
token, at an OAuth endpoint, or anybody. What anybody may call may be cached.
"""


class Parameter(msgspec.Struct, frozen=True):
    """One value of the query string; `kind` is `str`, `int`, `bool` or `list` (of texts).

    One that is `deprecated` is another name of a value, which is taken and not recommended.
    """

    name: str
    description: str
    kind: type = str
    required: bool = False
    deprecated: bool = False


class Operation(msgspec.Struct, frozen=True):
    """What an operation is for, what it takes, what it answers, and how it may refuse.

    `body` and `reply` are structs (or unions of them) whose schemas are shown; `scope` is what a caller's token must
    hold, None where none is asked for. `refusals` are those of the operation itself: what the guard, the limits and the
    store may refuse is the same everywhere and is added when the reference is made. So is the description when it is
    left out: it is then the docstring of the handler. `example` is a body that a caller may start from. `name` is what
    generated clients call the operation; made from the address when it is left out.
    """

    summary: str
    tag: str
    reply: object
    body: object = None
    scope: str | None = None
    query: tuple[Parameter, ...] = ()
    refusals: tuple[type[Refusal], ...] = ()
    description: str = ""
    access: Access = "platform"
    example: object = None
    name: str = ""
