"""Unmodified OAuth client libraries against a real server."""
