"""Tessera: OAuth 2 identity for servers, and the customer platform API it protects.

Owns nothing itself; each folder below is a room of the house, and `ARCHITECTURE.md` is the plan.
"""

from importlib.metadata import version

__version__ = version("tessera-id")
