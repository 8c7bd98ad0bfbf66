"""What an operator looks into: the audit, backups, refusals that can be explained, and what a checkup finds.

Clients, keys and organizations are not its to know; they stand beside it.
"""
