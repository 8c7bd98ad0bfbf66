"""The command line: `tessera serve`, `tessera apps`, and the rest.

Offers `main`. Each command reads its flags, has one operation of the context done, and prints what came of it.
Must not know: SQL, HTTP routes, how a context is built.
"""

from tessera.cli.main import main

__all__ = ["main"]
