"""What every process keeps in memory: applications, digital properties, programs, keys and revocations.

Offers `Directory` for looking up, and `feed` for hearing of changes made elsewhere.
Must not know: what the values are used for, HTTP, which database is underneath.
"""

from tessera.directory.directory import Directory

__all__ = ["Directory"]
