"""The door: bytes of HTTP to a handler and back.

Offers `App` (ASGI), `Request`, `Response`, `Route`, the surfaces that answer refusals, the guard, and the limits of the
connection. Must not know: which routes there are, or what they do.
"""
