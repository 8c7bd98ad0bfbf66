"""Erasure in SQLite files."""
