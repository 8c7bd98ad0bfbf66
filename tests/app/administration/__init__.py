"""The operations of audit and what an operator looks into."""
