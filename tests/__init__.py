"""The tests, one folder a room of the house, and `support` for what they share."""
