"""The commands of customers."""
