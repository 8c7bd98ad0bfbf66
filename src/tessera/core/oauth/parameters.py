"""Which request parameters the OAuth endpoints define.

A parameter that an endpoint defines is sent once, and no longer than `core/wire.VALUE_LENGTH_MAX`; others are ignored
(RFC 6749 section 3.2). The endpoints of this module also hold each other's parameters to that: a `token` that is sent
twice is a mistake in a token request as well. What a grant reads is defined at the token endpoint alone
(`app/grants/grant.Grants`).
"""

from tessera.core.clients import credentials

TOKEN = frozenset({"grant_type", "scope", "resource"})
"""The parameters of a token request, whatever its grant (RFC 6749 section 4.4.2, RFC 8707 section 2)."""

ABOUT_A_TOKEN = frozenset({"token", "token_type_hint"})
"""The parameters of revocation and introspection (RFC 7009 section 2.1, RFC 7662 section 2.1)."""

EVERY_ENDPOINT = credentials.PARAMETERS | TOKEN | ABOUT_A_TOKEN
"""The parameters that each of these endpoints defines."""
