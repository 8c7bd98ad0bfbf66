"""Parameters of OAuth requests, as each of the endpoints reads them."""

from tessera.core import wire
from tessera.core.oauth import parameters
from tessera.core.wire import Params


def form(query: bytes, body: bytes, content_type: bytes) -> Params:
    """Read a query string and a body. Raises as an endpoint would answer."""
    return wire.form(query, body, content_type, parameters.EVERY_ENDPOINT)
