"""The domain rules of audit and what an operator looks into."""
