"""Points and levels: the ledger of each customer, purchases, events, programs, and what falls due.

Whose points they are is looked up here; profiles of customers are not its to know.
"""
