"""Tessera: OAuth 2 identity for servers, and the customer platform API it protects.

Owns nothing itself; each folder below is a room of the context, and `ARCHITECTURE.md` is the plan.
"""

__version__: str


def __getattr__(name: str) -> str:
    """The version, which is looked up in the installed package when it is asked for."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("tessera-id")
