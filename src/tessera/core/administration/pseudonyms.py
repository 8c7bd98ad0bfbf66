"""Pseudonyms: keyed digests that stand where the id of a customer must not outlive an erasure.

Whoever has an id, and the key, finds what was noted under it; nobody gets from the pseudonym to the id. What notes of
two kinds say about one customer cannot be put together without the id: each kind has a purpose of its own.
"""

import hashlib

AUDIT = b"tessera-audit"
REFUSAL = b"tessera-refusal"

DIGEST_BYTES = 16


def pseudonym(key: bytes, purpose: bytes, id: str) -> str:
    """The pseudonym of an id: 32 hex digits of keyed BLAKE2b."""
    text = id.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=key, person=purpose, digest_size=DIGEST_BYTES).hexdigest()
