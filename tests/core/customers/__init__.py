"""The domain rules of customers."""
