"""The cellar: the conformance suite on every store, and what is particular to SQLite."""
