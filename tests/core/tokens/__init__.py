"""The domain rules of access tokens."""
