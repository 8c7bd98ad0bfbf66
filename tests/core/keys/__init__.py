"""The domain rules of keys."""
