"""The routes that partners call: OAuth and the platform.

Offers a list of `Route` for each group. Must not know: SQL, ASGI, how a context is built.
"""
