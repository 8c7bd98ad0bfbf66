"""Hostile input against a real server on a socket."""
