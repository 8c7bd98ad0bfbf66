"""The first floor: the operations, one function each: read, decide, commit, count.

Offers what a caller, an operator or the upkeep can have done. Must not know: HTTP, SQL, where settings come from.
"""
