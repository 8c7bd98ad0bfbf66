"""The deeds, on a real SQLite file with a stepped clock."""
