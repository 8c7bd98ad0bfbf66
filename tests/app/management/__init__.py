"""The operations of purges."""
