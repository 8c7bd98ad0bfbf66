"""The door's parts that need no socket to be tested."""
