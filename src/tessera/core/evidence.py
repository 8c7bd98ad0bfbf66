"""What a request proves beside its parameters."""

import msgspec

from tessera.core.rails import Quota


class Seen(msgspec.Struct, gc=False):
    """What is known of a request when it is over, for the log and the counts; filled in while it is answered.

    `route` is the address as it was declared, empty when there is none. `client` is the client id or API key of who
    authenticated, or tried to. `code` and what follows it are a refusal's. `path` is what is shown of the address as it
    was sent: nothing, unless there is no route or that is asked for.
    """

    route: str = ""
    source: str = ""
    client: str = ""
    code: str = ""
    public: str = ""
    detail: str = ""
    check: str = ""
    request_id: str = ""
    path: str = ""


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """The headers of a request by which somebody is told from others, and where it comes from.

    `source` is the address of the client, as far as it is known by our own eyes or by a trusted proxy's word.
    `certificate` is the client's (DER), as a proxy that may do so handed it over, with `chain` above it; None when
    there is none. `proofs` are the values of the `DPoP` headers. `method` and `path` are the request's own, the path as
    it was sent, escapes and all. Into `quotas`, where there is such a list, limits put what the sender is to be
    told of them.
    """

    authorization: bytes | None = None
    source: str = ""
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()
    method: str = ""
    path: str = ""
    quotas: list[Quota] | None = None


NOTHING = Evidence()
"""A request without any of it."""
