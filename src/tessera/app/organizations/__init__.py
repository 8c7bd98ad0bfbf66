"""Organizations: create, list, change, disable, and remove with everything they own.

Their clients, customers and programs are not its to know.
"""
