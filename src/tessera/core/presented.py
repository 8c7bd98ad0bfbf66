"""What a request proves beside its parameters."""

import msgspec


class RequestCredentials(msgspec.Struct, frozen=True, gc=False):
    """The headers of a request by which somebody is told from others, and where it comes from.

    `source` is the address of the client, as far as it is known by our own eyes or by a trusted proxy's word.
    `certificate` is the client's (DER), as a proxy that may do so handed it over, with `chain` above it; None when
    there is none. `proofs` are the values of the `DPoP` headers. `method` and `path` are the request's own, the path as
    it was sent, escapes and all.
    """

    authorization: bytes | None = None
    source: str = ""
    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    proofs: tuple[bytes, ...] = ()
    method: str = ""
    path: str = ""


NOTHING = RequestCredentials()
"""A request without any of it."""
