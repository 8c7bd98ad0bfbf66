"""The grant client_credentials (RFC 6749 section 4.4): the client that has authenticated is the authorization."""

from tessera.app.context import Context
from tessera.app.grants.grant import Authorization, Grant, TokenRequest
from tessera.core.clients.credentials import Authenticated

ITSELF = Authorization()
"""No subject, everything that the client may have, and no changes."""


async def authorize(_context: Context, _request: TokenRequest, _client: Authenticated) -> Authorization:
    """Authorize the client to act for itself. Waits on nothing."""
    return ITSELF


GRANT = Grant("client_credentials", authorize)
