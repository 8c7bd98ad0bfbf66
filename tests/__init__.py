"""The tests, one folder a room of the context, and `support` for what they share."""
