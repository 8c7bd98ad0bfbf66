"""The operations of keys."""
