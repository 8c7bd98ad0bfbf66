"""The domain rules of applications, properties, and how they authenticate."""
