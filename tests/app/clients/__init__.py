"""The operations of applications, properties, and how they authenticate."""
