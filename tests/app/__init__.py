"""The operations, on a real SQLite file with a stepped clock."""
