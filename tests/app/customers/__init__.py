"""The operations of customers."""
