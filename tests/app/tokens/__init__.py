"""The operations of access tokens."""
