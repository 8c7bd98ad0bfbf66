"""Customers: create, change, find, merge, erase; what marks them; and what is read of a whole life.

Points and levels come from the loyalty package below. Nobody but the demonstration stands above.
"""
